"""Have months that are over compared with the time before, so that first pages and mails can say why a figure moved."""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from apps.common.isolation import one_by_one
from apps.registry.models import ValueModel
from apps.reports.models import ComparisonJob, FollowedWindow, Headline, Kind
from apps.reports.services.comparisons import Side, request_comparison
from apps.reports.services.standing import days_before

# A figure that has stood longer was explained, or cannot be.
NEWS = timedelta(days=1)
# Labels that come late move a closed month every quarter of an hour; its reason hardly.
AGAIN = timedelta(hours=6)
MOST_LOOKED_AT, MOST_AT_ONCE = 200, 5


def explain_due(*, now: datetime | None = None) -> int:
    """Ask for comparisons of the months that people follow, and return how many were asked for."""
    asked = 0

    def ask(headline: Headline) -> None:
        nonlocal asked
        if asked < MOST_AT_ONCE:
            asked += _ask(headline)

    one_by_one(list(_unexplained(now or timezone.now())[:MOST_LOOKED_AT]), ask, name="explain_months")
    return asked


def _unexplained(now: datetime) -> QuerySet[Headline]:
    """Keep new figures of whole months that are over, where nobody has asked for the reason since."""
    window = {name: OuterRef(name) for name in ("model", "kind", "start", "end")}
    followed = FollowedWindow.objects.filter(**window, version=None, kept_until__gt=now)
    jobs = ComparisonJob.objects.filter(
        Q(requested_at__gt=OuterRef("created_at")) | Q(requested_at__gt=now - AGAIN),
        model=OuterRef("model"),
        kind=OuterRef("kind"),
        first_end=OuterRef("start"),
        second_start=OuterRef("start"),
        second_end=OuterRef("end"),
    )
    # Lists show money where decisions have a value, and else how often they are right.
    priced = Exists(ValueModel.objects.filter(model=OuterRef("model")))
    rows = Headline.objects.filter(is_newest=True, created_at__gt=now - NEWS, value__isnull=False)
    rows = rows.filter(start__day=1, end__day=1, end__lte=now.date(), model__archived_at=None)
    rows = rows.filter(Q(priced, kind=Kind.VALUE) | Q(~priced, kind=Kind.PERFORMANCE))
    return rows.filter(Exists(followed), ~Exists(jobs)).select_related("model__project").order_by("-created_at")


def _ask(headline: Headline) -> bool:
    """Ask for the comparison with the time before, where that has a figure."""
    start, end = days_before(headline.start, headline.end)
    before = Headline.objects.filter(model=headline.model_id, kind=headline.kind, start=start, end=end, is_newest=True)
    if not before.filter(value__isnull=False).exists():
        return False
    request_comparison(headline.model, headline.kind, Side(start, end), Side(headline.start, headline.end), once=True)
    return True
