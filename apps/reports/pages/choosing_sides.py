"""The sides of a comparison as people choose them: a window by its name, a version, or days of one's own."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.urls import reverse
from django.utils import timezone

from apps.common import dates
from apps.registry.models import MonitoredModel
from apps.reports.models import Kind
from apps.reports.pages import numbers
from apps.reports.pages.windows import tab_label
from apps.reports.services.comparisons import Side
from apps.reports.services.versions import versions_of
from apps.reports.services.windows import default_of, has_predictions, offered, seen_days, today_of

MONTHS_BACK = 12
APART = "_"


@dataclass(frozen=True)
class Choice:
    """One side in the list."""

    key: str
    label: str


class SidesForm(forms.Form):
    """Two sides from the lists; days of one's own and versions win where they are given.

    Of reports on value, each side may be valued at earlier prices.
    """

    def __init__(self, answers: Any, *, model: MonitoredModel, kind: str) -> None:
        super().__init__(answers)
        self.model = model
        prices = prices_of(model) if kind == Kind.VALUE else []
        choices = choices_of(model)
        versions = [("", "all versions"), *((each.name, each.name) for each in versions_of(model))]
        for name in ("second", "first"):
            listed = [(choice.key, choice.label) for choice in choices]
            chosen = self.data.get(name, "")
            if chosen and chosen not in dict(listed) and (side := side_of(chosen)) is not None:
                listed.insert(0, (chosen, label_of(side)))
            label = "Compare" if name == "second" else "against"
            # Days of one's own are sent without the choice that they replace.
            is_needed = not (self.data.get(f"{name}_start") or self.data.get(f"{name}_through"))
            self.fields[name] = forms.ChoiceField(label=label, choices=listed, required=is_needed)
            self.fields[f"{name}_start"] = _day("From")
            self.fields[f"{name}_through"] = _day("Through")
            self.fields[f"{name}_version"] = forms.ChoiceField(label="Version", choices=versions, required=False)
            if prices:
                self.fields[f"{name}_prices"] = forms.TypedChoiceField(
                    label="Prices", choices=prices, required=False, coerce=int, empty_value=None
                )

    @property
    def has_prices(self) -> bool:
        return "first_prices" in self.fields

    def clean(self) -> dict[str, Any]:
        """Add `sides`, first and second."""
        data = self.cleaned_data
        if not self.errors:
            sides = [self._side(name) for name in ("first", "second")]
            data["sides"] = None if None in sides else tuple(sides)
        return data

    def _side(self, name: str) -> Side | None:
        data = self.cleaned_data
        start, through = data.get(f"{name}_start"), data.get(f"{name}_through")
        version, prices = data.get(f"{name}_version") or None, data.get(f"{name}_prices")
        if start or through:
            if not start or not through or through < start:
                self.add_error(f"{name}_through", "Enter a first day and a last one that is not before it.")
                return None
            return Side(start, through + timedelta(days=1), version, prices)
        side = side_of(data.get(name, ""))
        if side is None:
            self.add_error(name, "Choose a window.")
            return None
        return replace(side, version=version or side.version, value_model=prices)


def prices_of(model: MonitoredModel) -> list[tuple[str, str]]:
    """List the present prices and the earlier ones; nothing without earlier ones."""
    present, *earlier = model.champion.value_models.order_by("-version").values_list("version", flat=True) or [None]
    if not earlier:
        return []
    return [("", f"present ({present})"), *((str(version), f"version {version}") for version in earlier)]


def choices_of(model: MonitoredModel) -> list[Choice]:
    """List the windows that hold predictions: the standing ones, months, and versions where there are several."""
    now, today, seen = timezone.now(), today_of(model), seen_days(model)
    if seen is None:
        return []
    found = {key_of(Side(each.start, each.end)): tab_label(each, today=today) for each in offered(model, now=now)}
    month = today.replace(day=1)
    for _ in range(MONTHS_BACK):
        after = (month + timedelta(days=31)).replace(day=1)
        if month <= seen[1] and seen[0] < after:
            found.setdefault(
                key_of(Side(month, after)), f"{month:%B}" if month.year == today.year else f"{month:%B %Y}"
            )
        month = (month - timedelta(days=1)).replace(day=1)
    versions = versions_of(model)
    for version in versions if len(versions) > 1 else ():
        side = Side(version.since, today + timedelta(days=1), version.name)
        found[key_of(side)] = f"Version {version.name}, since {dates.of_year(version.since)}"
    return [Choice(key, label) for key, label in found.items()]


def usual_sides(model: MonitoredModel) -> tuple[Side, Side] | None:
    """Return the usual window and the one before it; None without predictions before."""
    second = usual_side(model)
    first = side_before(model, second) if second else None
    return (first, second) if first and second else None


def usual_side(model: MonitoredModel) -> Side | None:
    """Return the usual window; None before the first prediction."""
    usual = default_of(offered(model, now=timezone.now()))
    return Side(usual.start, usual.end) if usual else None


def side_before(model: MonitoredModel, side: Side) -> Side | None:
    """Return the window before: of a month the month before, else as many days; None without predictions."""
    start = side.start - (side.end - side.start)
    if numbers.is_month(side.start, side.end):
        start = (side.start - timedelta(days=1)).replace(day=1)
    return Side(start, side.start) if has_predictions(model, start, side.start) else None


def key_of(side: Side) -> str:
    """Write the days and the version of a side for an address.

    >>> key_of(Side(date(2026, 8, 1), date(2026, 9, 1), "v_7"))
    '2026-08-01_2026-09-01_v_7'
    """
    parts = [side.start.isoformat(), side.end.isoformat(), *([side.version] if side.version else [])]
    return APART.join(parts)


def side_of(key: str) -> Side | None:
    """Read a side from an address.

    >>> side_of("2026-08-01_2026-09-01_v_7").version, side_of("2026-09-01_2026-08-01")
    ('v_7', None)
    """
    start, _, rest = key.partition(APART)
    end, _, version = rest.partition(APART)
    try:
        first, after = date.fromisoformat(start), date.fromisoformat(end)
    except ValueError:
        return None
    return Side(first, after, version or None) if first < after else None


def label_of(side: Side) -> str:
    parts = [numbers.period(side.start, side.end)]
    parts += [f"version {side.version}"] if side.version else []
    parts += [f"prices {side.value_model}"] if side.value_model else []
    return ", ".join(parts)


def address_of(model: MonitoredModel, kind: str, first: Side, second: Side) -> str:
    """Return the address of a comparison by its sides: it stays the same when more is known."""
    sides = {"second": second, "first": first}
    query = urlencode(
        {name: key_of(side) for name, side in sides.items()}
        | {f"{name}_prices": side.value_model for name, side in sides.items() if side.value_model}
    )
    return f"{reverse('compare', args=[model.project.slug, model.slug, kind])}?{query}"


def _day(label: str) -> forms.DateField:
    return forms.DateField(label=label, required=False, widget=forms.DateInput({"type": "date"}))
