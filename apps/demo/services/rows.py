"""The rows that the demo sends: predictions spread over six months, outcomes known weeks later."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.demo.services.codebook import FEATURES
from apps.demo.services.dataset import People
from apps.demo.services.state import SPAN

VERSION = "2015-reference"
# in UTC, whole milliseconds
Moments = NDArray[np.datetime64]

CLASSES = ("not_employed", "employed")
EARLIEST = timedelta(days=20)
LATEST = timedelta(days=60)
MILLISECOND = timedelta(milliseconds=1)
CHUNK = 4_000
# The data name no households, so the demo makes some up, of this size.
HOUSEHOLD = 3


@dataclass(frozen=True)
class Scored:
    """Scores of some people, with each feature's contribution in log-odds."""

    # probability of being employed
    scores: NDArray[np.float64]
    # people × FEATURES
    contributions: NDArray[np.float64]
    base: NDArray[np.float64]
    # the old rule's answer
    baseline: NDArray[np.bool_]


def uniform(*parts: object) -> float:
    """Return a hash of the parts as a number in [0, 1), the same at every start."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) / 2**64


def chunks(total: int, *, size: int = CHUNK) -> list[range]:
    """Split the rows into chunks of positions."""
    return [range(start, min(start + size, total)) for start in range(0, total, size)]


def predicted_at(total: int, *, now: datetime) -> Moments:
    """Spread the predictions evenly over the 26 weeks that end now, in the order of the ids."""
    halves = 2 * np.arange(total, dtype=np.int64) + 1
    elapsed = halves * (SPAN // MILLISECOND) // (2 * total)
    return np.datetime64((now - SPAN).replace(tzinfo=None), "ms") + elapsed.astype("timedelta64[ms]")


def known_at(ids: NDArray[np.int64], predicted: Moments) -> Moments:
    """Return when each truth becomes known: 20 to 60 days after its prediction, by a hash of the id."""
    chance = np.array([uniform("delay", person) for person in ids.tolist()])
    delay = EARLIEST // MILLISECOND + (chance * ((LATEST - EARLIEST) // MILLISECOND)).astype(np.int64)
    moments: Moments = predicted + delay.astype("timedelta64[ms]")
    return moments


def class_of(is_employed: bool) -> str:
    return CLASSES[int(is_employed)]


def predictions(
    people: People, scored: Scored, chunk: range, *, now: datetime, latency_ms: float
) -> Iterator[dict[str, Any]]:
    """Build the chunk's prediction rows. `scored` holds only this chunk's people."""
    part, households = slice(chunk.start, chunk.stop), len(people) // HOUSEHOLD or 1
    columns = zip(
        people.ids[part].tolist(),
        _texts(predicted_at(len(people), now=now)[part]),
        people.features[part].tolist(),
        scored.scores.tolist(),
        scored.baseline.tolist(),
        scored.contributions.tolist(),
        scored.base.tolist(),
        strict=True,
    )
    for person, moment, features, score, baseline, contributions, base in columns:
        yield {
            "id": str(person),
            "subject": f"household {person % households}",
            "predicted_at": moment,
            "version": VERSION,
            "features": dict(zip(FEATURES, features, strict=True)),
            "prediction": class_of(score >= 0.5),
            "score": score,
            "baseline": class_of(baseline),
            "attributions": dict(zip(FEATURES, contributions, strict=True)),
            "attribution_base": base,
            "latency_ms": latency_ms,
        }


def due_outcomes(people: People, *, now: datetime, after: datetime | None, until: datetime) -> list[dict[str, str]]:
    """Build the outcome rows that became known in (after, until], sorted by id."""
    known = known_at(people.ids, predicted_at(len(people), now=now))
    is_due = known <= np.datetime64(until.replace(tzinfo=None), "ms")
    if after is not None:
        is_due &= known > np.datetime64(after.replace(tzinfo=None), "ms")
    columns = zip(people.ids[is_due].tolist(), people.employed[is_due].tolist(), _texts(known[is_due]), strict=True)
    return [
        {"id": str(person), "outcome": class_of(employed), "occurred_at": moment}
        for person, employed, moment in columns
    ]


def positions_by_id(people: People) -> dict[str, int]:
    """Map each id, as sent, to its position."""
    return {str(person): position for position, person in enumerate(people.ids.tolist())}


def _texts(moments: Moments) -> list[str]:
    texts: list[str] = np.datetime_as_string(moments, unit="ms", timezone="UTC").tolist()
    return texts
