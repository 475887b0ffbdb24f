"""A worked example in words: what the amounts typed so far would mean for 1,000 decisions like the latest ones."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from apps.common.numerals import count, fixed, localized
from apps.registry.models import MonitoredModel
from apps.reports.engine.document import Figure
from apps.reports.engine.rounding import Unit, figure_text, money, step_of
from apps.reports.pages import numbers
from apps.reports.pages.sheets.costs import exact
from apps.reports.pages.worth.basis import Basis, Table
from apps.reports.pages.worth.forms import WorthForm, written

PER = 1_000
# The parts above are rounded: a sum this near to the report’s is the same.
ROUNDED = 0.01
# Sentences about single kinds of decisions; the others are summed up.
MOST_LINES = 6
WITHOUT_AMOUNTS = "Some predictions came without an amount, so their sum is not known yet."


@dataclass(frozen=True)
class Line:
    """One kind of decision: what it is worth, and what 1,000 decisions hold of it."""

    each: str
    of_many: str


@dataclass(frozen=True)
class Worked:
    """The example. `is_invented`: its numbers stand for no report."""

    lines: list[Line]
    total: str
    costs: list[str]
    last_report: str
    like: str
    is_invented: bool
    unclear: list[str]


@dataclass(frozen=True)
class _Kind:
    """A kind of decision: words for it, the share it has, and what one is worth."""

    said: str
    share: float
    at_stake: float | None
    worth: Decimal

    @property
    def together(self) -> float | None:
        return None if self.at_stake is None else PER * self.at_stake * float(self.worth)


def worked(form: WorthForm, model: MonitoredModel, basis: Basis) -> Worked:
    """Work the example out for what has been typed; a field with a mistake is left out and named."""
    amounts: Mapping[str, Any] = form.initial
    if form.is_bound:
        form.is_valid()
        amounts = form.cleaned_data
    currency = str(amounts.get("currency") or "").upper()
    kinds = list(_kinds(form, model, basis, amounts))
    wanted = len(basis.table) * len(basis.table[0])
    lines = list(_lines(kinds, model, currency, is_per_amount=bool(amounts.get("is_per_amount"))))
    is_whole = len(kinds) == wanted
    return Worked(
        lines=lines,
        total=_total(kinds, model, currency) if is_whole else "",
        costs=list(_costs(amounts, currency)),
        last_report=_last_report(kinds, basis, currency) if is_whole else "",
        like=f"{_many(model)} like those of {basis.period}" if basis.period else "",
        is_invented=not basis.period,
        unclear=[str(form[name].label) for name in form.errors if name in form.fields] if form.is_bound else [],
    )


def _kinds(form: WorthForm, model: MonitoredModel, basis: Basis, amounts: Mapping[str, Any]) -> Iterator[_Kind]:
    by_amount: Table | None = basis.by_amount if amounts.get("is_per_amount") else basis.table
    for row, shares in enumerate(basis.table):
        for column, share in enumerate(shares):
            worth = amounts.get(_name(form, model, row, column))
            if isinstance(worth, Decimal):
                worth = -worth if model.is_regression else worth
                at_stake = by_amount[row][column] if by_amount else None
                yield _Kind(_said(form, model, row, column), share, at_stake, worth)


def _name(form: WorthForm, model: MonitoredModel, row: int, column: int) -> str:
    if model.is_regression:
        return ("over_cost", "under_cost")[column]
    if form.is_table:
        return f"cell_{row}_{column}"
    return "fill_right" if row == column else "fill_wrong"


def _said(form: WorthForm, model: MonitoredModel, row: int, column: int) -> str:
    if model.is_regression:
        unit = model.unit or "unit"
        return f"Each {unit} too {('high', 'low')[column]}"
    said, true = (form.class_name(model.classes[place]) for place in (row, column))
    return f"Predicting “{said}”, rightly," if row == column else f"Predicting “{said}” where “{true}” is true"


def _lines(kinds: list[_Kind], model: MonitoredModel, currency: str, *, is_per_amount: bool) -> Iterator[Line]:
    """Word the kinds that weigh most; those worth nothing come last."""
    ranked = sorted(kinds, key=lambda kind: -abs(kind.together if kind.together is not None else float(kind.worth)))
    shown = kinds if len(kinds) <= MOST_LINES else ranked[:MOST_LINES]
    per = " for each unit of its amount" if is_per_amount else ""
    for kind in shown:
        yield Line(f"{kind.said} {_worth(kind.worth, currency)}{per}.", _of_many(kind, model, currency))
    rest = [kind.together for kind in ranked[MOST_LINES:]] if len(shown) < len(kinds) else []
    if rest and None not in rest:
        together = sum(each or 0.0 for each in rest)
        yield Line(f"All {numbers.count(len(rest))} other kinds.", f"Together {_money(together, currency)}.")


def _worth(worth: Decimal, currency: str) -> str:
    if not worth:
        return "is worth nothing"
    return f"{'brings' if worth > 0 else 'costs'} {exact(written(abs(worth)), currency)}"


def _of_many(kind: _Kind, model: MonitoredModel, currency: str) -> str:
    if model.is_regression:
        off = f"Over {count(PER)} predictions these add up to {_rounded(kind.share * PER)} {model.unit or 'units'}"
    else:
        off = f"Of {count(PER)} decisions that would be {_rounded(kind.share * PER)}"
    if kind.together is None:
        return f"{off}. {WITHOUT_AMOUNTS}"
    return f"{off}: {_money(kind.together, currency)}." if kind.worth else f"{off}."


def _total(kinds: list[_Kind], model: MonitoredModel, currency: str) -> str:
    total = _sum(kinds)
    if total is None:
        return ""
    right = sum(kind.share for kind in kinds)
    lead = f"Together, {count(PER)} {_many(model)} {'cost' if total < 0 else 'bring'}"
    return f"{lead} {_money(abs(total), currency)}." if right else ""


def _sum(kinds: list[_Kind]) -> float | None:
    parts = [kind.together for kind in kinds]
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


def _costs(amounts: Mapping[str, Any], currency: str) -> Iterator[str]:
    serving, review = amounts.get("serving_cost"), amounts.get("review_cost")
    if isinstance(serving, Decimal) and serving:
        yield f"Serving {count(PER)} predictions costs {exact(written(PER * serving), currency)}."
    if isinstance(review, Decimal) and review:
        yield f"One hundred reviews cost {exact(written(100 * review), currency)}."


def _last_report(kinds: list[_Kind], basis: Basis, currency: str) -> str:
    """Say what the newest value report would read."""
    total, report = _sum(kinds), basis.report
    if report is None or total is None:
        return ""
    would = total / PER * basis.traffic
    figure: Figure = report.document["headline"]["figures"]["value_total"]
    value = report.document["value"]
    was = ""
    if figure["value"] is not None:
        if value["currency"] == currency and abs(would - figure["value"]) <= ROUNDED * abs(figure["value"]):
            text = figure_text(figure, Unit("money", currency))
            return f"With these amounts the report on {basis.period} reads {text}, as it does."
        version = f"with version {value['version']} of the amounts it reads"
        was = f"; {version} {figure_text(figure, Unit('money', value['currency']))}"
    return f"At these amounts the report on {basis.period} would read about {_money(would, currency)}{was}."


def _many(model: MonitoredModel) -> str:
    return "predictions" if model.is_regression else "decisions"


def _money(value: float, currency: str) -> str:
    return money(value, currency=currency, step=step_of(value, None, None) if value else 1)


def _rounded(number: float) -> str:
    """Write a count to three digits.

    >>> _rounded(82.6), _rounded(0.42), _rounded(12_345.6)
    ('83', '0.42', '12,300')
    """
    if abs(number) >= 100:
        return count(float(f"{number:.3g}"))
    return fixed(number, 0) if abs(number) >= 10 else localized(f"{number:.2g}")
