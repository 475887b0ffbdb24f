"""The API of reports."""

import pytest
from rest_framework.test import APIClient

from apps.reports import services as reports
from apps.reports.models import ReportJob
from apps.reports.services import windows
from tests.factories import make_key, make_model
from tests.reports.stored import make_report
from tests.reports.worlds import FIRST, label_draws, make_world

pytestmark = pytest.mark.django_db


def client_of(project, scopes=None) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {make_key(project, scopes)[1]}")
    return client


def body(**changes) -> dict:
    return {"kind": "performance", "start": "2026-03-01", "end": "2026-03-03", **changes}


def test_a_report_is_requested_made_and_read():
    world = make_world(300, days=2)
    label_draws(world)
    client = client_of(world.model.project)
    answer = client.post(f"/api/v1/models/{world.model.slug}/reports", body(), format="json")
    assert answer.status_code == 202
    path = f"/api/v1/reports/{answer.json()['id']}"
    queued = client.get(path).json()
    assert (queued["status"], queued["progress"], queued["results"]) == ("queued", 0.0, [])

    reports.run_due()
    done = client.get(path).json()
    assert (done["status"], done["progress"], done["seq"]) == ("done", 1.0, 1)
    first = done["results"][0]
    assert (first["metric"], first["slice"], first["method"]) == ("accuracy", None, "logit-mod")
    assert first["low"] < first["value"] < first["high"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "weather"},
        {"start": "2026-03-03"},
        {"start": "yesterday"},
        {"slices": ["no such slice"]},
        {"slices": "sex"},
        {"surprise": 1},
        {"as_of": "now"},
        {"as_of": "2999-01-01T00:00:00Z"},
        {"end": "2999-01-01"},
        {"start": "0001-01-01"},
    ],
    ids=str,
)
def test_invalid_requests_are_refused(wrong):
    model = make_model()
    answer = client_of(model.project).post(f"/api/v1/models/{model.slug}/reports", body(**wrong), format="json")
    assert answer.status_code == 400
    assert not ReportJob.objects.exists()


@pytest.mark.parametrize("kind", ["performance", "baseline", "value"])
def test_a_model_that_predicts_a_number_has_all_reports(kind):
    rules = {"task": "regression", "classes": [], "positive_class": "", "class_labels": {}, "prediction_range": [0, 20]}
    model = make_model(**rules)
    answer = client_of(model.project).post(f"/api/v1/models/{model.slug}/reports", body(kind=kind), format="json")
    assert answer.status_code == 202


def test_reports_of_another_project_do_not_exist():
    model, stranger = make_model(), client_of(make_model().project)
    job = reports.request_report(model, "value", *_window())
    assert stranger.get(f"/api/v1/reports/{job.pk}").status_code == 404
    assert stranger.post(f"/api/v1/models/{model.slug}/reports", body(), format="json").status_code == 404


def test_a_report_is_requested_on_a_standing_window():
    model = make_model()
    client = client_of(model.project)
    path = f"/api/v1/models/{model.slug}/reports"
    assert client.post(path, {"kind": "value", "window": "last_month"}, format="json").status_code == 202
    job = ReportJob.objects.get()
    assert (job.start, job.end) == windows.days_of(model, "last_month", today=windows.today_of(model))


@pytest.mark.parametrize(
    "asked",
    [{}, {"window": "last_month", "start": "2026-03-01"}, {"start": "2026-03-01"}, {"window": "yesterday"}],
    ids=str,
)
def test_a_request_names_a_window_or_both_of_its_days(asked):
    model = make_model()
    answer = client_of(model.project).post(
        f"/api/v1/models/{model.slug}/reports", {"kind": "value", **asked}, format="json"
    )
    assert answer.status_code == 400


def test_stored_reports_are_listed_page_by_page_and_by_kind_and_window():
    model = make_model()
    client = client_of(model.project, ["reports:read"])
    path = f"/api/v1/models/{model.slug}/reports"
    start, end = windows.days_of(model, "last_month", today=windows.today_of(model))
    first, second = (make_report(model, "value", start=start, end=end, seq=seq) for seq in (1, 2))
    third = make_report(model, "performance")
    job = reports.request_report(model, "value", start, end)
    ReportJob.objects.filter(pk=job.pk).update(report=second)

    page = client.get(path, {"limit": 2}).json()
    assert [each["report"] for each in page["reports"]] == [third.pk, second.pk]
    assert page["reports"][1]["id"] == job.pk
    assert page["reports"][1]["is_final"] is False
    rest = client.get(path, {"limit": 2, "cursor": page["next"]}).json()
    assert ([each["report"] for each in rest["reports"]], rest["next"]) == ([first.pk], None)
    kept = client.get(path, {"kind": "value", "window": "last_month"}).json()["reports"]
    assert [each["report"] for each in kept] == [second.pk, first.pk]
    assert client.get(path, {"window": "this_quarter"}).json()["reports"] == []
    assert client_of(model.project, ["reports:write"]).get(path).status_code == 403


def test_a_key_reads_or_requests_only_with_its_scope():
    model = make_model()
    path = f"/api/v1/models/{model.slug}/reports"
    assert client_of(model.project, ["reports:read"]).post(path, body(), format="json").status_code == 403
    job = reports.request_report(model, "value", *_window())
    assert client_of(model.project, ["reports:write"]).get(f"/api/v1/reports/{job.pk}").status_code == 403


def test_too_many_unfinished_reports_are_refused_with_429(settings):
    settings.MAX_UNFINISHED_REPORTS = 1
    model = make_model()
    client = client_of(model.project)
    path = f"/api/v1/models/{model.slug}/reports"
    assert client.post(path, body(), format="json").status_code == 202
    answer = client.post(path, body(kind="value"), format="json")
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_jobs")


def _window():
    return FIRST, FIRST.replace(day=9)
