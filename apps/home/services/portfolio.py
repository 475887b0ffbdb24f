"""The portfolio: what each model of a project earned in a month, beside the month before, and all of them together."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property

from apps.accounts.models import Project
from apps.home.services.months import Month
from apps.notifications.models import Alert
from apps.registry.models import MonitoredModel
from apps.reports.models import Headline, Kind
from apps.reports.services.weekly import Week, pooled
from apps.stats.independent import Ranged, difference, total

WEEKS = 8
DIFFERENCE = "value_difference"


@dataclass(frozen=True)
class Alerts:
    """The open alerts of a model, and how many of them nobody has."""

    open: int = 0
    new: int = 0


@dataclass(frozen=True)
class Row:
    """One model in a month. Its money is None without a value model, and where the report has no figure."""

    model: MonitoredModel
    value: Headline | None
    right: Headline | None
    # What it earned beyond its baseline in the month, and in the one before: of a month under way, in as many days.
    worth: Ranged | None
    before: Ranged | None
    n_before: float | None
    weeks: list[Week]
    alerts: Alerts

    @property
    def currency(self) -> str:
        return self.value.currency if self.value else ""

    @property
    def at_risk(self) -> float | None:
        """How far the month may lie below the one before, at the low end of its range."""
        return at_risk(self.worth, self.before)

    @property
    def spend(self) -> Decimal | None:
        return self.value.review_cost if self.value else None

    @property
    def headline(self) -> Headline | None:
        """The row to open the report of."""
        return self.value if self.value and self.value.currency else self.right or self.value

    @property
    def final_through(self) -> date | None:
        days = [each.final_through for each in (self.value, self.right) if each and each.final_through]
        return max(days, default=None)

    @property
    def is_final(self) -> bool:
        return all(each.is_final for each in (self.value, self.right) if each)


def at_risk(worth: Ranged | None, before: Ranged | None) -> float | None:
    return None if worth is None or before is None else max(0.0, before.value - worth.low)


@dataclass(frozen=True)
class Total:
    """All priced models of one currency. They are independent, so variances add and not ranges."""

    currency: str
    rows: list[Row]

    @cached_property
    def worth(self) -> Ranged:
        return total(row.worth for row in self.rows if row.worth)

    @cached_property
    def compared(self) -> list[Row]:
        """The models with a figure of both months."""
        return [row for row in self.rows if row.worth and row.before]

    @cached_property
    def before(self) -> Ranged | None:
        return total(row.before for row in self.compared if row.before) if self.compared else None

    @cached_property
    def change(self) -> Ranged | None:
        if self.before is None:
            return None
        return difference(total(row.worth for row in self.compared if row.worth), self.before)

    @property
    def at_risk(self) -> float | None:
        now = total(row.worth for row in self.compared if row.worth)
        return at_risk(now, self.before)

    @property
    def spend(self) -> Decimal:
        return sum((row.spend for row in self.rows if row.spend), Decimal())

    @property
    def n(self) -> int:
        return sum(row.value.n for row in self.rows if row.value)

    def leader(self) -> tuple[Row, float] | None:
        """Return the model that moved the total most in its direction, and its share of the change."""
        if self.change is None or len(self.compared) < 2 or self.change.value == 0:
            return None
        all_of_it = self.change.value
        moved = [(row, row.worth.value - row.before.value) for row in self.compared if row.worth and row.before]
        row, most = max(moved, key=lambda each: each[1] / all_of_it)
        return row, most / all_of_it


@dataclass(frozen=True)
class Portfolio:
    """The models of a project in one month; `month` is None before any figure is made."""

    month: Month | None
    months: list[date]
    rows: list[Row]
    totals: list[Total] = field(default_factory=list)

    @property
    def has_figures(self) -> bool:
        return any(row.headline for row in self.rows)


def portfolio(
    project: Project,
    models: Sequence[MonitoredModel],
    alerts: Iterable[Alert],
    *,
    month: Month | None,
    months: list[date],
) -> Portfolio:
    """Read the month's figures of these models, most money at risk first; in one query."""
    alarmed = _by_model(alerts)
    if month is None:
        nothing = [Row(each, None, None, None, None, None, [], alarmed.get(each.pk, Alerts())) for each in models]
        return Portfolio(None, months, nothing)
    figures = _figures(project, month)
    rows = [_row(model, month, figures.get(model.pk, {}), alarmed.get(model.pk, Alerts())) for model in models]
    return Portfolio(month, months, sorted(rows, key=_by_risk), _totals(rows))


Figures = dict[tuple[str, date], Headline]


def _figures(project: Project, month: Month) -> dict[int, Figures]:
    """Read the newest figures of the month and of the two before, by model."""
    starts = (month.start, *month.earlier)
    found = Headline.objects.filter(model__project=project, start__in=starts, end__in=(month.end, *starts[:-1]))
    by_model: dict[int, Figures] = defaultdict(dict)
    for each in found.newest():
        if each.end == month.end_of(each.start):
            by_model[each.model_id][each.kind, each.start] = each
    return by_model


def _row(model: MonitoredModel, month: Month, figures: Figures, alerts: Alerts) -> Row:
    value, right = (figures.get((kind, month.start)) for kind in (Kind.VALUE, Kind.PERFORMANCE))
    earlier = figures.get((Kind.VALUE, month.earlier[0]))
    before, n_before = _worth(earlier), float(earlier.n) if earlier else None
    if value and earlier and (share := month.share_over(value.as_of)) < 1:
        before, n_before = before.scaled(share) if before else None, earlier.n * share
    if value and earlier and value.currency != earlier.currency:
        before = None
    performance = [each for (kind, _), each in figures.items() if kind == Kind.PERFORMANCE]
    weeks = _weeks(performance, of=right) if right else []
    return Row(model, value, right, _worth(value), before, n_before, weeks, alerts)


def _worth(headline: Headline | None) -> Ranged | None:
    """Return the gain over the baseline; nothing else may be added up or compared."""
    if headline is None or not headline.currency or headline.metric != DIFFERENCE:
        return None
    return ranged(headline)


def ranged(headline: Headline) -> Ranged | None:
    """Return the figure with its range; counted figures have one without width."""
    value = headline.value
    if value is None:
        return None
    low, high = headline.low, headline.high
    return Ranged(value, value if low is None else low, value if high is None else high)


def _weeks(performance: Iterable[Headline], *, of: Headline) -> list[Week]:
    parts = [Week.read(stored) for each in performance if each.metric == of.metric for stored in each.weeks]
    return pooled(parts)[-WEEKS:]


def _by_model(alerts: Iterable[Alert]) -> dict[int, Alerts]:
    standing = [each for each in alerts if each.state != Alert.State.RESOLVED]
    all_of = Counter(each.model_id for each in standing)
    new = Counter(each.model_id for each in standing if each.state == Alert.State.FIRING)
    return {model: Alerts(number, new[model]) for model, number in all_of.items()}


def _by_risk(row: Row) -> tuple[bool, float, str]:
    return row.worth is None, -(row.at_risk or 0.0), row.model.name.lower()


def _totals(rows: Iterable[Row]) -> list[Total]:
    by_currency: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.worth is not None:
            by_currency[row.currency].append(row)
    totals = [Total(currency, priced) for currency, priced in by_currency.items()]
    return sorted(totals, key=lambda each: (-len(each.rows), each.currency))


def as_of(rows: Iterable[Row]) -> datetime | None:
    """Return the moment of the newest figure."""
    moments = [each.as_of for row in rows for each in (row.value, row.right) if each]
    return max(moments, default=None)
