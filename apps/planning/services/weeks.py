"""Which days a replay looks at: the last week that predictions came in, or the last week that they are of."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Max, Sum
from django.utils import timezone

from apps.common.errors import ConflictError
from apps.registry.models import MonitoredModel
from apps.sampling.models import PopulationCell

DAYS = 7
# Where more of a week's predictions than this are older than a week on arrival, they were sent late.
LATE_SHARE = 0.1


@dataclass(frozen=True)
class Week:
    """Seven days of a model's time zone, [start, end): of arrival, or of prediction."""

    start: datetime
    end: datetime
    is_by_prediction: bool


def last_week(model: MonitoredModel) -> Week:
    """Return the last seven days before today on which predictions arrived.

    Where none arrived then, or most were sent late, the days of prediction count, up to the newest one. Raises
    ConflictError for a model without predictions.
    """
    cells = PopulationCell.objects.filter(model=model).of_everyone()
    newest = cells.aggregate(newest=Max("day"))["newest"]
    if newest is None:
        raise ConflictError("Nothing can be replayed before predictions have come in and been drawn.", code="no_week")
    today = timezone.now().astimezone(model.zone).date()
    arrived = cells.filter(received_day__gte=today - timedelta(days=DAYS), received_day__lt=today)
    by_day = arrived.order_by().values_list("received_day", "day").annotate(Sum("n"))
    counted = [(received - made, n) for received, made, n in by_day]
    total, late = sum(n for _, n in counted), sum(n for age, n in counted if age > timedelta(days=DAYS))
    if total and late <= LATE_SHARE * total:
        return _week(model, last=today - timedelta(days=1), is_by_prediction=False)
    return _week(model, last=newest, is_by_prediction=True)


def _week(model: MonitoredModel, *, last: date, is_by_prediction: bool) -> Week:
    start = last - timedelta(days=DAYS - 1)
    return Week(_midnight(model, start), _midnight(model, last + timedelta(days=1)), is_by_prediction)


def _midnight(model: MonitoredModel, day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=model.zone)
