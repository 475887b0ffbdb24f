"""The page on which engineers see what comes in, how fast it is drawn, and how it has changed."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from apps.accounts.models import Role
from apps.accounts.services.access import ProjectRequest, member_page
from apps.monitoring.pages import charts
from apps.monitoring.pages.feature_health import health
from apps.monitoring.pages.intake import intake, latencies
from apps.predictions.models import BatchKind, RejectedRow
from apps.registry.services.finding import find_model

FEATURES_SHOWN, FEATURES_FOLDED = 10, 200
REJECTED_SHOWN = 5


@require_safe
@member_page(Role.ENGINEER)
def intake_page(request: ProjectRequest, model: str) -> HttpResponse:
    found = find_model(request.project, model)
    now = timezone.now()
    came, features = intake(found, now=now), health(found, now=now)
    shown = [each for each in features[:FEATURES_SHOWN] if not each.is_plain]
    codes = sorted(came.rejected, key=lambda code: (-sum(came.rejected[code].values()), code))
    context = {
        "model": found,
        "tab": "intake",
        "incidents": found.incidents.open().newest(),
        "may_close": True,
        "volumes": [
            (kind.label, charts.by_hour(came, kind), charts.by_day(came, kind))
            for kind in BatchKind
            if came.by_hour[kind]
        ],
        "latency": charts.latency(came, latencies(found, now=now)),
        "codes": [(code, came.rejected[code].get(came.days[-1], 0), charts.rejected(came, code)) for code in codes],
        "newest": RejectedRow.objects.filter(model=found).waiting().newest()[:REJECTED_SHOWN],
        "features": shown,
        "folded": features[len(shown) : FEATURES_FOLDED],
        "left_out": max(len(features) - FEATURES_FOLDED, 0),
    }
    return render(request, "monitoring/intake.html", context)
