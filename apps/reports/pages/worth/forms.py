"""The form in which an engineer states what a decision is worth: a table of amounts, or a cost per unit."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField
from django.http import QueryDict

from apps.registry.models import MonitoredModel, ValueModel
from apps.registry.services.documents import ValueModelSerializer

# With more classes, a table of amounts is no page: right and wrong answers get one amount each.
MOST_CLASSES = 12
LONGEST_REASON = 300
THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
LINE = re.compile(r"(?P<name>.+?)\s*[\s:=]\s*(?P<amount>\S+)")
FILLED = ("fill_right", "fill_wrong")


class AmountField(forms.DecimalField):
    """An amount as people type it: with separators of thousands, a currency's minus sign, spaces."""

    widget = forms.TextInput

    def __init__(self, *, digits: int = 20, places: int = 6, least: int | None = None, **options: Any) -> None:
        told = {"invalid": "Write a number, such as 250 or −40.50."}
        super().__init__(max_digits=digits, decimal_places=places, min_value=least, error_messages=told, **options)
        self.widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}

    def to_python(self, value: Any) -> Any:
        text = re.sub(r"[\s\u00a0\u202f']", "", str(value or "")).replace("−", "-")
        return super().to_python(text.replace(",", "") if THOUSANDS.fullmatch(text) else text)

    def prepare_value(self, value: Any) -> Any:
        return written(value) if isinstance(value, Decimal) else value


class PricesField(forms.CharField):
    """What one unit of each measured resource costs: a line for each, its name and the amount."""

    widget = forms.Textarea({"rows": 2})

    def clean(self, value: Any) -> dict[str, Decimal]:
        prices: dict[str, Decimal] = {}
        for line in filter(None, map(str.strip, str(super().clean(value)).splitlines())):
            found = LINE.fullmatch(line)
            if found is None:
                raise ValidationError(f"“{line}” is not a name and an amount, such as gpu_s 0.0004.")
            name = found["name"].rstrip(" :=")
            if name in prices:
                raise ValidationError(f"{name} stands there twice.")
            amount = AmountField(places=10, least=0).clean(found["amount"])
            prices[name] = amount if amount is not None else Decimal(0)
        return prices


@dataclass(frozen=True)
class MatrixRow:
    """What the model said, and a field for each class that may be true."""

    name: str
    fields: list[tuple[BoundField, bool]]  # with whether it is the right answer


class WorthForm(forms.Form):
    """The amounts of one model. `document` is what `valuing.state` takes, once the form is valid."""

    document: dict[str, Any]

    instead_of = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    currency = forms.RegexField(
        r"^[A-Za-z]{3}\Z",
        label="Currency",
        error_messages={"invalid": "Three letters, such as EUR."},
        help_text="Three letters, such as EUR or USD.",
    )
    is_per_amount = forms.ChoiceField(
        label="These amounts hold",
        choices=[("", "for each decision"), ("on", "for each unit of the decision’s amount, sent with the prediction")],
        widget=forms.RadioSelect,
        required=False,
    )
    review_cost = AmountField(
        digits=12, places=2, least=0, label="One review costs", help_text="Somebody’s time, mostly."
    )
    serving_cost = AmountField(
        places=10, least=0, label="Serving one prediction costs", help_text="Fractions of a cent are fine: 0.0021."
    )
    prices = PricesField(
        label="Prices of measured resources",
        required=False,
        help_text="One a line: the name in your rows and what one unit costs, such as gpu_s 0.0004.",
    )
    statement = forms.CharField(
        label="What the amounts stand for",
        widget=forms.Textarea({"rows": 3}),
        max_length=2_000,
        required=False,
        help_text="A sentence or two that readers of the reports see: what is counted, and who says so.",
    )
    reason = forms.CharField(
        label="Why they change",
        max_length=LONGEST_REASON,
        required=False,
        help_text="For the list of versions below.",
    )

    def __init__(self, data: Any = None, *, model: MonitoredModel, typed: Mapping[str, Any] | None = None) -> None:
        """`typed` is shown as it is, without being checked; by default, the amounts in force are shown."""
        self._model, self._current = model, model.current_value_model
        super().__init__(data, initial=_initial(self._current) if typed is None else dict(typed))
        if model.is_regression:
            self._add_costs()
        elif self.is_table:
            self._add_cells()
        else:
            self._add_two()

    @property
    def is_table(self) -> bool:
        """Whether each pair of classes has a field of its own."""
        return not self._model.is_regression and len(self._model.classes) <= MOST_CLASSES

    @property
    def is_uneven(self) -> bool:
        """Whether amounts are in force that two fields cannot say."""
        has_two = not self._model.is_regression and not self.is_table
        return has_two and self._current is not None and "fill_right" not in self.initial

    @property
    def matrix_rows(self) -> Iterator[MatrixRow]:
        names = self.true_classes
        for row, said in enumerate(names):
            yield MatrixRow(said, [(self[_cell(row, column)], row == column) for column in range(len(names))])

    @property
    def _places(self) -> list[tuple[int, int]]:
        every = range(len(self._model.classes))
        return [(row, column) for row in every for column in every]

    @property
    def true_classes(self) -> list[str]:
        return [self.class_name(name) for name in self._model.classes]

    def class_name(self, name: str) -> str:
        return str(self._model.class_labels.get(name, name))

    def clean_currency(self) -> str:
        return str(self.cleaned_data["currency"]).upper()

    def clean(self) -> dict[str, Any]:
        """Check the amounts as the API does, which also rounds them to the digits that are stored."""
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            serializer = ValueModelSerializer(data=self._as_sent(cleaned))
            if serializer.is_valid():
                self.document = dict(serializer.validated_data)
            for name, wrong in serializer.errors.items():
                self.add_error(name if name in self.fields else None, f"{name.replace('_', ' ').capitalize()}: {wrong}")
        return cleaned

    def _as_sent(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        sent = {name: cleaned[name] for name in ("currency", "statement", "reason")}
        sent |= {"per_amount": cleaned["is_per_amount"] == "on", "review_cost": str(cleaned["review_cost"])}
        sent |= {"serving_cost": str(cleaned["serving_cost"])}
        sent |= {"prices": {name: str(amount) for name, amount in cleaned["prices"].items()}}
        if self._model.is_regression:
            return sent | {name: str(cleaned[name]) for name in ("over_cost", "under_cost")}
        return sent | {"matrix": self._matrix(cleaned)}

    def _matrix(self, cleaned: dict[str, Any]) -> dict[str, dict[str, str]]:
        classes = self._model.classes
        if self.is_table:
            return {
                p: {t: str(cleaned[_cell(row, column)]) for column, t in enumerate(classes)}
                for row, p in enumerate(classes)
            }
        right, wrong = str(cleaned["fill_right"]), str(cleaned["fill_wrong"])
        return {p: {t: right if p == t else wrong for t in classes} for p in classes}

    def _add_cells(self) -> None:
        names = self.true_classes
        for row, column in self._places:
            field = AmountField(label=f"Predicted “{names[row]}”, in truth “{names[column]}”")
            field.widget.attrs["aria-label"] = field.label
            self.fields[_cell(row, column)] = field

    def _add_two(self) -> None:
        self.fields["fill_right"] = AmountField(label="Every right answer is worth")
        self.fields["fill_wrong"] = AmountField(
            label="Every wrong answer is worth", help_text="Below zero where it costs something."
        )

    def _add_costs(self) -> None:
        unit = self._model.unit or "unit"
        self.fields["over_cost"] = AmountField(
            least=0, label=f"Each {unit} too high costs", help_text="Where the prediction is above the truth."
        )
        self.fields["under_cost"] = AmountField(
            least=0, label=f"Each {unit} too low costs", help_text="Where the prediction is below the truth."
        )

    def cost_fields(self) -> list[BoundField]:
        names = ("over_cost", "under_cost") if self._model.is_regression else FILLED
        return [self[name] for name in names]


def filled(typed: QueryDict, *, model: MonitoredModel) -> dict[str, Any]:
    """Put the two amounts for right and wrong answers into every cell; an empty one leaves its cells as they are."""
    right, wrong = (typed.get(name, "").strip() for name in FILLED)
    places = range(len(model.classes)) if len(model.classes) <= MOST_CLASSES else ()
    cells = {_cell(row, column): right if row == column else wrong for row in places for column in places}
    return typed.dict() | {name: amount for name, amount in cells.items() if amount}


def _cell(row: int, column: int) -> str:
    return f"cell_{row}_{column}"


def _initial(current: ValueModel | None) -> dict[str, Any]:
    """Return the fields as they are in force."""
    if current is None:
        return {"instead_of": 0, "review_cost": Decimal(0), "serving_cost": Decimal(0), "is_per_amount": ""}
    prices = "\n".join(f"{name} {written(Decimal(amount))}" for name, amount in current.prices.items())
    found: dict[str, Any] = {
        "instead_of": current.version,
        "currency": current.currency,
        "is_per_amount": "on" if current.is_per_amount else "",
        "review_cost": current.review_cost,
        "serving_cost": current.serving_cost,
        "over_cost": current.over_cost,
        "under_cost": current.under_cost,
        "prices": prices,
        "statement": current.statement,
    }
    model, matrix = current.model, current.matrix
    if len(model.classes) <= MOST_CLASSES:
        return found | _cells(model.classes, matrix)
    right = {row.get(name) for name, row in matrix.items()}
    wrong = {amount for name, row in matrix.items() for truth, amount in row.items() if truth != name}
    if len(right) == len(wrong) == 1:
        found |= {"fill_right": Decimal(str(*right)), "fill_wrong": Decimal(str(*wrong))}
    return found


def _cells(classes: list[str], matrix: dict[str, dict[str, str]]) -> dict[str, Decimal]:
    return {
        _cell(row, column): Decimal(str(matrix[p][t]))
        for row, p in enumerate(classes)
        for column, t in enumerate(classes)
        if t in matrix.get(p, {})
    }


def written(amount: Decimal) -> str:
    """Write an amount as people would type it.

    >>> written(Decimal("650.000000")), written(Decimal("-0.50")), written(Decimal("1E+3")), written(Decimal("0E-10"))
    ('650', '-0.5', '1000', '0')
    """
    text = f"{amount:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text or "0"
