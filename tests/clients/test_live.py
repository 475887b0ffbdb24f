"""The client against the real server."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pandas as pd
import pyarrow.parquet as pq
import pytest
from django.db.models.functions import Now
from django.utils import timezone

from apps.notifications.services import telling
from apps.predictions.models import Action, Hold, Outcome, Payload, Prediction
from apps.registry.models import MonitoredModel
from apps.reports import services as reports
from apps.retraining import services as retraining
from apps.retraining.models import StudyJob
from apps.review import services as review
from apps.review.models import Decision, Question, Slot
from apps.sampling.services import drawing as sampling
from apps.truth.services import resolving as truth
from countersign import (
    Client,
    ConflictError,
    NotAuthenticatedError,
    NotFoundError,
    ReportFailedError,
    StudyRefusedError,
)
from tests.factories import make_member, prediction_row
from tests.retraining.stored import make_study

pytestmark = pytest.mark.slow
NAME = "employment"


def outcome(number: int, value: str = "yes") -> dict[str, str]:
    return {"id": f"case-{number}", "outcome": value, "occurred_at": "2026-03-20T00:00:00Z"}


def flat(rows: list[dict]) -> pd.DataFrame:
    frame = pd.json_normalize(rows)
    frame["predicted_at"] = pd.to_datetime(frame["predicted_at"])
    return frame


@pytest.fixture
def open_case(client: Client, model: MonitoredModel) -> None:
    """A case that waits in the queue."""
    client.model(NAME).set_policies({"floor": 1.0})
    client.model(NAME).push_predictions([prediction_row(1)])
    sampling.draw_due()
    review.open_due_items()


def test_a_model_is_registered_and_described(client: Client):
    registered = client.model("loans").register({"task": "binary", "classes": ["no", "yes"], "positive_class": "yes"})
    assert [queue["name"] for queue in registered["queues"]] == ["main"]
    assert client.model("loans").describe() == registered


def test_policies_can_be_read_changed_and_sent_back(client: Client):
    model = client.model(NAME)
    changed = model.set_policies(model.policies() | {"floor": 0.5})
    assert model.policies() == changed
    assert changed["floor"] == 0.5


def test_dicts_and_frames_give_the_server_the_same_rows(client: Client, tmp_path: Path):
    rows = [prediction_row(number) for number in range(1, 8)]
    path = tmp_path / "rows.parquet"
    flat(rows).to_parquet(path)
    assert client.model(NAME).push_predictions(rows, batch_rows=3).accepted == 7
    for source in (flat(rows), pq.read_table(path), path, str(path)):
        result = client.model(NAME).push_predictions(source)
        assert (result.accepted, result.duplicates, result.rejected) == (0, 7, []), type(source)


def test_a_missing_feature_is_stored_as_null(client: Client, model: MonitoredModel):
    frame = flat([prediction_row(1), prediction_row(2)])
    frame.loc[1, ["features.age", "score", "baseline"]] = None
    assert client.model(NAME).push_predictions(frame).accepted == 2
    stored = Prediction.objects.get(external_id="case-2")
    assert (stored.score, stored.baseline) == (None, None)
    assert Payload.objects.get(prediction_id=stored.pk).features["age"] is None


def test_rejected_rows_have_their_position_in_the_source(client: Client):
    rows = [prediction_row(number) for number in range(1, 8)]
    rows[1]["score"] = float("inf")
    rows[4]["prediction"] = "perhaps"
    rows[6]["id"] = "\ud800"
    result = client.model(NAME).push_predictions(rows, batch_rows=2)
    assert [(each.row, each.code) for each in result.rejected] == [
        (1, "number_range"),
        (4, "unknown_class"),
        (6, "invalid_unicode"),
    ]
    assert result.accepted == 4


def test_a_line_that_is_not_utf8_is_rejected_alone(client: Client, tmp_path: Path):
    path = tmp_path / "outcomes.ndjson"
    good = b'{"id": "%s", "outcome": "yes", "occurred_at": "2026-03-20T00:00:00Z"}\n'
    path.write_bytes(good % b"a" + good % b"\xff" + b"no json\n" + good % b"b")
    result = client.model(NAME).push_outcomes(path)
    assert (result.accepted, result.parked) == (2, 2)
    assert [(each.row, each.code) for each in result.rejected] == [(1, "invalid_unicode"), (2, "invalid_json")]


def test_a_repeated_run_returns_the_first_result(client: Client):
    rows = [prediction_row(number) for number in range(1, 6)]
    first = client.model(NAME).push_predictions(rows, batch_rows=2, run="nightly")
    again = client.model(NAME).push_predictions(rows, batch_rows=2, run="nightly")
    assert again == first
    assert Prediction.objects.count() == first.accepted == 5


def test_a_lost_response_duplicates_nothing(live_server, key: str, monkeypatch: pytest.MonkeyPatch):
    """The server stores the batch, its response is lost, and the client sends the batch again."""
    real, lost = httpx.HTTPTransport(), []

    def lose_one(request: httpx.Request) -> httpx.Response:
        response = real.handle_request(request)
        if request.method == "POST" and not lost:
            response.read()
            lost.append(request)
            raise httpx.ReadTimeout("lost")
        return response

    monkeypatch.setattr("countersign.connection.FIRST_PAUSE", 0.01)
    with Client(live_server.url, key, transport=httpx.MockTransport(lose_one)) as unlucky:
        result = unlucky.model(NAME).push_predictions([prediction_row(1), prediction_row(2)])
    assert lost
    assert (result.accepted, result.duplicates) == (2, 0)
    assert Prediction.objects.count() == 2


def test_early_outcomes_are_parked(client: Client):
    client.model(NAME).push_predictions([prediction_row(1)])
    result = client.model(NAME).push_outcomes([outcome(1), outcome(2)])
    assert (result.accepted, result.parked) == (2, 1)
    assert Outcome.objects.count() == 2


def test_waiting_ends_once_predictions_are_drawn_and_not_before(client: Client, open_case: None):
    client.model(NAME).wait_until_drawn(timeout=0)
    client.model(NAME).push_predictions([prediction_row(2)])
    with pytest.raises(TimeoutError, match="waited 0 s for employment"):
        client.model(NAME).wait_until_drawn(timeout=0)


def test_a_case_is_claimed_judged_and_decided(client: Client, open_case: None):
    queue = client.queue(f"{NAME}:main")
    slot = queue.claim(only="review").slots[0]
    assert (slot.item["id"], slot.must_be_judged, slot.judged) == ("case-1", True, False)
    assert queue.heartbeat(slot) >= slot.expires_at
    assert queue.judge(slot, "no", certainty=2)["prediction"] == "yes"
    assert queue.claim().slots[0].must_be_judged is False
    decided = queue.decide(slot, "correct", "no", certainty=2, note="Checked the papers.")
    assert decided.next == []
    with pytest.raises(ConflictError):
        queue.decide(slot, "agree")
    waiting = queue.claim()
    assert waiting.slots == []
    assert waiting.waiting["done_by_you"] == 1


def test_a_released_slot_is_free_for_others(client: Client, open_case: None):
    queue = client.queue(f"{NAME}:main")
    queue.release(queue.claim().slots[0])
    assert not Slot.objects.unfinished().filter(lease_expires_at__gte=Now()).exists()


def test_a_report_is_requested_awaited_and_read(client: Client, open_case: None):
    model = client.model(NAME)
    model.push_outcomes([outcome(1)])
    truth.resolve_due()
    request = model.request_report("performance", "2026-03-01", "2026-04-01", slices=["sex"])
    assert not request.read().is_finished
    reports.run_due()
    report = request.wait(timeout=0)
    assert report.results[0]["slice"] is None
    frame = report.frame()
    assert len(frame) == len(report.results)
    assert {"metric", "slice.name", "slice.value", "value", "low", "high", "n"} <= set(frame.columns)
    assert model.report(request.id).read() == report


def test_a_study_is_requested_awaited_and_read(client: Client, model: MonitoredModel):
    request = client.model(NAME).request_study(days=90)
    assert client.model(NAME).request_study(days=90).id == request.id
    assert request.read().status == "queued"
    StudyJob.objects.get(pk=request.id).complete(study=make_study(model))
    study = request.wait(timeout=0)
    assert study.headline.startswith("Not yet: with 6,273 labels")
    assert client.model(NAME).study(request.id).read() == study


def test_too_few_labels_for_a_study_are_an_error_that_says_so(client: Client, model: MonitoredModel):
    request = client.model(NAME).request_study()
    retraining.run_due()
    with pytest.raises(StudyRefusedError, match="a learning curve needs 500, and there are 0"):
        request.wait(timeout=0)


def test_the_training_set_comes_as_a_frame_and_as_a_file(client: Client, tmp_path: Path):
    model = client.model(NAME)
    model.set_policies({"floor": 1.0})
    model.push_predictions([prediction_row(number) for number in range(3)])
    sampling.draw_due()
    model.push_outcomes([outcome(number) for number in range(3)])
    truth.resolve_due()
    frame = model.training_frame(test_share=0.5)
    assert len(frame) == 3
    assert set(frame["split"]) <= {"train", "test"}
    assert {"label", "weight", "subject", "predicted_at"} <= set(frame.columns)
    assert any(name.startswith("features.") for name in frame.columns)
    assert pq.read_table(model.save_training_set(tmp_path / "set.parquet")).num_rows == 3
    assert model.training_frame(seq=model.last_seq())["id"].tolist() == frame["id"].tolist()


def test_the_model_card_is_read(client: Client, model: MonitoredModel):
    assert client.model(NAME).card()["model"]["slug"] == NAME


def test_errors_of_the_server_have_types(client: Client, live_server):
    with pytest.raises(NotFoundError, match="not_found"):
        client.model("nobody").policies()
    with Client(live_server.url, "cs_wrong") as stranger, pytest.raises(NotAuthenticatedError):
        stranger.limits()


def test_a_report_that_failed_is_an_error(scripted: Callable):
    document = {
        "id": 3, "status": "failed", "progress": 0.5, "step": "", "error": "boom", "kind": "value",
        "start": "2026-03-01", "end": "2026-04-01", "as_of": None, "seq": None,
        "results": [], "caveats": [], "restatements": [],
    }  # fmt: skip
    client, _ = scripted(httpx.Response(200, json=document))
    with pytest.raises(ReportFailedError, match="value report 3: boom"):
        client.model(NAME).report(3).wait()


@pytest.fixture
def labeled(client: Client) -> list[str]:
    """Seven predictions whose outcomes are known."""
    model = client.model(NAME)
    model.push_predictions([prediction_row(number) for number in range(1, 8)])
    model.push_outcomes([outcome(number) for number in range(1, 8)])
    truth.resolve_due()
    return [f"case-{number}" for number in range(1, 8)]


def test_labels_come_page_by_page_as_of_one_number(client: Client, labeled: list[str], monkeypatch):
    monkeypatch.setattr("countersign.labels.PAGE", 3)
    labels = client.model(NAME).labels()
    first = next(labels)
    # A correction between two pages is not in the second one.
    client.model(NAME).push_outcomes([outcome(7, "no")])
    truth.resolve_due()
    rest = list(labels)
    assert [label["id"] for label in (first, *rest)] == labeled
    assert rest[-1]["label"] == "yes"
    assert list(client.model(NAME).labels())[-1]["label"] == "no"
    assert list(client.model(NAME).labels(seq=1))[-1]["label"] == "yes"
    assert client.model(NAME).last_seq() == 2


def test_a_frame_of_labels_has_times(client: Client, labeled: list[str]):
    frame = client.model(NAME).labels_frame()
    assert list(frame["id"]) == labeled
    assert set(frame["version"]) == {"v1"}
    assert frame["predicted_at"].max() == pd.Timestamp("2026-03-02T09:07:00Z")


def test_no_labels_give_an_empty_frame(client: Client):
    assert client.model(NAME).labels_frame().empty


@pytest.mark.parametrize(
    ("suffix", "read"),
    [(".csv", pd.read_csv), (".parquet", pd.read_parquet), (".ndjson", lambda path: pd.read_json(path, lines=True))],
)
def test_labels_are_saved_in_the_format_of_the_suffix(client: Client, labeled: list[str], tmp_path: Path, suffix, read):
    path = client.model(NAME).save_labels(tmp_path / f"labels{suffix}")
    assert list(read(path)["id"]) == labeled
    assert list(tmp_path.iterdir()) == [path]


def test_an_unknown_suffix_is_refused(client: Client, tmp_path: Path):
    with pytest.raises(ValueError, match=r"labels.xlsx: labels are saved as .csv, .jsonl, .ndjson, .parquet"):
        client.model(NAME).save_labels(tmp_path / "labels.xlsx")


def test_a_download_that_breaks_off_leaves_no_file(scripted: Callable, tmp_path: Path):
    def broken():
        yield b"id,"
        raise httpx.ReadError("cut off")

    client, _ = scripted(httpx.Response(200, content=broken()))
    with pytest.raises(httpx.ReadError):
        client.model(NAME).save_labels(tmp_path / "labels.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_question_goes_to_a_person_and_wrong_data_names_the_feature(client: Client, open_case: None):
    colleague = make_member(Slot.objects.get().queue.model.project).user
    queue = client.queue(f"{NAME}:main")
    queue.decide(queue.claim().slots[0], "escalate", note="Is this a pension?", ask=colleague.email)
    assert Question.objects.get().asked_of == colleague
    assert queue.claim().waiting["your_questions"] == 1
    Slot.objects.update(snoozed_until=None)
    queue.decide(queue.claim().slots[0], "wrong_data", wrong_features={"age": "stale"})
    assert Decision.objects.order_by("-id")[0].wrong_features == [{"feature": "age", "problem": "stale"}]


def test_actions_are_sent_and_repeat_as_duplicates(client: Client):
    rows = [{"id": f"case-{n}", "action": "yes", "taken_at": "2026-03-20T00:00:00Z", "by": "desk"} for n in range(5)]
    model = client.model(NAME)
    assert model.push_actions(rows, batch_rows=2).accepted == 5
    assert model.push_actions(pd.DataFrame(rows)).duplicates == 5
    assert set(Action.objects.values_list("by", flat=True)) == {"desk"}


def test_a_verdict_is_waited_for(client: Client, model: MonitoredModel):
    held = {"hold_until": (timezone.now() + timedelta(hours=1)).isoformat(), "hold_default": "no"}
    client.model(NAME).set_policies({"floor": 1.0})
    client.model(NAME).push_predictions([prediction_row(1, **held), {**prediction_row(2, **held), "id": "a/b"}])
    assert client.model(NAME).verdict("case-1")["status"] == "waiting"
    assert client.model(NAME).verdict("a/b")["id"] == "a/b"
    assert client.model(NAME).verdict("case-1", timeout=0.3)["verdict"] is None
    Hold.objects.update(until=timezone.now())
    answer = client.model(NAME).verdict("case-1", timeout=5)
    assert (answer["status"], answer["verdict"]) == ("default", "no")
    with pytest.raises(NotFoundError):
        client.model(NAME).verdict("case-9")


def test_events_are_read_on_from_a_number(client: Client, model: MonitoredModel, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("countersign.model.EVENTS_PER_PAGE", 2)
    client.model(NAME).push_predictions([prediction_row(number) for number in range(5)])
    for value, day in (("yes", 20), ("no", 21)):
        rows = [outcome(n, value) | {"occurred_at": f"2026-03-{day}T00:00:00Z"} for n in range(5)]
        client.model(NAME).push_outcomes(rows)
        truth.resolve_due()
    telling.tell_due()
    events = list(client.model(NAME).events())
    assert [event["type"] for event in events] == ["outcome.restated"] * 5
    assert [event["data"]["seq"] for event in client.model(NAME).events(after=3)] == [4, 5]
