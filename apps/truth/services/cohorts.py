"""Cohorts: how much truth is known about each day's predictions."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Count, Sum
from django.db.models.functions import TruncDate

from apps.predictions.models import Prediction
from apps.registry.models import ModelVersion, MonitoredModel, ScoreBinning
from apps.sampling.models import PopulationCell
from apps.sampling.services.moments import drawn_batches
from apps.truth.models import Resolution
from apps.truth.services import observing

PROVISIONAL, MATURING, FINAL = "provisional", "maturing", "final"
# A final day with fewer of its outcomes in says too little: it is estimated from its reviews.
CLOSED_SHARE = 0.9


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
    # Without an outcome, because the decision removed it
    hidden: int = 0

    @property
    def observable(self) -> int:
        """Count the predictions whose outcome may be observed."""
        return self.n - self.hidden

    @property
    def known(self) -> int:
        """Count the predictions whose truth is settled by an outcome or by the rule."""
        return self.outcomes + self.absent

    @property
    def is_closed(self) -> bool:
        """Whether figures of this day rest on its outcomes, not on its reviews."""
        return self.state == FINAL and self.n > 0 and self.known >= CLOSED_SHARE * self.observable


def day_start(model: MonitoredModel, day: date) -> datetime:
    """Return the moment at which this day begins in the project's time zone."""
    return datetime.combine(day, time(), tzinfo=model.zone)


def day_of(model: MonitoredModel, moment: datetime) -> date:
    """Return the day of a moment in the project's time zone."""
    return moment.astimezone(model.zone).date()


def days_so_far(model: MonitoredModel, end: date, *, as_of: datetime) -> date:
    """Return the end of the window, or of the day of a moment within it: later days do not exist yet."""
    return min(end, day_of(model, as_of) + timedelta(days=1))


def cohorts(
    model: MonitoredModel, *, start: date, end: date, seq: int, as_of: datetime, version: ModelVersion | None = None
) -> list[Cohort]:
    """Return the days in [start, end) that have predictions, as of a resolution number and of a moment.

    With a version, only its predictions count.
    """
    end = days_so_far(model, end, as_of=as_of)
    sizes = _sizes(model, start, end, as_of=as_of, version=version)
    outcomes = _outcomes(model, start, end, seq=seq, as_of=as_of, version=version)
    hidden = _hidden(model, start, end, seq=seq, as_of=as_of, version=version)
    return [
        _cohort(model, day, sizes[day], outcomes.get(day, 0), hidden.get(day, 0), as_of=as_of) for day in sorted(sizes)
    ]


def is_final(model: MonitoredModel, day: date, *, as_of: datetime) -> bool:
    """Say whether every prediction of the day is older than the horizon."""
    return day_start(model, day + timedelta(days=1)) + model.horizon <= as_of


def _cohort(model: MonitoredModel, day: date, n: int, outcomes: int, hidden: int, *, as_of: datetime) -> Cohort:
    if is_final(model, day, as_of=as_of):
        absent = 0 if model.outcome_if_absent is None else n - outcomes - hidden
        return Cohort(day, n, outcomes, FINAL, absent, hidden)
    return Cohort(day, n, outcomes, MATURING if outcomes else PROVISIONAL, hidden=hidden)


def _sizes(
    model: MonitoredModel, start: date, end: date, *, as_of: datetime, version: ModelVersion | None
) -> dict[date, int]:
    bins = ScoreBinning.in_force(model, at=as_of).version
    cells = PopulationCell.objects.filter(model=model).in_bins(bins).of_everyone().of_version(version)
    cells = cells.between(start, end).drawn_by(as_of)
    return dict(cells.values("day").annotate(size=Sum("n")).values_list("day", "size"))


def _outcomes(
    model: MonitoredModel, start: date, end: date, *, seq: int, as_of: datetime, version: ModelVersion | None
) -> dict[date, int]:
    """Count predictions with an outcome, by day: of those that were drawn, as in the cells.

    Outcomes are corrected but never withdrawn, so any row will do.
    """
    known = (
        Resolution.objects.filter(model=model, seq__lte=seq, outcome__isnull=False)
        .filter(prediction__batch__in=drawn_batches(model, by=as_of))
        .predicted_between(day_start(model, start), day_start(model, end))
        .annotate(day=TruncDate("prediction__predicted_at", tzinfo=model.zone))
    )
    if version is not None:
        known = known.filter(prediction__version=version)
    counted = known.values("day").annotate(size=Count("prediction", distinct=True))
    return dict(counted.values_list("day", "size"))


def _hidden(
    model: MonitoredModel, start: date, end: date, *, seq: int, as_of: datetime, version: ModelVersion | None
) -> dict[date, int]:
    """Count predictions whose outcome can never be observed, by day: of those that were drawn, as in the cells."""
    if not observing.is_selective(model):
        return {}
    rows = Prediction.objects.filter(model=model, batch__in=drawn_batches(model, by=as_of)).of_version(version)
    rows = rows.filter(predicted_at__gte=day_start(model, start), predicted_at__lt=day_start(model, end))
    hidden = observing.with_visibility(rows, model, seq=seq, as_of=as_of).filter(is_hidden=True).order_by()
    counted = hidden.annotate(day=TruncDate("predicted_at", tzinfo=model.zone)).values("day")
    return dict(counted.annotate(size=Count("pk")).values_list("day", "size"))
