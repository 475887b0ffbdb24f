"""What is sent to a person by itself: subscribing, one's own subscriptions, and leaving without signing in."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.models import Role
from apps.accounts.services.access import ProjectRequest, get_or_404, member_page
from apps.common import mail
from apps.common.errors import DomainError, NotFoundError
from apps.notifications.models import Letter, Schedule, Subscription
from apps.notifications.pages import subscription_wording as wording
from apps.notifications.pages.notice_views import PersonRequest
from apps.notifications.pages.subscription_forms import SubscribeForm
from apps.notifications.services import letters, subscribing
from apps.notifications.services.subscribed import last_letters
from apps.registry.models import MonitoredModel
from apps.registry.services.finding import find_model
from apps.reports.models import Kind, Standing
from apps.reports.services.windows import days_of, today_of

FORM_INVALID = 422


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Role.STAKEHOLDER)
def report_subscribe(request: ProjectRequest, model: str, kind: str) -> HttpResponse:
    """Have a report sent; POST subscribes."""
    if kind not in Kind.values:
        raise NotFoundError("There is no such kind of report.")
    return _subscribe(request, find_model(request.project, model), kind)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Role.STAKEHOLDER)
def portfolio_subscribe(request: ProjectRequest) -> HttpResponse:
    """Have a report on all models sent; POST subscribes."""
    return _subscribe(request, None, "")


def _subscribe(request: ProjectRequest, model: MonitoredModel | None, kind: str) -> HttpResponse:
    usual = SubscribeForm.usual(request.project, _standing(model, request.GET.get("start", "")))
    form = SubscribeForm(request.POST if request.method == "POST" else None, model=model, initial=usual)
    if form.is_valid():
        try:
            made = subscribing.subscribe(request.project, form.wanted(kind), user=request.user)
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, f"You get it by mail. Next: {wording.next_time(made.schedule)}.")
            return redirect("subscriptions")
    context = {
        "form": form,
        "model": model,
        "kind": kind,
        "tab": kind or "models",
        "has_mail": mail.is_configured(),
    }
    return render(request, "notifications/subscribe.html", context, status=FORM_INVALID if form.is_bound else 200)


def _standing(model: MonitoredModel | None, start: str) -> str:
    """Return the window that begins on the day of the report that somebody came from; empty without one."""
    today = today_of(model) if model else None
    first = [each for each in Standing if model and today and days_of(model, each, today=today)[0].isoformat() == start]
    return first[0] if first else ""


@require_safe
def subscriptions(request: PersonRequest) -> HttpResponse:
    """List what the person gets."""
    rows = Subscription.objects.active().filter(user=request.user)
    found = list(rows.select_related("schedule__project", "schedule__model").order_by("-pk"))
    last = last_letters(found)
    context = {"rows": [_row(each, last.get(each.pk)) for each in found], "has_mail": mail.is_configured()}
    return render(request, "notifications/subscriptions.html", context)


@require_POST
def subscription_leave(request: PersonRequest, subscription: int) -> HttpResponse:
    """Get no more of it."""
    rows = Subscription.objects.filter(user=request.user).select_related("schedule__project", "user")
    subscribing.leave(get_or_404(rows, pk=subscription), by=request.user)
    messages.success(request, "You get no more of it.")
    return redirect("subscriptions")


@require_POST
def subscription_again(request: PersonRequest, subscription: int) -> HttpResponse:
    """Have the last mail of a subscription sent again."""
    found = get_or_404(Subscription.objects.active().filter(user=request.user), pk=subscription)
    last = last_letters([found]).get(found.pk)
    if last and letters.send_again(Letter.objects.filter(pk=last.pk)):
        messages.success(request, "The mail is sent again.")
    else:
        messages.warning(request, "There is nothing to send yet.")
    return redirect("subscriptions")


# Mail programs send the POST of RFC 8058, without a token of ours; the address itself is the secret.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Leave by the link of a mail. Opening it, as scanners do, changes nothing; its button does."""
    context: dict[str, Any] = {"subscription": None}
    try:
        found = subscribing.find_by_token(token)
    except NotFoundError as error:
        response = render(request, "notifications/unsubscribe.html", context | {"problem": error.message}, status=404)
    else:
        if request.method == "POST":
            subscribing.leave(found, by=found.user)
            found.refresh_from_db(fields=["left_at"])
        context = {"subscription": found, "what": wording.what(found.schedule)}
        response = render(request, "notifications/unsubscribe.html", context)
    response["Referrer-Policy"] = "no-referrer"
    return response


def _row(subscription: Subscription, last: Letter | None) -> dict[str, Any]:
    schedule = subscription.schedule
    return {
        "subscription": subscription,
        "what": wording.what(schedule),
        "address": _address(schedule),
        "when": wording.when(schedule),
        "next": wording.next_time(schedule),
        "state": wording.letter_state(last) if last else None,
        "can_resend": bool(last and last.edition.ready_at and not last.edition.failure),
    }


def _address(schedule: Schedule) -> str:
    """Return the page of what is sent: the newest report on its window, or the page of all models."""
    if schedule.model is None:
        return reverse("project", args=[schedule.project.slug])
    page = reverse("reports", args=[schedule.project.slug, schedule.model.slug, schedule.kind])
    return f"{page}?window={schedule.standing}"
