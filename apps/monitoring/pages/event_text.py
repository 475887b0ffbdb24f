"""The top of the page *Data* in words: the event, what it costs, and what cannot be said."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from apps.common.numerals import count, fixed, with_thousands
from apps.monitoring.models import DataEvent, Reference
from apps.monitoring.pages.days_seen import Seen
from apps.monitoring.services.describing import NEARLY_ALL, day_text, sentence, what
from apps.monitoring.services.history import DAY

SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
CODES = {
    "no_reference": "No outcomes of the reference are known yet, so nothing can be expected of the scores.",
    "too_few": "Fewer than 1,000 outcomes of the reference are known, too few to say what to expect of the scores.",
    "not_calibrated": (
        "Not valid: later outcomes of the reference were not as its scores had let one expect, so the scores say "
        "little about the decisions of these days."
    ),
}


@dataclass(frozen=True, eq=False)
class EventText:
    """What the page says above its pictures."""

    seen: Seen

    @property
    def pill(self) -> str:
        event = self.seen.event
        if event is None:
            return ""
        return "called normal" if event.normal_at else "not like the weeks before"

    @property
    def span(self) -> str:
        """The days in question."""
        now = self.seen.now
        last = now.end - DAY
        return f"{day_text(now.start)} to {day_text(last)}" if last > now.start else day_text(now.start)

    @property
    def rows(self) -> int:
        return int(self.seen.now.rows.sum())

    @cached_property
    def lede(self) -> str:
        seen = self.seen
        if seen.event is None:
            return f"The last {len(seen.days.counts) // 7} weeks hold nothing that is unlike the weeks before it."
        return sentence(seen.event, seen.names, seen.series)

    @property
    def say(self) -> str:
        """The ranges behind the sentence, and where the points come from."""
        event = self.seen.event
        if event is None:
            return ""
        figures = event.figures
        before, expected, measured = (figures.get(name) for name in ("expected_before", "expected", "measured"))
        told = []
        if _known(before) and _known(expected):
            told.append(f"The scores promise {_range(expected)}, after {_range(before)} before.")
        if _known(measured):
            told.append(f"Outcomes give {_range(measured)}, of {count(measured['n'])} predictions.")
        if _known(before) and _known(expected) and _known(measured):
            told.append(_split(before, expected, measured))
        return " ".join(filter(None, told))

    @property
    def money(self) -> tuple[str, str]:
        """What the days cost or gained, and the likely range; empty without a price."""
        event = self.seen.event
        figure = event.figures.get("money") if event else None
        if figure is None or figure["value"] is None:
            return "", ""
        symbol = SYMBOLS.get(event.figures.get("currency", ""), "") if event else ""
        low, high = sorted(abs(figure[end]) for end in ("low", "high"))
        is_clear = figure["low"] * figure["high"] > 0
        if not is_clear:
            return "", f"{_money(figure['low'], symbol)} to {_money(figure['high'], symbol)}"
        verb = "cost" if figure["value"] > 0 else "saved"
        return (
            f"{verb} about {_money(abs(figure['value']), symbol)}",
            f"{_money(low, symbol)} to {_money(high, symbol)}",
        )

    @property
    def others(self) -> list[tuple[DataEvent, str]]:
        """The other events of these weeks, newest first."""
        chosen = self.seen.event
        return [
            (each, what(each, self.seen.names, self.seen.series))
            for each in self.seen.events
            if chosen is None or each.pk != chosen.pk
        ]

    @property
    def reference(self) -> str:
        """What “as a rule” means."""
        usual = self.seen.usual
        if usual is None:
            return "“As a rule” is all days before: the first 30 days become the reference once they are over."
        kept = usual.reference
        if kept.source == Reference.Source.UPLOADED or kept.start is None or kept.end is None:
            return f"“As a rule” is the uploaded reference of {count(kept.rows)} rows."
        return f"“As a rule” is the reference, {day_text(kept.start)} to {day_text(kept.end - DAY)}."

    @property
    def cannot_say(self) -> list[str]:
        """What the page leaves open."""
        told = []
        expectation, event = self.seen.expectation, self.seen.event
        if self.seen.model.is_regression:
            told.append("The model predicts numbers: its features are ordered by how far they moved, not by cost.")
        elif expectation is not None and expectation.code:
            told.append(with_thousands(CODES.get(expectation.code, "The scores let one expect nothing of these days.")))
        share = event.figures.get("known_share") if event else None
        if event is not None and share is not None and share < NEARLY_ALL and not self.seen.model.is_regression:
            rows = event.figures.get("rows", 0)
            told.append(
                f"Outcomes of {count(round(rows * (1 - share)))} of the {count(rows)} predictions are still open; if "
                "they differ from the known ones, the measured share will move."
            )
        if event is not None and event.cause and event.cause.get("before") is None and len(event.cause["parts"]) > 1:
            told.append("How common both together were in the weeks before is not counted.")
        return told


def _known(figure: Any) -> bool:
    return bool(figure) and figure.get("value") is not None


def _range(figure: dict[str, Any]) -> str:
    return f"{fixed(100 * figure['low'], 1)} to {fixed(100 * figure['high'], 1)} in 100"


def _split(before: dict[str, Any], expected: dict[str, Any], measured: dict[str, Any]) -> str:
    """Say how many points come from who arrived, and how many do not."""
    arrived, rest = (100 * (one["value"] - other["value"]) for one, other in ((expected, before), (measured, expected)))
    if abs(arrived + rest) < 1:
        return ""
    return (
        f"{_points(arrived)} come from what arrived; {_points(rest)} do not, and are the model’s own "
        f"{'misses' if rest < 0 else 'gains'} on it."
    )


def _points(points: float) -> str:
    return f"{points:+.1f} points".replace("-", "−")


def _money(amount: float, symbol: str) -> str:
    step = 10 ** max(len(str(int(abs(amount)))) - 3, 0)
    rounded = round(amount / step) * step
    return f"{'−' if rounded < 0 else ''}{symbol}{count(abs(rounded))}"
