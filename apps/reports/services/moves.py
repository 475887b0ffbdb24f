"""A comparison in words: by how much the main figure moved, and why. For pages, mails and the first page alike."""

from dataclasses import dataclass

from apps.common.shares import hundredths
from apps.reports.engine.comparison_document import ComparisonDocument, Moved, NamedPart
from apps.reports.engine.rounding import Unit, money, step_of, stepped, unit_of
from apps.reports.services.cause_words import SHARES_RIGHT
from apps.reports.services.periods import in_period
from apps.reports.services.side_words import days_of, names_of_sides

BASELINE = "the rule it replaced"
POINT, WHOLE_POINT = 0.001, 0.01
# From this width of the range on, points have no decimals.
WIDE = 0.1
FRACTIONS = (
    (0.97, "all of it"),
    (0.85, "nine tenths of it"),
    (0.71, "three quarters of it"),
    (0.6, "two thirds of it"),
    (0.42, "half of it"),
    (0.29, "a third of it"),
    (0.15, "a fifth of it"),
)


@dataclass(frozen=True)
class Amount:
    """How differences of one metric read."""

    unit: Unit
    step: float

    @property
    def is_points(self) -> bool:
        return self.unit.kind in ("share", "points")

    @property
    def word(self) -> str:
        """The unit, where it stands behind the number."""
        return "points" if self.is_points else self.unit.currency if self.unit.kind == "error" else ""

    def size(self, value: float) -> str:
        """Write the amount without sign and unit word."""
        if self.is_points:
            return stepped(abs(value) * 100, self.step * 100)
        if self.unit.kind == "money":
            return money(abs(value), currency=self.unit.currency, step=self.step)
        return stepped(abs(value), self.step)

    def signed(self, value: float) -> str:
        """Write the amount with its sign, as in −5.1."""
        text = self.size(value)
        return text if self.is_nothing(value) else f"{'−' if value < 0 else '+'}{text}"

    def with_word(self, value: float) -> str:
        return f"{self.signed(value)} {self.word}".strip()

    def is_nothing(self, value: float) -> bool:
        return round(value / self.step) == 0


def amount_of(document: ComparisonDocument) -> Amount:
    """Return how the explained difference and its parts read: at a step that its range supports."""
    unit = unit_of(document["metric"], document["currency"], document["names"]["unit"])
    why, moved = document["why"], document["differences"].get(document["metric"])
    low, high = (moved["low"], moved["high"]) if moved else (None, None)
    if why:
        low, high = why["difference"]["chance_low"], why["difference"]["chance_high"]
    if unit.kind in ("share", "points"):
        is_wide = low is not None and high is not None and high - low >= WIDE
        return Amount(unit, WHOLE_POINT if is_wide else POINT)
    value = moved["value"] if moved else None
    return Amount(unit, step_of(value or 0.0, low, high))


def rounded(parts: list[NamedPart], whole: float, *, step: float) -> list[float]:
    """Round parts so that they still add up: what is left over goes to those that rounding moved most.

    >>> parts = [{"name": "mix", "value": -5.14}, {"name": "right", "value": -0.72}]
    >>> [round(value, 1) for value in rounded(parts, -5.86, step=0.1)]
    [-5.2, -0.7]
    """
    exact = [part["value"] / step for part in parts]
    steps = [round(value) for value in exact]
    left = round(whole / step) - sum(steps)
    order = sorted(range(len(steps)), key=lambda place: (exact[place] - steps[place]) * (1 if left > 0 else -1))
    for place in order[::-1][: abs(left)]:
        steps[place] += 1 if left > 0 else -1
    return [count * step for count in steps]


def headline(document: ComparisonDocument) -> str:
    """Write what the figure was and by how much it moved, and whether cases or model changed more."""
    figure = document["sides"][1]["figures"].get(document["metric"])
    moved = document["differences"].get(document["metric"])
    first, second = names_of_sides(document)
    if figure is None or figure["value"] is None or moved is None or moved["value"] is None:
        return f"{second} and {first} cannot be compared: one of them has no figure."
    now = f"{_in(document, 1)} {_level(document, figure['value'])}, {_more(document, moved['value'])} {first}."
    return f"{now} {verdict(document)}".strip()


def verdict(document: ComparisonDocument) -> str:
    """Say in one sentence what changed more, the cases or the model; empty where nothing is known of it."""
    why = document["why"]
    if why is None:
        return ""
    if is_chance(why["difference"]):
        return "Chance alone could explain that."
    parts = {part["name"]: part for part in why["parts"]}
    mix, right = parts["mix"], parts["right"]
    dominant = max(why["parts"], key=lambda part: abs(part["value"]))["name"]
    if dominant in ("volume", "value_model"):
        return "Most of it is the number of decisions." if dominant == "volume" else "Most of it is the new prices."
    if not why["cause"]["is_beyond_chance"]:
        return "It is the model that changed: the mix of cases explains none of it."
    if mix["value"] * right["value"] < 0 and not is_chance(right):
        return _against(document, mix)
    return (
        "The cases changed more than the model did."
        if abs(mix["value"]) > abs(right["value"])
        else "The model changed more than the cases did."
    )


def moved_by(document: ComparisonDocument) -> list[tuple[str, str]]:
    """Return the difference and its parts, each with its name, rounded so that they add up."""
    why, amount = document["why"], amount_of(document)
    if why is None:
        moved = document["differences"].get(document["metric"])
        return [("", amount.with_word(moved["value"]))] if moved and moved["value"] is not None else []
    values = rounded(why["parts"], why["difference"]["value"], step=amount.step)
    named = [(part_name(document, part["name"]), amount.signed(value)) for part, value in _zip(why["parts"], values)]
    return [("", amount.with_word(why["difference"]["value"])), *named]


def in_short(document: ComparisonDocument) -> str:
    """Write the move for a list: “fell $192,000, three quarters of it through the mix of cases”; empty if not known."""
    why, amount = document["why"], amount_of(document)
    moved = why["difference"] if why else document["differences"].get(document["metric"])
    value = moved["value"] if moved else None
    if value is None:
        return ""
    if amount.is_nothing(value):
        return "did not move"
    text = f"{'fell' if value < 0 else 'rose'} {amount.size(value)} {amount.word}".strip()
    if why is None or is_chance(why["difference"]):
        return text + ("" if why is None else ", no more than chance alone could move it")
    part = max(why["parts"], key=lambda each: each["value"] / value)
    share = next((words for least, words in FRACTIONS if part["value"] / value >= least), "")
    article = "" if part["name"] == "right" else "the "
    through = f"through {article}{part_name(document, part['name'])}"
    if part["value"] / value > 1.2:
        return f"{text}: {amount.signed(part['value'])} {through}, and the rest went against it"
    return f"{text}, {share} {through}" if share else text


def part_name(document: ComparisonDocument, name: str) -> str:
    """Return what a part of the difference is called."""
    if name == "right":
        what = "error" if unit_of(document["metric"]).kind == "error" else "accuracy"
        return f"{'decisions' if document['kind'] == 'value' else what} at the same mix"
    return {"mix": "mix of cases", "volume": "number of decisions", "value_model": "new prices"}[name]


def is_chance(part: Moved) -> bool:
    """Say whether chance alone could move a part this far."""
    return part["chance_low"] <= 0 <= part["chance_high"]


def _in(document: ComparisonDocument, side: int) -> str:
    days = days_of(document["sides"][side])
    version = document["sides"][side]["version"]
    return in_period(*days) + (f" with version {version}" if version else "")


def _level(document: ComparisonDocument, value: float) -> str:
    """Say what the figure is, after the time."""
    metric, amount = document["metric"], amount_of(document)
    if metric in SHARES_RIGHT:
        decimals = 0 if amount.step == WHOLE_POINT else 1
        return f"{hundredths(value, decimals=decimals)} of 100 decisions were right"
    if metric in ("accuracy_difference", "within_gain"):
        return f"the model was right in {amount.size(value)} of 100 cases {_word(value)} than {BASELINE}"
    if metric == "mae":
        return f"the model was off by {amount.size(value)} {amount.word} on average".replace("  ", " ")
    if metric == "mae_gain":
        nearer = "nearer" if value >= 0 else "farther off"
        return f"the model was {amount.size(value)} {amount.word} {nearer} than {BASELINE}"
    if metric == "value_difference":
        return f"the model earned {amount.size(value)} {_word(value)} than {BASELINE}"
    return f"the model’s predictions {'were worth' if value >= 0 else 'lost'} {amount.size(value)}"


def _more(document: ComparisonDocument, value: float) -> str:
    """Say by how much that is more or less, before the other side."""
    amount = amount_of(document)
    if amount.is_nothing(value):
        return "about the same as in"
    counts = document["metric"] in (*SHARES_RIGHT, "accuracy_difference", "within_gain")
    less = "fewer" if counts else "less"
    return f"{amount.size(value)} {'more' if value > 0 else less} than in"


def _word(value: float) -> str:
    return "more" if value >= 0 else "less"


def _against(document: ComparisonDocument, mix: NamedPart) -> str:
    is_worse = (mix["value"] < 0) is not (unit_of(document["metric"]).kind == "error")
    return (
        "The cases got harder; at the same mix the model did better."
        if is_worse
        else "The cases got easier; at the same mix the model did worse."
    )


def _zip(parts: list[NamedPart], values: list[float]) -> list[tuple[NamedPart, float]]:
    return list(zip(parts, values, strict=True))
