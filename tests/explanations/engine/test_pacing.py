"""Requests hold as many rows as take a fifth of the time allowed. Time is made up."""

import pytest

from apps.explanations.engine import pacing
from apps.explanations.engine.pacing import Pace


class Model:
    """It takes so long for each row, and a little for each request."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, row_seconds: float) -> None:
        self.parts: list[int] = []
        self._now = 0.0
        self._row_seconds = row_seconds
        monkeypatch.setattr(pacing.time, "monotonic", lambda: self._now)

    def ask(self, rows: list[int]) -> list[int]:
        self.parts.append(len(rows))
        self._now += 0.001 + self._row_seconds * len(rows)
        return rows


def test_a_slow_model_gets_few_rows_at_once_and_none_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Model(monkeypatch, row_seconds=0.05)
    assert Pace(5).in_parts(list(range(100)), model.ask) == list(range(100))
    # 1 s holds 20 rows of 50 ms, less what the request itself takes.
    assert model.parts == [8, 19, 19, 19, 19, 16]


def test_a_fast_model_soon_gets_all_rows_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model, pace = Model(monkeypatch, row_seconds=0.00005), Pace(5)
    pace.in_parts(list(range(5_000)), model.ask)
    assert model.parts == [8, 64, 512, 4_096, 320]
    pace.in_parts(list(range(5_000)), model.ask)
    assert model.parts[5:] == [5_000]


def test_a_row_that_takes_longer_than_wanted_goes_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Model(monkeypatch, row_seconds=3)
    Pace(5).in_parts([1] * 10, model.ask)
    assert model.parts == [8, 1, 1]


def test_one_row_after_many_does_not_slow_the_next_ones_down(monkeypatch: pytest.MonkeyPatch) -> None:
    model, pace = Model(monkeypatch, row_seconds=0.0001), Pace(5)
    pace.in_parts(list(range(2_000)), model.ask)
    pace.in_parts([1], model.ask)
    pace.in_parts(list(range(900)), model.ask)
    assert model.parts[-1] == 900


def test_no_rows_are_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Model(monkeypatch, row_seconds=1)
    assert Pace(5).in_parts([], model.ask) == []
    assert model.parts == []
