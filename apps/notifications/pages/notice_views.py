"""A person's notices across their projects, and how they are told."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.models import User
from apps.accounts.services.access import get_or_404
from apps.common import mail, numerals
from apps.common.exports import CsvRenderer, streamed
from apps.notifications.models import How, Notice, NoticeKind
from apps.notifications.pages.notice_forms import NoticesForm, PreferencesForm, UntilForm
from apps.notifications.querysets import NoticeQuerySet
from apps.notifications.services import inbox

PER_PAGE = 50
CHUNK = 1_000
COLUMNS = {
    "at": "moment",
    "kind": "text",
    "title": "text",
    "text": "text",
    "project": "text",
    "model": "text",
    "url": "text",
    "read_at": "moment",
    "mailed_at": "moment",
}
# What each kind tells of, on the page of preferences.
TOLD = {
    NoticeKind.ASSIGNMENT: "An engineer keeps a case for you.",
    NoticeKind.QUESTION: "A colleague asks you about a case.",
    NoticeKind.ANSWERED: "Your question is answered, or your dispute has a reply.",
    NoticeKind.MENTION: "A comment on a case names you.",
    NoticeKind.REPORT_READY: "A report that you asked for is ready, or has failed.",
    NoticeKind.ACCESS: "Somebody adds you to a project, or changes your role.",
    NoticeKind.ALERT: "A figure of a model needs a look. What is urgent comes at once, unless you choose no mail.",
}


class PersonRequest(HttpRequest):
    """A request of a signed-in person."""

    user: User


@require_safe
def notice_list(request: PersonRequest) -> HttpResponse:
    form = NoticesForm(request.GET, user=request.user)
    page = Paginator(inbox.listed(request.user, form.wanted), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "is_filtered": any(form.cleaned_data.values()),
        "query": request.GET.urlencode(),
        "page": page,
        "now": timezone.now(),
        "has_failed": any(each.failed_at for each in page.object_list),
    }
    return render(request, "notifications/notices.html", context)


@require_safe
def notices_csv(request: PersonRequest) -> HttpResponseBase:
    """Download the listed notices."""
    rows = inbox.listed(request.user, NoticesForm(request.GET, user=request.user).wanted)
    return streamed(_chunks(rows), COLUMNS, renderer=CsvRenderer(), name="notices")


@require_http_methods(["GET"])
def notice(request: PersonRequest, notice: int) -> HttpResponse:
    """Open what a notice is about, and mark it read."""
    return redirect(settings.PATH + inbox.open_notice(_find(request, notice)))


@require_POST
def notices_read(request: PersonRequest) -> HttpResponse:
    """Mark one notice read, or all that the person has seen listed."""
    if chosen := request.POST.get("notice"):
        inbox.open_notice(_find(request, chosen))
    else:
        form = UntilForm(request.POST)
        until = form.cleaned_data["until"] if form.is_valid() else None
        count = inbox.read_all(request.user, until=until)
        messages.success(request, f"{numerals.count(count)} notice{'' if count == 1 else 's'} marked read.")
    return _back(request)


@require_POST
def notices_mail_again(request: PersonRequest) -> HttpResponse:
    """Try the mails that could not be sent once more."""
    if inbox.mail_again(request.user):
        messages.success(request, "The mails that failed are sent again.")
    return _back(request)


@require_http_methods(["GET", "HEAD", "POST"])
def notice_settings(request: PersonRequest) -> HttpResponse:
    """Show and store how the person wants to be told."""
    form = PreferencesForm(request.POST or None)
    if form.is_valid():
        inbox.prefer(request.user, form.chosen)
        messages.success(request, "Saved.")
        return redirect("notice_settings")
    chosen = inbox.preferences(request.user)
    context = {
        "rows": [(kind, TOLD[kind], chosen[kind]) for kind in NoticeKind],
        "ways": How,
        "has_mail": mail.is_configured(),
        "is_wrong": form.is_bound,
    }
    return render(request, "notifications/notice_settings.html", context, status=422 if form.is_bound else 200)


def _find(request: PersonRequest, notice: int | str) -> Notice:
    found: Notice = get_or_404(Notice.objects.of(request.user), pk=notice)
    return found


def _back(request: PersonRequest) -> HttpResponse:
    """Return to the list as it was filtered."""
    answer = redirect("notices")
    if query := request.GET.urlencode():
        answer["Location"] += f"?{query}"
    return answer


def _chunks(rows: NoticeQuerySet) -> Iterator[list[dict[str, Any]]]:
    found = rows.iterator(chunk_size=CHUNK)
    while chunk := list(islice(found, CHUNK)):
        yield [_row(each) for each in chunk]


def _row(notice: Notice) -> dict[str, Any]:
    def moment(name: str) -> str | None:
        at = getattr(notice, name)
        return at.isoformat() if at else None

    return {
        "at": moment("created_at"),
        "kind": notice.kind,
        "title": notice.title,
        "text": notice.text,
        "project": notice.project.slug,
        "model": notice.model.slug if notice.model else None,
        "url": settings.BASE_URL + notice.url,
        "read_at": moment("read_at"),
        "mailed_at": moment("mailed_at"),
    }
