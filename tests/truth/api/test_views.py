"""The labels API: pages, exports and who may read them."""

import csv
import io
import json
from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest
from django.db import connection
from rest_framework.test import APIClient

from apps.accounts.models import Role
from apps.predictions.models import BatchKind, ExportView, Prediction
from apps.predictions.reading.bodies import Body
from apps.predictions.reading.choices import Choices
from apps.predictions.reading.csv_files import CsvFile
from apps.predictions.reading.mapping import Naming
from apps.predictions.services import sightings
from apps.review.models import ReviewItem
from apps.sampling.models import Draw
from apps.sampling.services.policies import put_document
from apps.truth.services import labels, resolving
from tests.factories import (
    draw_all,
    make_key,
    make_member,
    make_model,
    prediction_row,
    push_outcomes,
    push_predictions,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def model():
    """Three predictions drawn with probability 0.5; the first has a label, the second an outcome."""
    model = make_model()
    put_document(model, {"floor": 1.0})
    push_predictions(model, [prediction_row(number) for number in (1, 2, 3)])
    draw_all(model)
    Draw.objects.update(inclusion_probability=0.5, counted_probability=0.5)
    draw = Draw.objects.get(prediction__external_id="case-1")
    ReviewItem.objects.create(
        draw=draw,
        prediction=draw.prediction,
        queue=draw.queue,
        is_blind=True,
        features={},
        label=0.0,
        needs_resolution=True,
    )
    push_outcomes(model, [{"id": "case-2", "outcome": "yes", "occurred_at": "2026-03-20T00:00:00Z"}])
    resolving.resolve_due()
    return model


def get(model, query: str = "", scopes=("labels:read",), project=None, acts_for=None, **headers):
    client = APIClient()
    _, key = make_key(project or model.project, list(scopes), acts_for=acts_for)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    return client.get(f"/api/v1/models/{model.slug}/labels{query}", **headers)


def test_labels_come_with_source_probability_and_weight(model):
    response = get(model).json()
    first, second = response["labels"]

    assert (first["version"], first["predicted_at"]) == ("v1", "2026-03-02T09:01:00+00:00")
    assert (first["id"], first["label"], first["source"]) == ("case-1", "no", "consensus")
    assert (first["inclusion_probability"], first["weight"]) == (0.5, 2.0)
    assert (second["id"], second["label"], second["source"], second["outcome"]) == ("case-2", "yes", "outcome", "yes")
    assert (response["seq"], response["next"]) == (1, None)


def test_the_cursor_pages_through_all_labels(model):
    first = get(model, "?limit=1").json()
    second = get(model, f"?limit=1&cursor={first['next']}&seq={first['seq']}").json()
    assert [page["labels"][0]["id"] for page in (first, second)] == ["case-1", "case-2"]
    assert second["next"] is None


def test_as_of_an_earlier_number_fewer_labels_are_known(model):
    push_outcomes(model, [{"id": "case-1", "outcome": "yes", "occurred_at": "2026-03-21T00:00:00Z"}])
    resolving.resolve_due()
    assert [label["label"] for label in get(model).json()["labels"]] == ["yes", "yes"]
    assert [label["label"] for label in get(model, "?seq=1").json()["labels"]] == ["no", "yes"]
    assert get(model, "?seq=0").json()["labels"] == []


@pytest.mark.parametrize("request_", [{"query": "?format=ndjson"}, {"HTTP_ACCEPT": "application/x-ndjson"}], ids=str)
def test_labels_as_ndjson(model, request_):
    response = get(model, **request_)
    lines = [json.loads(line) for line in b"".join(response.streaming_content).splitlines()]
    assert response["Content-Type"] == "application/x-ndjson"
    assert [line["id"] for line in lines] == ["case-1", "case-2"]


def test_labels_need_the_scope_and_the_projects_own_key(model):
    assert get(model, scopes=["reports:read"]).status_code == 403
    assert get(model, project=make_model().project).status_code == 404


@pytest.mark.parametrize("query", ["?limit=0", "?cursor=x", "?page=2", "?seq=-1"])
def test_invalid_query_parameters_are_refused(model, query):
    assert get(model, query).status_code == 400


def test_labels_are_for_engineers(model):
    reader, engineer = make_member(model.project, Role.ADJUDICATOR), make_member(model.project, Role.ENGINEER)
    assert get(model, acts_for=reader.user).status_code == 403
    assert get(model, acts_for=engineer.user).status_code == 200


def body(response) -> bytes:
    return b"".join(response.streaming_content)


def test_labels_as_csv(model):
    response = get(model, "?format=csv")
    first, second = csv.DictReader(io.StringIO(body(response).decode()))
    assert response["Content-Type"] == "text/csv"
    assert response["Content-Disposition"] == f'attachment; filename="{model.slug}-labels-1.csv"'
    assert tuple(first) == labels.FIELDS
    assert (first["id"], first["label"], first["weight"], first["outcome"]) == ("case-1", "no", "2.0", "")
    assert (second["id"], second["label"], second["adjudicated"], second["outcome"]) == ("case-2", "yes", "", "yes")


def test_an_id_cannot_become_a_spreadsheet_formula(model):
    push_predictions(model, [prediction_row(number, id=name) for number, name in enumerate(["-7", "=1+1"], start=7)])
    outcome = {"outcome": "yes", "occurred_at": "2026-03-20T00:00:00Z"}
    push_outcomes(model, [{"id": name} | outcome for name in ("=1+1", "-7")])
    resolving.resolve_due()
    rows = list(csv.DictReader(io.StringIO(body(get(model, "?format=csv")).decode())))
    assert [row["id"] for row in rows] == ["case-1", "case-2", "-7", "'=1+1"]


@pytest.mark.parametrize("query", ["", "&mark=true"])
def test_an_export_as_csv_loads_where_it_came_from(query):
    model = make_model(classes=["-A", "=B"], positive_class="=B", class_labels={})
    names = ["+4912345", "'+4912345", "=x", "'=x", "-5", "plain"]
    push_predictions(model, [prediction_row(1, id=name, prediction="=B", baseline=None) for name in names])
    outcome = {"outcome": "=B", "occurred_at": "2026-03-20T00:00:00Z"}
    push_outcomes(model, [{"id": name} | outcome for name in names])
    resolving.resolve_due()
    content = body(get(model, f"?format=csv{query}"))
    columns = dict.fromkeys(labels.FIELDS) | {"id": "id", "label": "outcome", "resolved_at": "occurred_at"}
    naming = Naming(BatchKind.OUTCOMES, columns)
    raws = CsvFile(Body.receive([content], content_type=""), Choices()).rows(naming, model)
    found = [(row["id"], row["outcome"]) for row in map(json.loads, filter(None, raws))]
    assert sorted(found) == sorted((name, "=B") for name in names)
    assert content.startswith(b"\xef\xbb\xbf") == ("mark" in query)
    assert {row["id"] for row in csv.DictReader(io.StringIO(body(get(model, "?format=csv&raw=true")).decode()))} == {
        *names
    }


def test_labels_as_parquet_have_types(model):
    response = get(model, "?format=parquet")
    assert response["Content-Type"] == "application/vnd.apache.parquet"
    first, second = pq.read_table(io.BytesIO(body(response))).to_pylist()
    assert tuple(first) == labels.FIELDS
    assert (first["id"], first["label"], first["weight"], first["seq"]) == ("case-1", "no", 2.0, 1)
    assert first["predicted_at"] == datetime(2026, 3, 2, 9, 1, tzinfo=UTC)
    assert (second["id"], second["adjudicated"], second["outcome"]) == ("case-2", None, "yes")


def test_labels_of_a_regression_are_numbers():
    model = make_model(task="regression", classes=[], positive_class="", prediction_range=[0, 10])
    row = prediction_row(1, prediction=4.5, baseline=4)
    push_predictions(model, [{name: value for name, value in row.items() if name != "score"}])
    push_outcomes(model, [{"id": "case-1", "outcome": -2.5, "occurred_at": "2026-03-20T00:00:00Z"}])
    resolving.resolve_due()
    [label] = pq.read_table(io.BytesIO(body(get(model, "?format=parquet")))).to_pylist()
    assert (label["prediction"], label["outcome"], label["label"]) == (4.5, -2.5, -2.5)
    [label] = csv.DictReader(io.StringIO(body(get(model, "?format=csv")).decode()))
    assert label["outcome"] == "-2.5"


@pytest.mark.parametrize("form", ["ndjson", "csv", "parquet"])
def test_an_export_without_labels_is_a_valid_file(form):
    content = body(get(make_model(), f"?format={form}"))
    if form == "parquet":
        assert pq.read_table(io.BytesIO(content)).num_rows == 0
    else:
        assert content.decode().splitlines() == ([",".join(labels.FIELDS)] if form == "csv" else [])


@pytest.mark.parametrize("form", ["ndjson", "csv", "parquet"])
def test_an_export_is_streamed(model, form, monkeypatch):
    written, document = [], labels.document
    monkeypatch.setattr(labels, "document", lambda *given: written.append(given) or document(*given))
    monkeypatch.setattr(labels, "PAGE", 1)
    monkeypatch.setattr("apps.common.spreadsheets.ROWS_AT_ONCE", 2)  # the header and one label
    pieces = iter(get(model, f"?format={form}").streaming_content)
    assert next(pieces)
    assert len(written) == 1
    assert b"".join(pieces)
    assert len(written) == 2


@pytest.mark.parametrize("form", ["ndjson", "csv", "parquet"])
def test_an_aborted_download_closes_its_cursor(model, form, monkeypatch):
    monkeypatch.setattr(labels, "PAGE", 1)
    monkeypatch.setattr("apps.common.spreadsheets.ROWS_AT_ONCE", 2)
    response = get(model, f"?format={form}")
    assert next(iter(response.streaming_content))
    assert open_cursors() == 1
    # Closing the response does this first; the rest would close the test's own connection.
    for close in response._resource_closers:
        close()
    assert open_cursors() == 0


def open_cursors() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_cursors WHERE name LIKE '%%django_curs%%'")
        return int(cursor.fetchone()[0])


def test_a_prediction_that_was_not_drawn_has_no_weight(model):
    Draw.objects.filter(prediction__external_id="case-2").delete()
    drawn, undrawn = get(model).json()["labels"]
    assert (drawn["weight"], undrawn["inclusion_probability"], undrawn["weight"]) == (2.0, None, None)


def test_an_export_can_start_at_a_cursor(model):
    after = get(model, "?limit=1").json()["next"]
    lines = body(get(model, f"?format=ndjson&cursor={after}")).splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["case-2"]


def test_an_unknown_format_is_refused(model):
    assert get(model, "?format=xlsx").json()["code"] == "unknown_format"


def test_an_export_counts_as_seen_by_its_person(model):
    engineer = make_member(model.project, Role.ENGINEER).user
    cases = list(Prediction.objects.filter(model=model).order_by("pk"))

    get(model)
    assert not ExportView.objects.exists()
    assert get(model, "?limit=1", acts_for=engineer).json()["next"] == cases[0].pk
    assert [sightings.has_seen(engineer, case) for case in cases] == [True, False, False]
    body(get(model, f"?format=csv&cursor={cases[0].pk}", acts_for=engineer))
    # The third has no label, so it is in no export.
    assert [sightings.has_seen(engineer, case) for case in cases] == [True, True, False]
    assert [each.filters for each in ExportView.objects.order_by("pk")] == [
        {"labels": "json", "seq": 1},
        {"labels": "csv", "seq": 1},
    ]
