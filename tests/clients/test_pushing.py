"""Pushing: how rows form batches, which keys batches carry, and what the result says."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from countersign import InvalidError, RowsRejectedError
from tests.clients.conftest import accepted


def outcomes(number: int) -> Iterator[dict[str, Any]]:
    return ({"id": f"case-{index}", "outcome": "yes"} for index in range(number))


def ids(bodies: list[bytes]) -> list[list[str]]:
    return [[json.loads(line)["id"] for line in body.splitlines()] for body in bodies]


def test_batches_keep_the_order_of_rows(scripted: Callable):
    client, script = scripted()
    result = client.model("credit").push_outcomes(outcomes(5), batch_rows=2)
    assert ids(script.bodies) == [["case-0", "case-1"], ["case-2", "case-3"], ["case-4"]]
    assert {request.url.path for request in script.requests} == {"/api/v1/models/credit/outcomes"}
    assert script.requests[0].headers["Authorization"] == "Bearer cs_key"
    assert (result.accepted, result.batches, result.rejected) == (5, [1, 2, 3], [])


@pytest.mark.parametrize("limit", ["rows_per_batch", "rows_per_minute"])
def test_no_batch_has_more_rows_than_the_server_accepts(scripted: Callable, limit):
    client, script = scripted(**{limit: 3})
    client.model("credit").push_outcomes(outcomes(7))
    assert [len(batch) for batch in ids(script.bodies)] == [3, 3, 1]


def test_no_batch_has_more_bytes_than_the_server_accepts(scripted: Callable):
    line = len(b'{"id":"case-0","outcome":"yes"}\n')
    client, script = scripted(body_bytes=2 * line)
    client.model("credit").push_outcomes(outcomes(5))
    assert [len(body) for body in script.bodies] == [2 * line, 2 * line, line]


def test_a_source_is_read_only_as_far_as_rows_are_sent(scripted: Callable):
    read: list[int] = []
    seen: list[int] = []

    def source() -> Iterator[dict[str, Any]]:
        for index in range(100):
            read.append(index)
            yield {"id": str(index), "outcome": "yes"}

    client, _ = scripted()
    model = client.model("credit")
    model.push_outcomes(source(), batch_rows=10, progress=lambda done, total: seen.append(len(read)))
    assert seen == list(range(10, 101, 10))


def test_an_empty_source_sends_nothing(scripted: Callable):
    client, script = scripted()
    result = client.model("credit").push_outcomes([])
    assert (result.accepted, result.batches, script.requests) == (0, [], [])


def test_a_batch_keeps_its_key_through_retries_and_no_two_batches_share_one(scripted: Callable):
    client, script = scripted(httpx.ReadTimeout("slow"), httpx.Response(503), accepted(1, 1))
    client.model("credit").push_outcomes(outcomes(2), batch_rows=1)
    assert len(set(script.keys[:3])) == 1
    assert script.keys[3] != script.keys[0]


def test_pushes_without_a_name_have_different_keys(scripted: Callable):
    client, script = scripted()
    client.model("credit").push_outcomes(outcomes(1))
    client.model("credit").push_outcomes(outcomes(1))
    assert script.keys[0] != script.keys[1]


def test_a_repeated_run_has_the_same_keys(scripted: Callable):
    client, script = scripted()
    for _ in range(2):
        client.model("credit").push_outcomes(outcomes(4), batch_rows=2, run="nightly")
    assert script.keys[:2] == script.keys[2:]
    assert len(set(script.keys)) == 2


def test_a_run_with_other_content_has_other_keys(scripted: Callable):
    client, script = scripted()
    client.model("credit").push_outcomes(outcomes(2), run="nightly")
    client.model("credit").push_outcomes(outcomes(3), run="nightly")
    client.model("other").push_outcomes(outcomes(3), run="nightly")
    assert len(set(script.keys)) == 3


@pytest.mark.parametrize("run", ["", "x" * 101, "nächtlich", "a\nb"])
def test_a_run_name_that_no_header_can_carry_is_refused(scripted: Callable, run):
    client, _ = scripted()
    with pytest.raises(ValueError, match="printable ASCII"):
        client.model("credit").push_outcomes(outcomes(1), run=run)


def rejection(index: int) -> dict[str, Any]:
    return {"index": index, "id": "x", "code": "conflict", "field": "id", "message": "Stored with other content."}


def test_rejected_rows_have_their_position_in_the_whole_source(scripted: Callable):
    client, _ = scripted(accepted(1, 2, rejected=[rejection(1)]), accepted(2, 1, duplicates=1, rejected=[rejection(0)]))
    result = client.model("credit").push_outcomes(outcomes(6), batch_rows=3)
    assert [(each.row, each.code) for each in result.rejected] == [(1, "conflict"), (3, "conflict")]
    assert (result.accepted, result.duplicates) == (3, 1)
    with pytest.raises(RowsRejectedError, match=r"row 1 \(x\): conflict: Stored with other content. and 1 more"):
        result.raise_for_rejected()


def test_rows_that_cannot_be_sent_are_listed_with_the_rejected_ones(scripted: Callable):
    client, script = scripted(accepted(1, 1, rejected=[rejection(1)]), bytes_per_row=200)
    source = [
        {"id": "too-large", "outcome": "x" * 300},
        {"id": "good", "outcome": "yes"},
        {"id": "no-json", "outcome": object()},
        {"id": "x", "outcome": "yes"},
    ]
    result = client.model("credit").push_outcomes(source)
    assert ids(script.bodies) == [["good", "x"]]
    rejected = [(each.row, each.id, each.code) for each in result.rejected]
    assert rejected == [(0, "too-large", "too_large"), (2, "no-json", "invalid_type"), (3, "x", "conflict")]


def test_a_refused_batch_says_how_many_rows_were_acknowledged_before(scripted: Callable):
    problem = httpx.Response(422, json={"code": "unprocessable", "message": "No.", "details": {}})
    client, _ = scripted(accepted(1, 2), problem)
    with pytest.raises(InvalidError) as caught:
        client.model("credit").push_outcomes(outcomes(4), batch_rows=2)
    assert caught.value.__notes__ == ["2 rows of the source are acknowledged; the others can be sent again."]


def test_progress_includes_the_total_if_it_is_known(scripted: Callable):
    client, _ = scripted()
    calls: list[tuple[int, int | None]] = []
    listener = lambda done, total: calls.append((done, total))  # noqa: E731  # as a user would write it
    client.model("credit").push_outcomes(list(outcomes(3)), batch_rows=2, progress=listener)
    client.model("credit").push_outcomes(outcomes(1), progress=listener)
    assert calls == [(2, 3), (3, 3), (1, None)]


def test_a_progress_bar_runs_to_the_end(scripted: Callable, capsys: pytest.CaptureFixture[str]):
    client, _ = scripted()
    client.model("credit").push_outcomes(list(outcomes(3)), progress=True)
    assert "3/3" in capsys.readouterr().err
