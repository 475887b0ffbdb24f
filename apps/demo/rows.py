"""The rows that are sent: predictions spread over six months, outcomes that become known weeks later."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from apps.demo.chance import uniform
from apps.demo.dataset import FEATURES, People
from apps.demo.scored import VERSION, Scored

CLASSES = ("not_employed", "employed")
SPAN = timedelta(weeks=26)
EARLIEST = timedelta(days=20)
LATEST = timedelta(days=60)
CHUNK = 4_000

_encoder = msgspec.json.Encoder()


def chunks(total: int, *, size: int = CHUNK) -> list[range]:
    """Positions of the rows of each chunk."""
    return [range(start, min(start + size, total)) for start in range(0, total, size)]


def predicted_at(position: int, *, total: int, now: datetime) -> datetime:
    """Evenly over the 26 weeks that end now, in the order of the ids; whole milliseconds."""
    elapsed = SPAN * (position + 0.5) / total
    return now - SPAN + timedelta(milliseconds=elapsed // timedelta(milliseconds=1))


def known_at(person: int, predicted: datetime) -> datetime:
    """When the truth about a prediction becomes known: 20 to 60 days after it, by a hash of the id."""
    delay = EARLIEST + uniform("delay", person) * (LATEST - EARLIEST)
    return predicted + timedelta(seconds=delay // timedelta(seconds=1))


def class_of(is_employed: bool) -> str:
    return CLASSES[int(is_employed)]


def prediction_lines(people: People, scored: Scored, chunk: range, *, now: datetime, latency_ms: float) -> bytes:
    """The chunk's predictions as NDJSON; `scored` holds this chunk's people only."""
    part = slice(chunk.start, chunk.stop)
    ids, features = people.ids[part].tolist(), people.features[part].tolist()
    contributions, base = scored.contributions.tolist(), scored.base.tolist()
    scores, baseline = scored.scores.tolist(), scored.baseline.tolist()
    return _encoder.encode_lines(
        {
            "id": str(ids[i]),
            "predicted_at": _text(predicted_at(position, total=len(people), now=now)),
            "version": VERSION,
            "features": dict(zip(FEATURES, features[i], strict=True)),
            "prediction": class_of(scores[i] >= 0.5),
            "score": scores[i],
            "baseline": class_of(baseline[i]),
            "attributions": dict(zip(FEATURES, contributions[i], strict=True)),
            "attribution_base": base[i],
            "latency_ms": latency_ms,
        }
        for i, position in enumerate(chunk)
    )


def due_outcomes(people: People, *, now: datetime, after: datetime | None, until: datetime) -> Iterator[dict[str, str]]:
    """Outcomes that became known in (after, until], in the order of the ids; the others are not sent."""
    for position, (person, employed) in enumerate(zip(people.ids.tolist(), people.employed.tolist(), strict=True)):
        moment = known_at(person, predicted_at(position, total=len(people), now=now))
        if moment <= until and (after is None or moment > after):
            yield {"id": str(person), "outcome": class_of(employed), "occurred_at": _text(moment)}


def outcome_lines(rows: list[dict[str, str]]) -> bytes:
    """Outcomes as NDJSON."""
    return _encoder.encode_lines(rows)


def positions_by_id(people: People) -> dict[str, int]:
    """Where a person stands, by the id as sent."""
    return {str(person): position for position, person in enumerate(people.ids.tolist())}


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
