"""How rows are cut into batches, under which keys they go, and what comes back."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from countersign import InvalidError, RowsRejectedError
from tests.clients.conftest import accepted


def outcomes(number: int) -> Iterator[dict[str, Any]]:
    return ({"id": f"case-{at}", "outcome": "yes"} for at in range(number))


def ids(bodies: list[bytes]) -> list[list[str]]:
    return [[json.loads(line)["id"] for line in body.splitlines()] for body in bodies]


def test_rows_go_in_batches_in_their_order(scripted: Callable):
    client, script = scripted()
    result = client.model("credit").push_outcomes(outcomes(5), batch_rows=2)
    assert ids(script.bodies) == [["case-0", "case-1"], ["case-2", "case-3"], ["case-4"]]
    assert {request.url.path for request in script.requests} == {"/api/v1/models/credit/outcomes"}
    assert script.requests[0].headers["Authorization"] == "Bearer cs_key"
    assert (result.accepted, result.batches, result.rejected) == (5, [1, 2, 3], [])


@pytest.mark.parametrize("limit", ["rows_per_batch", "rows_per_minute"])
def test_no_batch_has_more_rows_than_the_server_takes(scripted: Callable, limit):
    client, script = scripted(**{limit: 3})
    client.model("credit").push_outcomes(outcomes(7))
    assert [len(batch) for batch in ids(script.bodies)] == [3, 3, 1]


def test_no_batch_has_more_bytes_than_the_server_takes(scripted: Callable):
    line = len(b'{"id":"case-0","outcome":"yes"}\n')
    client, script = scripted(body_bytes=2 * line)
    client.model("credit").push_outcomes(outcomes(5))
    assert [len(body) for body in script.bodies] == [2 * line, 2 * line, line]


def test_a_source_is_read_no_further_than_what_is_sent(scripted: Callable):
    read: list[int] = []
    seen: list[int] = []

    def source() -> Iterator[dict[str, Any]]:
        for at in range(100):
            read.append(at)
            yield {"id": str(at), "outcome": "yes"}

    client, _ = scripted()
    model = client.model("credit")
    model.push_outcomes(source(), batch_rows=10, progress=lambda done, total: seen.append(len(read)))
    assert seen == list(range(10, 101, 10))


def test_nothing_to_send_sends_nothing(scripted: Callable):
    client, script = scripted()
    result = client.model("credit").push_outcomes([])
    assert (result.accepted, result.batches, script.requests) == (0, [], [])


def test_a_batch_keeps_its_key_through_its_tries_and_no_two_share_one(scripted: Callable):
    client, script = scripted(httpx.ReadTimeout("slow"), httpx.Response(503), accepted(1, 1))
    client.model("credit").push_outcomes(outcomes(2), batch_rows=1)
    assert len(set(script.keys[:3])) == 1
    assert script.keys[3] != script.keys[0]


def test_a_push_that_is_not_named_is_a_push_of_its_own(scripted: Callable):
    client, script = scripted()
    client.model("credit").push_outcomes(outcomes(1))
    client.model("credit").push_outcomes(outcomes(1))
    assert script.keys[0] != script.keys[1]


def test_a_named_push_has_the_same_keys_when_it_is_repeated(scripted: Callable):
    client, script = scripted()
    for _ in range(2):
        client.model("credit").push_outcomes(outcomes(4), batch_rows=2, run="nightly")
    assert script.keys[:2] == script.keys[2:]
    assert len(set(script.keys)) == 2


def test_other_content_under_the_same_name_has_another_key(scripted: Callable):
    client, script = scripted()
    client.model("credit").push_outcomes(outcomes(2), run="nightly")
    client.model("credit").push_outcomes(outcomes(3), run="nightly")
    client.model("other").push_outcomes(outcomes(3), run="nightly")
    assert len(set(script.keys)) == 3


@pytest.mark.parametrize("run", ["", "x" * 101, "nächtlich", "a\nb"])
def test_names_that_no_header_carries_are_refused(scripted: Callable, run):
    client, _ = scripted()
    with pytest.raises(ValueError, match="printable ASCII"):
        client.model("credit").push_outcomes(outcomes(1), run=run)


def rejection(index: int) -> dict[str, Any]:
    return {"index": index, "id": "x", "code": "conflict", "field": "id", "message": "Known otherwise."}


def test_rejected_rows_are_counted_in_the_whole_source(scripted: Callable):
    client, _ = scripted(accepted(1, 2, rejected=[rejection(1)]), accepted(2, 1, duplicates=1, rejected=[rejection(0)]))
    result = client.model("credit").push_outcomes(outcomes(6), batch_rows=3)
    assert [(each.row, each.code) for each in result.rejected] == [(1, "conflict"), (3, "conflict")]
    assert (result.accepted, result.duplicates) == (3, 1)
    with pytest.raises(RowsRejectedError, match=r"row 1 \(x\): conflict: Known otherwise. and 1 more"):
        result.raise_for_rejected()


def test_rows_that_cannot_be_sent_are_told_with_the_others(scripted: Callable):
    client, script = scripted(accepted(1, 1, rejected=[rejection(1)]), bytes_per_row=200)
    source = [
        {"id": "too-large", "outcome": "x" * 300},
        {"id": "good", "outcome": "yes"},
        {"id": "no-json", "outcome": object()},
        {"id": "x", "outcome": "yes"},
    ]
    result = client.model("credit").push_outcomes(source)
    assert ids(script.bodies) == [["good", "x"]]
    found = [(each.row, each.id, each.code) for each in result.rejected]
    assert found == [(0, "too-large", "too_large"), (2, "no-json", "invalid_type"), (3, "x", "conflict")]


def test_a_refused_batch_says_what_was_answered_before(scripted: Callable):
    problem = httpx.Response(422, json={"code": "unprocessable", "message": "No.", "details": {}})
    client, _ = scripted(accepted(1, 2), problem)
    with pytest.raises(InvalidError) as caught:
        client.model("credit").push_outcomes(outcomes(4), batch_rows=2)
    assert caught.value.__notes__ == ["2 rows of the source are answered; the others can be sent again."]


def test_progress_is_told_with_the_total_where_it_is_known(scripted: Callable):
    client, _ = scripted()
    told: list[tuple[int, int | None]] = []
    listener = lambda done, total: told.append((done, total))  # noqa: E731  # a user's own
    client.model("credit").push_outcomes(list(outcomes(3)), batch_rows=2, progress=listener)
    client.model("credit").push_outcomes(outcomes(1), progress=listener)
    assert told == [(2, 3), (3, 3), (1, None)]


def test_a_bar_runs_to_the_end(scripted: Callable, capsys: pytest.CaptureFixture[str]):
    client, _ = scripted()
    client.model("credit").push_outcomes(list(outcomes(3)), progress=True)
    assert "3/3" in capsys.readouterr().err
