"""The answers on the desk that give a label, and the digits that select them."""

from dataclasses import dataclass

from apps.registry.models import MonitoredModel
from apps.review.pages.forms import CLASS

LAST_DIGIT = 9
OWN = "your answer"


@dataclass(frozen=True)
class Choice:
    """An answer that gives a label. Its digit selects it in every phase; `key` does, too."""

    value: str
    label: str
    digit: str = ""
    hint: str = ""
    key: str = ""
    is_chosen: bool = False


def classes(
    model: MonitoredModel,
    *,
    without: float | None = None,
    marked: float | None = None,
    own: float | None = None,
    is_disputed: bool = False,
) -> list[Choice]:
    """Return the classes in their order; none for a regression, which takes a number."""
    own_hint = "your answer, without the dispute" if is_disputed else OWN
    return [
        Choice(
            f"{CLASS}{position}",
            model.label(position),
            digit_of(model, position),
            own_hint if position == own else "the model’s answer" if position == marked else "",
            is_chosen=position == own and not is_disputed,
        )
        for position in range(len(model.classes))
        if position != without
    ]


def digit_of(model: MonitoredModel, position: float | None) -> str:
    """Return the digit of a class: the same in every phase; none from the tenth class on."""
    is_class = position is not None and not model.is_regression and position < LAST_DIGIT
    return str(int(position) + 1) if position is not None and is_class else ""
