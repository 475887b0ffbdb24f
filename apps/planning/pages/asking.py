"""What do you want to know? The question in a sentence, and the policies that answer it."""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from apps.common.numerals import count, localized
from apps.planning.pages.editor import Editor
from apps.planning.pages.numbers import cases, hours, money
from apps.planning.pages.precision_rows import NAMES, askable, scale_of
from apps.planning.pages.typed import Sent
from apps.planning.services.expected import metrics_of
from apps.planning.services.precision import WEEKS
from apps.planning.services.preview import Known, known
from apps.planning.services.proposing import Proposal, Wish, propose, wished
from apps.sampling.services.validation import validated

LARGEST = 1e12
HOURS_A_DAY = 24.0
TOO_MUCH = " That is more time than people have, and with fewer cases no figure of a week stands."


class Ask:
    """The sentence to fill in, with the choices that the model has."""

    def __init__(self, editor: Editor) -> None:
        self._known = known(editor.model)
        self._model = editor.model

    @property
    def metrics(self) -> list[tuple[str, str, bool]]:
        return [(key, NAMES[key].lower(), place == 0) for place, key in enumerate(askable(self._model))]

    @property
    def parts(self) -> list[tuple[str, str]]:
        return [(f"{each.name}={each.value}", f"{each.name}: {each.meaning}") for each in self._known.recent.slices]

    @property
    def first(self) -> str:
        return NAMES[askable(self._model)[0]].lower()

    @property
    def unit(self) -> str:
        return (self._model.unit or "units") if self._model.is_regression else "points"

    @property
    def width(self) -> str:
        return "1" if self._model.is_regression else "2"

    @property
    def hours(self) -> str:
        """The hours that people have, as measured; eight where nobody has answered yet."""
        measured = sum(each.hours_a_day or 0.0 for each in self._known.efforts.values())
        return f"{measured:.1f}".removesuffix(".0") if measured else "8"


def proposal_of(data: Sent, editor: Editor) -> Mapping[str, Any]:
    """Return the proposal in words, with its document; only words where something typed cannot be read."""
    seen = known(editor.model)
    if seen.recent.is_empty:
        return {}
    width, time = (positive(data.get(name, "")) for name in ("width", "hours"))
    if width is None:
        return {"said": "Type how precise the figure has to be, as a number above 0."}
    if time is None or time > HOURS_A_DAY * 100:
        return {"said": "Type how many hours a day people have, as a number above 0."}
    weeks = next((each for each in WEEKS if str(each) == data.get("weeks")), WEEKS[1])
    wish = wished(
        seen,
        metrics=data.all("metrics"),
        half_width=width / scale_of(seen, metrics_of(editor.model)[0]),
        weeks=weeks,
        part=data.get("part", ""),
        minutes=60 * time,
    )
    found = propose(seen, wish, editor.draft.document)
    validated(found.document, model=editor.model)
    said = _said(found, seen, wish)
    return {"said": said, "document": json.dumps(found.document)}


def _said(found: Proposal, seen: Known, wish: Wish) -> str:
    size = len(found.document["policies"])
    policies = ("The floor alone", "One policy and the floor")[size] if size <= 1 else f"{size} policies and the floor"
    costs = [f"{cases(found.outlook.all.mean)} cases"]
    if found.minutes is not None:
        costs.append(hours(found.minutes))
    cost = seen.cost(found.outlook)
    value = seen.recent.model.current_value_model
    if cost is not None and value is not None:
        costs.append(money(cost, value.currency))
    shown = partial(_shown, scale=scale_of(seen, wish.metrics[0]))
    if found.reached.half_width is None:
        return "No policy can tell this: the figure needs something that these predictions do not have."
    said = f"{policies} would tell it to within ± {shown(found.reached.half_width)}, for {_listed(costs)} a day."
    if found.is_capped:
        is_too_much = bool(wish.minutes and found.minutes and found.minutes > wish.minutes)
        said += TOO_MUCH if is_too_much else " That is what people’s time allows."
    if found.present.half_width is not None:
        said += f" The present ones reach ± {shown(found.present.half_width)}."
    if found.at_random is not None:
        said += f" Random sampling would take {cases(found.at_random)} cases for the same."
    return said


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _shown(half_width: float, *, scale: float) -> str:
    number = half_width * scale
    return count(number) if number >= 100 else localized(f"{number:.2g}")


def positive(text: str) -> float | None:
    """Read a number above zero; None for anything else."""
    try:
        value = float(text.strip().replace(",", ""))
    except ValueError:
        return None
    return value if 0 < value < LARGEST else None
