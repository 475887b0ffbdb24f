"""Cohorts: how much truth is known about each day's predictions."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Count, Sum
from django.db.models.functions import TruncDate

from apps.registry.models import MonitoredModel, ScoreBinning
from apps.sampling.models import PopulationCell
from apps.truth.models import Resolution

PROVISIONAL, MATURING, FINAL = "provisional", "maturing", "final"


@dataclass(frozen=True)
class Cohort:
    """The predictions of one day in the project's time zone.

    Provisional: no outcome yet. Maturing: some outcomes are in. Final: older than the model's horizon, so the rule
    for absent outcomes settles the rest (`absent`); without such a rule they stay unknown.
    """

    day: date
    n: int
    outcomes: int
    state: str
    absent: int = 0

    @property
    def known(self) -> int:
        """Count the predictions whose truth is settled by an outcome or by the rule."""
        return self.outcomes + self.absent


def day_start(model: MonitoredModel, day: date) -> datetime:
    """Return the moment at which this day begins in the project's time zone."""
    return datetime.combine(day, time(), tzinfo=model.zone)


def cohorts(model: MonitoredModel, *, start: date, end: date, seq: int, as_of: datetime) -> list[Cohort]:
    """Return the days in [start, end) that have predictions, as of a resolution number."""
    sizes = _sizes(model, start, end)
    outcomes = _outcomes(model, start, end, seq=seq)
    return [_cohort(model, day, sizes[day], outcomes.get(day, 0), as_of=as_of) for day in sorted(sizes)]


def is_final(model: MonitoredModel, day: date, *, as_of: datetime) -> bool:
    """Say whether every prediction of the day is older than the horizon."""
    return day_start(model, day + timedelta(days=1)) + model.horizon <= as_of


def _cohort(model: MonitoredModel, day: date, n: int, outcomes: int, *, as_of: datetime) -> Cohort:
    # An outcome can arrive before its prediction is drawn and counted in the cells.
    n = max(n, outcomes)
    if is_final(model, day, as_of=as_of):
        absent = 0 if model.outcome_if_absent is None else n - outcomes
        return Cohort(day, n, outcomes, FINAL, absent)
    return Cohort(day, n, outcomes, MATURING if outcomes else PROVISIONAL)


def _sizes(model: MonitoredModel, start: date, end: date) -> dict[date, int]:
    version = ScoreBinning.in_force(model).version
    cells = PopulationCell.objects.filter(model=model).in_bins(version).of_everyone().between(start, end)
    return dict(cells.values("day").annotate(size=Sum("n")).values_list("day", "size"))


def _outcomes(model: MonitoredModel, start: date, end: date, *, seq: int) -> dict[date, int]:
    """Count predictions with an outcome, by day. Outcomes are corrected but never withdrawn, so any row will do."""
    known = (
        Resolution.objects.filter(model=model, seq__lte=seq, outcome__isnull=False)
        .predicted_between(day_start(model, start), day_start(model, end))
        .annotate(day=TruncDate("prediction__predicted_at", tzinfo=model.zone))
    )
    counted = known.values("day").annotate(size=Count("prediction", distinct=True))
    return dict(counted.values_list("day", "size"))
