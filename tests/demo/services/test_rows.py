import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from apps.demo.services.codebook import FEATURES
from apps.demo.services.dataset import People, load_production
from apps.demo.services.rows import (
    CHUNK,
    LATEST,
    SPAN,
    Scored,
    chunks,
    due_outcomes,
    known_at,
    predicted_at,
    predictions,
)
from countersign.encoding import encode

NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
PEOPLE = 208_892


@pytest.fixture(scope="module")
def production() -> People:
    return load_production()


@pytest.fixture(scope="module")
def sent(production: People) -> dict[str, dict[str, str]]:
    """The outcomes sent at the demo's `now`, by id."""
    return {row["id"]: row for row in due_outcomes(production, now=NOW, after=None, until=NOW)}


def few(count: int) -> People:
    return People(
        ids=np.arange(70_000, 70_000 + count),
        features=np.tile(np.arange(len(FEATURES), dtype=np.int16), (count, 1)),
        employed=np.arange(count) % 2 == 0,
    )


def scored(count: int) -> Scored:
    return Scored(
        scores=np.linspace(0.1, 0.9, count),
        contributions=np.full((count, len(FEATURES)), 0.25),
        base=np.full(count, -0.042),
        baseline=np.ones(count, dtype=bool),
    )


def test_every_person_is_in_exactly_one_chunk():
    parts = chunks(PEOPLE)
    assert [position for part in parts for position in part] == list(range(PEOPLE))
    assert max(len(part) for part in parts) == CHUNK


def test_a_chunk_built_again_is_identical_to_the_byte():
    def content() -> bytes:
        rows = predictions(few(5), scored(3), range(2, 5), now=NOW, latency_ms=0.31)
        return b"".join(encode(row) for row in rows)

    assert content() == content()


def test_a_row_has_the_fields_of_the_contract():
    first, *_ = predictions(few(5), scored(3), range(2, 5), now=NOW, latency_ms=0.31)
    row = json.loads(encode(first))
    assert row["id"] == "70002"
    assert (row["prediction"], row["baseline"], row["score"]) == ("not_employed", "employed", 0.1)
    assert row["features"]["SCHL"] == 1
    assert set(row["attributions"]) == set(row["features"]) == set(FEATURES)
    assert row["predicted_at"] == "2026-08-24T07:00:00.000Z"  # the middle of the 26 weeks


def test_predictions_lie_evenly_over_the_26_weeks_that_end_now():
    moments = predicted_at(PEOPLE, now=NOW)
    end = np.datetime64("2026-11-23T07:00:00")
    assert end - np.timedelta64(26, "W") < moments[0] < moments[-1] < end
    # 26 weeks over 208,892 predictions: 75.28 s each.
    steps = np.diff(moments) / np.timedelta64(1, "s")
    assert 75.27 < steps.min() <= steps.max() < 75.29


def test_outcomes_become_known_20_to_60_days_after_their_prediction(production: People):
    predicted = predicted_at(len(production), now=NOW)
    days = (known_at(production.ids, predicted) - predicted) / np.timedelta64(1, "D")
    assert 20 <= days.min() < 20.05
    assert 59.95 < days.max() < 60
    # Uniform over 40 days: the mean of 208,892 has a standard error of 36 minutes.
    assert days.mean() == pytest.approx(40, abs=0.08)


@pytest.mark.slow
def test_no_outcome_that_is_not_due_is_sent(production: People, sent: dict[str, dict[str, str]]):
    assert all(datetime.fromisoformat(row["occurred_at"]) <= NOW for row in sent.values())
    newest = production.ids[-20 * PEOPLE // 182 :].tolist()
    assert not any(str(person) in sent for person in newest)


def test_every_prediction_older_than_60_days_has_its_outcome(production: People, sent: dict[str, dict[str, str]]):
    final = (SPAN - LATEST) * PEOPLE // SPAN
    for person, employed in zip(production.ids[:final].tolist(), production.employed[:final].tolist(), strict=True):
        assert sent[str(person)]["outcome"] == ("employed" if employed else "not_employed")


def test_a_later_delivery_holds_only_outcomes_that_became_known_since():
    people = few(2_000)
    first = due_outcomes(people, now=NOW, after=None, until=NOW)
    later = due_outcomes(people, now=NOW, after=NOW, until=NOW + timedelta(days=7))
    at_once = due_outcomes(people, now=NOW, after=None, until=NOW + timedelta(days=7))
    assert first
    assert later
    assert sorted(row["id"] for row in first + later) == sorted(row["id"] for row in at_once)
