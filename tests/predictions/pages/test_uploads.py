"""The pages on which an engineer uploads a file, previews it and has it loaded."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.accounts.models import Role
from apps.predictions.models import Payload, Prediction, Upload
from apps.predictions.services import loading
from tests.factories import make_member, make_model, make_project
from tests.pages import shown

pytestmark = pytest.mark.django_db
URL = "/p/credit/models/loans/uploads/"
CSV = b"reference,predicted_at,prediction,age\na,2026-03-02T12:00:00Z,yes,41\nb,2026-03-02T12:00:00Z,perhaps,<b>\n"


class Visit:
    def __init__(self, role: Role = Role.ENGINEER, **client) -> None:
        self.project = make_project("credit")
        self.model = make_model(self.project, "loans")
        self.client = Client(**client)
        self.client.force_login(make_member(self.project, role).user)

    def bring(self, content: bytes = CSV, name: str = "rows.csv", **form):
        file = SimpleUploadedFile(name, content, content_type="application/octet-stream")
        return self.client.post(URL, {"file": file, "kind": "predictions", **form})

    def brought(self, *args, **form) -> str:
        """The address of the draft."""
        answer = self.bring(*args, **form)
        assert answer.status_code == 302, answer.content
        return answer.url

    def text(self, url: str, **headers) -> str:
        return shown(self.client.get(url, headers=headers))


@pytest.fixture
def visit() -> Visit:
    return Visit()


def test_a_file_is_previewed_before_any_row_is_stored(visit):
    page = visit.text(visit.brought())
    assert "2 of 2 rows would be rejected." in page  # neither has an id
    assert "id is missing." in page
    assert "&lt;b&gt;" in page
    assert "<b>&quot;" not in page
    assert Upload.objects.get().status == "draft"
    assert loading.load_due() == 0
    assert not Prediction.objects.exists()


def test_a_column_whose_name_has_nul_is_shown_and_not_chosen(visit):
    url = visit.brought(b"id,a\0b\n1,2\n")
    assert visit.client.get(url).status_code == 200
    assert Upload.objects.get().mapping == {}
    answer = visit.client.post(url, {"do": "look"})
    assert answer.status_code == 400


def test_choosing_other_fields_for_columns_changes_the_preview(visit):
    url = visit.brought()
    visit.client.post(url, {"do": "look", "column-0": "id"})
    page = visit.text(url)
    assert "1 of 2 rows would be rejected." in page
    assert "unknown_class" in page
    assert "<option selected>id</option>" in page
    visit.client.post(url, {"do": "load", "column-0": "id", "column-3": ""})
    assert loading.load_due() == 1
    done = visit.text(url)
    assert "The file is loaded." in done
    assert "<code>unknown_class</code>" in done
    assert "is not one of the classes" in done
    assert Payload.objects.get().features == {}


def test_a_column_can_become_what_the_model_saw(visit):
    url = visit.brought()
    assert "<option>processed.age</option>" in visit.text(url)
    visit.client.post(url, {"do": "load", "column-0": "id", "column-3": "processed.age"})
    loading.load_due()
    payload = Payload.objects.get()
    assert (payload.features, payload.processed) == ({}, {"age": 41})


def test_while_a_file_loads_only_the_changing_part_is_sent(visit):
    url = visit.brought()
    visit.client.post(url, {"do": "load", "column-0": "id"})
    part = visit.text(url, **{"HX-Request": "true"})
    assert "<html" not in part
    assert 'hx-trigger="every 1s"' in part
    loading.load_due()
    assert "hx-trigger" not in visit.text(url, **{"HX-Request": "true"})


def test_lines_with_flat_names_are_proposed_as_features(visit):
    line = b'{"id": "a", "predicted_at": "2026-03-02T12:00:00Z", "prediction": "yes", "age": 41}'
    url = visit.brought(line, "rows.ndjson")
    assert "All 1 row can be stored." in visit.text(url)
    visit.client.post(url, {"do": "load"})
    loading.load_due()
    assert Payload.objects.get().features == {"age": 41}


def test_a_draft_can_be_discarded_and_is_loaded_only_once(visit):
    url = visit.brought()
    visit.client.post(url, {"do": "discard"})
    assert visit.client.get(url).status_code == 404
    url = visit.brought()
    assert visit.client.post(url, {"do": "load"}).status_code == 302
    assert [visit.client.post(url, {"do": do}).status_code for do in ("load", "look", "discard")] == [409, 409, 409]
    assert visit.client.post(url, {"do": "look"}, headers={"HX-Request": "true"})["HX-Redirect"] == url
    assert visit.client.post(url, {"do": "anything"}).status_code == 400


def test_of_two_columns_with_one_name_the_page_leaves_the_second_out_and_offers_it(visit):
    content = b"id,predicted_at,prediction,age,age\na,2026-03-02T12:00:00Z,yes,41,42\n"
    url = visit.brought(content)
    page = visit.text(url)
    assert "All 1 row can be stored." in page
    assert "age (column 5)" in page
    visit.client.post(url, {"do": "load", "column-3": "", "column-4": "features.age"})
    loading.load_due()
    assert Payload.objects.get().features == {"age": 42}


def test_a_failed_file_says_why_and_can_be_retried(visit):
    url = visit.brought(b"id,age,features.age\n1,2,3\n")
    visit.client.post(url, {"do": "look", "column-1": "features.age", "column-2": "features.age"})
    assert "Two columns become the field" in visit.text(url)
    visit.client.post(url, {"do": "discard"})
    url = visit.brought(b"id\n" + b"a\n" * 300 + b"x" * (1024**2 + 1) + b"\n")
    visit.client.post(url, {"do": "load"})
    loading.load_due()
    assert "The file could not be loaded." in visit.text(url)
    visit.client.post(url, {"do": "retry"})
    assert Upload.objects.get().status == "queued"


@pytest.mark.parametrize(
    ("name", "reason"), [("rows.xlsx", "Send a CSV, NDJSON or Parquet file"), ("big.csv", "more than 50 bytes")]
)
def test_a_refused_file_is_explained_beside_the_field(visit, settings, name, reason):
    settings.MAX_UPLOAD_BYTES = 50
    answer = visit.bring(name=name)
    assert answer.status_code == 400
    assert reason in answer.content.decode()
    assert not Upload.objects.exists()


def test_a_form_that_is_much_too_large_is_refused_unread(visit, settings):
    settings.MAX_UPLOAD_BYTES = 0
    answer = visit.client.post(URL, b"x" * 1024**2 + b"x", content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 413


def test_the_list_shows_the_newest_first_and_an_empty_list_says_what_to_do(visit, django_assert_max_num_queries):
    assert "No uploads yet" in visit.text(URL)
    for number in range(12):
        visit.brought(name=f"rows-{number}.csv")
    with django_assert_max_num_queries(8):
        page = visit.text(URL)
    assert page.index("rows-11.csv") < page.index("rows-0.csv")


def test_the_model_and_intake_pages_link_to_uploads(visit):
    assert URL in visit.text("/p/credit/models/loans/")
    assert URL in visit.text("/p/credit/models/loans/intake/")


def test_a_form_of_another_site_is_refused():
    visit = Visit(enforce_csrf_checks=True)
    assert visit.bring().status_code == 403
    assert not Upload.objects.exists()


@pytest.mark.parametrize("role", [Role.STAKEHOLDER, Role.REVIEWER, Role.ADJUDICATOR])
def test_uploads_are_for_engineers(role):
    visit = Visit(role)
    assert (visit.client.get(URL).status_code, visit.bring().status_code) == (403, 403)
