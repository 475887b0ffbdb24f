"""The intake page for engineers: volumes, latency, rejected rows and changed features."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from apps.accounts.models import Role
from apps.accounts.services.access import ProjectRequest, member_page
from apps.monitoring.pages import charts
from apps.monitoring.pages.feature_health import feature_health
from apps.monitoring.pages.intake import intake, latencies
from apps.predictions.models import BatchKind, RejectedRow
from apps.registry.services.finding import find_model

FEATURES_SHOWN, FEATURES_FOLDED = 10, 200
REJECTED_SHOWN = 5


@require_safe
@member_page(Role.ENGINEER)
def intake_page(request: ProjectRequest, model: str) -> HttpResponse:
    monitored = find_model(request.project, model)
    now = timezone.now()
    received, features = intake(monitored, now=now), feature_health(monitored, now=now)
    shown = [each for each in features[:FEATURES_SHOWN] if not each.is_plain]
    today = received.days[-1]
    codes = sorted(received.rejected, key=lambda code: (-sum(received.rejected[code].values()), code))
    context = {
        "model": monitored,
        "tab": "data",
        "incidents": monitored.incidents.open().newest(),
        "may_close": True,
        "volumes": [
            (kind.label, charts.by_hour(received, kind), charts.by_day(received, kind))
            for kind in BatchKind
            if received.by_hour[kind]
        ],
        "latency": charts.latency(received, latencies(monitored, now=now)),
        "codes": [(code, received.rejected[code].get(today, 0), charts.rejected(received, code)) for code in codes],
        "newest": RejectedRow.objects.filter(model=monitored).waiting().newest()[:REJECTED_SHOWN],
        "features": shown,
        "folded": features[len(shown) : FEATURES_FOLDED],
        "left_out": max(len(features) - FEATURES_FOLDED, 0),
    }
    return render(request, "monitoring/intake.html", context)
