"""Files as spreadsheets, R and pandas leave them: each row is read, or rejected with its line; none is lost."""

import json

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.predictions.models import BatchKind, FileForm
from apps.predictions.reading.bodies import Body
from apps.predictions.reading.choices import Choices
from apps.predictions.reading.csv_files import CsvFile
from apps.predictions.reading.files import RowFile, look
from apps.predictions.reading.mapping import Naming, suggested
from apps.predictions.reading.rejections import UnreadableRow
from apps.predictions.services.choosing import ChoicesForm
from tests.factories import make_model
from tests.predictions.reading.test_files import opened, rows

AT = "2026-03-02T12:00:00Z"
HEAD = "id,predicted_at,prediction,note\n"


@pytest.mark.django_db
class TestRows:
    def test_a_quote_that_is_never_closed_costs_one_row(self):
        lines = [f"r{n},{AT},yes,fine\n" for n in range(300)]
        lines[2] = f'r2,{AT},yes,"5 inch\n'
        lines[9] = f'r9,{AT},yes,"6 inch\n'
        lines[20] = f'r20,{AT},yes,8"\n'
        file = opened(HEAD + "".join(lines))
        raws = [raw for chunk in file.chunks() for raw in chunk]
        lost = {at: raw.message for at, raw in enumerate(raws) if isinstance(raw, UnreadableRow)}
        assert set(lost) == {3, 10}
        assert len([raw for raw in raws if raw]) == 300
        assert json.loads(raws[21])["features"] == {"note": '8"'}

    def test_line_breaks_in_a_cell_are_kept_up_to_a_hundred_lines(self):
        text = "\n".join(f"line {n}" for n in range(90))
        assert rows(f'{HEAD}a,{AT},yes,"{text}"\n')[0]["features"] == {"note": text}

    def test_a_row_in_another_encoding_is_rejected_alone_and_can_be_read_in_it(self):
        content = f"{HEAD}a,{AT},yes,Bonn\nb,{AT},yes,Köln\nc,{AT},yes,Ulm\n".encode("windows-1252")
        preview = look(opened(content))
        assert [(each.index, each.code) for each in preview.rejected] == [(2, "invalid_row")]
        assert "windows-1252" in preview.rejected[0].message
        file = opened(content)
        again = RowFile(file.body, file.form, file.naming, file.model, Choices(encoding="windows-1252"))
        found = [json.loads(raw) for chunk in again.chunks() for raw in chunk if raw]
        assert [row["features"]["note"] for row in found] == ["Bonn", "Köln", "Ulm"]

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
    def test_the_first_bytes_tell_the_encoding(self, encoding):
        assert rows(f"{HEAD}a,{AT},yes,Köln\n".encode(encoding))[0]["features"] == {"note": "Köln"}

    @pytest.mark.parametrize("end", ["\r", "\r\n", "\n"])
    def test_every_line_end_ends_a_line(self, end):
        text = f"{HEAD}a,{AT},yes,x\nb,{AT},yes,y\n".replace("\n", end)
        assert [row["id"] for row in rows(text)] == ["a", "b"]

    def test_a_declared_delimiter_is_heeded_and_nameless_columns_are_left_out(self):
        text = f"sep=;\n;id;predicted_at;prediction;x;;\n1;a;{AT};yes;2;;\n"
        (row,) = rows(text)
        assert row == {"id": "a", "predicted_at": AT, "prediction": "yes", "features": {"x": "2"}}

    def test_a_cell_may_be_as_large_as_a_row(self):
        text = "word " * 28_000
        assert rows(f'{HEAD}a,{AT},yes,"{text}"\n')[0]["features"] == {"note": text}

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(st.text(alphabet='ab,;"\n\r\t é', max_size=12), min_size=1, max_size=20))
    def test_every_line_is_part_of_a_row_read_or_rejected(self, model, pieces):
        text = "id,x,y\n" + "".join(pieces)
        file = CsvFile(Body.receive([text.encode()], content_type=""), Choices())
        raws = list(file.rows(Naming(BatchKind.PREDICTIONS, {}), model))
        ends = text.replace("\r\n", "\n").replace("\r", "\n")
        assert len(raws) == ends.count("\n") + (not ends.endswith("\n"))


@pytest.mark.django_db
class TestChoices:
    @pytest.mark.parametrize(
        ("cell", "choices", "moment"),
        [
            ("2026-03-04 09:30", {"zone": "Europe/Berlin"}, "2026-03-04T09:30:00+01:00"),
            ("2026-07-04T09:30", {"zone": "Europe/Berlin"}, "2026-07-04T09:30:00+02:00"),
            ("3/4/2026 09:30", {"zone": "UTC"}, "2026-03-04T09:30:00+00:00"),
            ("3/4/2026 09:30", {"zone": "UTC", "is_day_first": True}, "2026-04-03T09:30:00+00:00"),
            ("04.03.2026", {"zone": "UTC", "is_day_first": True, "time_of_day": "12:00"}, "2026-03-04T12:00:00+00:00"),
            ("2026-03-04", {"zone": "UTC", "is_day_first": True, "time_of_day": "12:00"}, "2026-03-04T12:00:00+00:00"),
            ("2026/03/04", {"zone": "UTC", "is_day_first": True, "time_of_day": "12:00"}, "2026-03-04T12:00:00+00:00"),
            ("4 Mar 2026", {"zone": "UTC", "time_of_day": "00:00"}, "2026-03-04T00:00:00+00:00"),
            ("2026-03-04T09:30:00+05:00", {"zone": "UTC"}, "2026-03-04T09:30:00+05:00"),
            # Left as it is, for its check to reject: no time was chosen, a part is missing, or it is no time.
            ("2026-03-04", {"zone": "UTC"}, "2026-03-04"),
            ("March", {"zone": "UTC", "time_of_day": "00:00"}, "March"),
            ("12", {"zone": "UTC", "time_of_day": "00:00"}, "12"),
            ("2026-03-04 09:30", {}, "2026-03-04 09:30"),
        ],
    )
    def test_times_get_the_chosen_zone_and_time_of_day(self, cell, choices, moment):
        assert Choices(**choices).time(cell) == moment

    @pytest.mark.parametrize(
        ("cell", "value"),
        [("1.234,5", 1234.5), ("-0,25", -0.25), ("7", 7), ("1.234", 1234), ("1,2,3", "1,2,3"), ("12.5", "12.5")],
    )
    def test_numbers_with_a_decimal_comma_are_read_and_never_ten_times_as_large(self, cell, value):
        assert json.loads(msgspec.json.encode(Choices(decimal_comma=True).number(cell))) == value

    def test_words_for_missing_ids_and_one_time_complete_every_form(self):
        choices = Choices(missing=("unknown",), row_ids="penguins-", moment=AT)
        naming = Naming(BatchKind.PREDICTIONS, {"text": "features.text"})
        texts = {"csv": "prediction,text\nyes,unknown\n", "ndjson": '{"prediction":"yes","text":"unknown"}\n'}
        for form, text in texts.items():
            file = opened(text)
            chosen = RowFile(file.body, FileForm(form), naming, file.model, choices)
            (row,) = [json.loads(raw) for chunk in chosen.chunks() for raw in chunk if raw]
            assert row == {
                "id": "penguins-1",
                "predicted_at": AT,
                "prediction": "yes",
                "features": {"text": None},
            }

    @pytest.mark.parametrize(
        ("sent", "moment"),
        [
            ({"moment": "2026-03-02 12:00", "zone": "Europe/Berlin"}, "2026-03-02T12:00:00+01:00"),
            ({"moment": "2026-03-02 12:00"}, "2026-03-02T12:00:00+00:00"),
            ({"moment": "2026-03-02T12:00:00-05:00", "zone": "Europe/Berlin"}, "2026-03-02T12:00:00-05:00"),
        ],
    )
    def test_one_time_for_all_rows_is_in_the_chosen_zone(self, sent, moment):
        form = ChoicesForm(sent)
        assert form.is_valid(), form.errors
        assert form.choices.moment == moment

    @pytest.mark.parametrize("moment", ["noon", "2026-02-30 12:00", "12:00"])
    def test_one_time_for_all_rows_is_a_time(self, moment):
        assert "moment" in ChoicesForm({"moment": moment}).errors

    def test_columns_are_suggested_by_case_and_by_their_usual_other_names(self):
        names = ["Case ID", "When", "Decision", "Area", "prediction", "Unnamed: 0", "Score"]
        assert suggested(names, BatchKind.PREDICTIONS) == {
            "Case ID": "id",
            "When": "predicted_at",
            "Decision": "features.Decision",
            "Area": "features.Area",
            "prediction": "prediction",
            "Unnamed: 0": None,
            "Score": "score",
        }


@pytest.fixture
def model(db):
    return make_model(features=[], slices=[])
