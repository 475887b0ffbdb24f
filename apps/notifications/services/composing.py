"""Letters as mail: what an edition says to readers of one role, in text and HTML, ready to be addressed."""

from dataclasses import dataclass
from email.mime.image import MIMEImage
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse

from apps.accounts.models import Role
from apps.common import dates
from apps.notifications.models import Edition, Letter
from apps.notifications.services.awaiting import kinds_of, models_of
from apps.notifications.services.notices import one_line
from apps.notifications.services.subscribing import token_of
from apps.notifications.services.totals import together
from apps.registry.models import MonitoredModel
from apps.reports.models import Report, Standing
from apps.reports.services.periods import is_month
from apps.reports.services.windows import newest_report
from apps.reports.services.written import Written, print_out, write

NAMESPACE = uuid5(NAMESPACE_URL, "countersign:letters")
PICTURE = "picture"
# Stands in a layout for the address with which its reader leaves.
LEAVE = "https://leave.invalid/"


@dataclass(frozen=True)
class Composed:
    """A letter without its reader."""

    subject: str
    text: str
    html: str
    is_preliminary: bool
    picture: bytes | None = None
    attached: tuple[str, bytes] | None = None

    def to(self, letter: Letter) -> EmailMultiAlternatives:
        """Address the letter to its reader, who can leave without signing in."""
        leave = f"{settings.BASE_URL}{reverse('unsubscribe', args=[token_of(letter.subscription)])}"
        number, host = uuid5(NAMESPACE, f"{letter.pk} {letter.copies}"), urlsplit(settings.BASE_URL).hostname
        mail = EmailMultiAlternatives(
            self.subject,
            self.text.replace(LEAVE, leave),
            to=[letter.subscription.user.email],
            headers={
                "Message-ID": f"<{number}@{host}>",
                "Auto-Submitted": "auto-generated",
                # RFC 8058: mail programs show a button, which sends a POST.
                "List-Unsubscribe": f"<{leave}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            },
        )
        mail.attach_alternative(self.html.replace(LEAVE, leave), "text/html")
        if self.picture:
            mail.attach(_inline(self.picture))
        if self.attached:
            mail.attach(*self.attached, "application/pdf")
        return mail


def compose(edition: Edition, *, role: Role) -> Composed:
    """Lay an edition out for readers of this role."""
    with edition.schedule.project.conventions():
        return _of_report(edition, role=role) if edition.schedule.model_id else _of_all(edition, role=role)


def _of_all(edition: Edition, *, role: Role) -> Composed:
    """Lay out a line for each model: its money where its decisions have a value, else how often it is right."""
    project = edition.schedule.project
    models = models_of(edition)
    lines = [_line(model, edition, role=role) for model in models]
    month = f"?month={edition.start:%Y-%m}" if is_month(edition.start, edition.end) else ""
    context = {
        **_about(edition),
        "title": f"{project.name}: all models",
        "notes": notes(edition, [line.written for line in lines if line.written]),
        "totals": together(models, edition.start, edition.end),
        "lines": lines,
        "address": f"{settings.BASE_URL}{reverse('project', args=[project.slug])}",
        "pdf": f"{settings.BASE_URL}{reverse('portfolio_pdf', args=[project.slug])}{month}",
    }
    return Composed(
        subject=one_line(f"{project.name}: all models, {window_name(edition)}"),
        text=render_to_string("notifications/mail/models.txt", context),
        html=render_to_string("notifications/mail/models.html", context),
        is_preliminary=any(line.written.state != "final" for line in lines if line.written),
    )


@dataclass(frozen=True)
class Line:
    """A model among all of a project, and its report; None without predictions or without a report."""

    model: MonitoredModel
    written: Written | None
    address: str


def _line(model: MonitoredModel, edition: Edition, *, role: Role) -> Line:
    kind = kinds_of(model)[-1]
    report = newest_report(model, kind, edition.start, edition.end)
    if report is None:
        return Line(model, None, "")
    written = write(report, before=None, last=None, role=role, has_picture=False)
    return Line(
        model, written, f"{settings.BASE_URL}{reverse('report', args=[edition.schedule.project.slug, report.pk])}"
    )


def _of_report(edition: Edition, *, role: Role) -> Composed:
    schedule, report = edition.schedule, edition.report
    model = schedule.model
    assert model is not None
    written = write(report, before=edition.before, last=_last(edition), role=role) if report else None
    address = reverse("report", args=[model.project.slug, report.pk]) if report else _window(edition)
    pdf = reverse("report_pdf", args=[model.project.slug, report.pk]) if report else ""
    context = {
        **_about(edition),
        "title": f"{model.name}: {schedule.get_kind_display()}",
        "written": written,
        "notes": notes(edition, [written] if written else []),
        "address": settings.BASE_URL + address,
        "pdf": settings.BASE_URL + pdf if pdf and not schedule.attaches_pdf else "",
        "picture": PICTURE,
    }
    return Composed(
        subject=one_line(f"{model.name}: {schedule.kind} report, {window_name(edition)}"),
        text=render_to_string("notifications/mail/report.txt", context),
        html=render_to_string("notifications/mail/report.html", context),
        is_preliminary=written is not None and written.state != "final",
        picture=written.picture.png if written and written.picture else None,
        attached=print_out(report, before=edition.before, role=role) if report and schedule.attaches_pdf else None,
    )


def _about(edition: Edition) -> dict[str, Any]:
    """Return what every letter says of itself: what it is about, why it came, and how to stop it."""
    return {
        "edition": edition,
        "schedule": edition.schedule,
        "project": edition.schedule.project,
        "window": window_name(edition),
        "leave": LEAVE,
        "own_page": f"{settings.BASE_URL}{reverse('subscriptions')}",
    }


def notes(edition: Edition, written: list[Written]) -> list[str]:
    """Say what the reader must know of these figures before reading them."""
    said = [edition.cause] if edition.cause else []
    if not written:
        return [*said, "There were no predictions in this time."]
    if opened := [each for each in written if each.state != "final"]:
        note = opened[0].state_note if len(written) == 1 else "not all days are final"
        more = " We waited as long as this schedule says." if edition.schedule.waits_days else ""
        said.append(f"Preliminary: {note}.{more}")
    if edition.is_stale:
        moment = edition.report.as_of.astimezone(edition.schedule.project.zone) if edition.report else None
        when = f"This report is as of {dates.full(moment)}" if moment else "Some of these reports are older"
        said.append(f"{when}: a newer one was not ready when this mail had to go.")
    if edition.missed:
        times = "one mail was" if edition.missed == 1 else f"{edition.missed} mails were"
        said.append(f"Our workers were stopped, and {times} left out; this is the newest.")
    return said


def window_name(edition: Edition) -> str:
    """Name the window in a subject, where other people may read it: no figures."""
    named = is_month(edition.start, edition.end)
    return f"{edition.start:%B}" if named else Standing(edition.schedule.standing).label.lower()


def _last(edition: Edition) -> Report | None:
    """Return the report of the edition before."""
    earlier = edition.schedule.editions.filter(pk__lt=edition.pk, report__isnull=False).order_by("-pk")
    found = earlier.select_related("report__model__project").first()
    return found.report if found else None


def _window(edition: Edition) -> str:
    schedule = edition.schedule
    assert schedule.model is not None
    page = reverse("reports", args=[schedule.project.slug, schedule.model.slug, schedule.kind])
    return f"{page}?start={edition.start}&end={edition.end}"


def _inline(png: bytes) -> MIMEImage:
    image = MIMEImage(png, "png")
    image.add_header("Content-ID", f"<{PICTURE}>")
    image.add_header("Content-Disposition", "inline", filename="picture.png")
    return image
