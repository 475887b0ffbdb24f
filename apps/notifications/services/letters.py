"""Send letters, each once: laid out once for an edition and what a role may see, and addressed to each reader.

A letter may go out twice only where a worker dies between the mail server's acceptance and its own commit. Both then
have the same Message-ID.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import structlog
from django.core.mail import get_connection
from django.db import transaction
from django.db.models import F, Min, OuterRef, Subquery, prefetch_related_objects
from django.db.models.functions import Now

from apps.accounts.models import Membership, Role
from apps.common import doorbell
from apps.common.errors import LeaseLostError, storable
from apps.common.leases import RELEASED
from apps.notifications.models import Edition, Letter
from apps.notifications.querysets import LetterQuerySet
from apps.notifications.services.awaiting import BELL
from apps.notifications.services.composing import Composed, compose
from apps.notifications.services.mailing import PAUSE_SECONDS, is_away
from apps.notifications.services.retrying import MAX_ATTEMPTS, about, wait_after

log = structlog.get_logger(__name__)

AT_ONCE = 100
LEASE_SECONDS = 120
# What of a claim is not sent by then goes back, well before somebody else may claim it.
CLAIM_SECONDS = 60
TURN_SECONDS = 30
# A question to the database costs as much as a short letter: roles are looked up for a quarter of a second of sending.
ASKED_TOGETHER = 20
# Layouts at hand: of an edition, one for each of the two views of a report.
MOST_KEPT = 4
KEPT = timedelta(days=90)
GONE = "Not sent: no longer a member of the project, or the account is closed."


def send_due() -> int:
    """Send all letters that are due, and return how many were taken."""
    sent, until = 0, time.monotonic() + TURN_SECONDS
    with _post() as post:
        while claimed := Letter.objects.due().claim(seconds=LEASE_SECONDS, limit=AT_ONCE):
            prefetch_related_objects(claimed, "edition__schedule__project", "subscription__user")
            sent += post.send_all(claimed)
            if post.is_away:
                _postpone()
                break
            if time.monotonic() > until:
                doorbell.ring(BELL)
                break
    return sent


def forget_old() -> int:
    """Delete letters that were sent or failed long ago; what their editions were stays known."""
    old = Letter.objects.filter(edition__due_at__lt=Now() - KEPT).exclude(sent_at=None, failed_at=None)
    return old.delete()[0]


def waiting_since() -> Any:
    """Return since when the oldest letter waits that could be sent now; None without any."""
    return Letter.objects.due().unleased().order_by().aggregate(since=Min("next_try_at"))["since"]


@transaction.atomic
def send_again(rows: LetterQuerySet) -> int:
    """Send letters again that failed. Returns how many."""
    fresh: dict[str, Any] = {"attempts": 0, "failed_at": None, "sent_at": None, "said": "", "next_try_at": Now()}
    ready = rows.filter(edition__ready_at__isnull=False, edition__failure="", lease_token=None)
    again = ready.update(**fresh, **RELEASED, copies=F("copies") + 1)
    if again:
        doorbell.ring_on_commit(BELL)
    return again


class _Post:
    """A mail server's connection for one turn, with the layouts that were last used."""

    def __init__(self) -> None:
        self.connection = get_connection()
        self.kept: dict[tuple[int, bool], Composed] = {}
        self.is_away = False

    def send_all(self, claimed: list[Letter]) -> int:
        """Send the letters of a claim, and return how many were taken; the rest goes back."""
        sent, until, roles = 0, time.monotonic() + CLAIM_SECONDS, dict[int, Role | None]()
        for place, letter in enumerate(claimed):
            if self.is_away or time.monotonic() > until:
                _give_back(claimed[place:])
                break
            if place % ASKED_TOGETHER == 0:
                roles = _roles_now(claimed[place : place + ASKED_TOGETHER])
            try:
                sent += self._send(letter, roles)
            except LeaseLostError:
                log.warning("letter_lease_lost", letter=letter.pk)
        return sent

    def _send(self, letter: Letter, roles: dict[int, Role | None]) -> bool:
        """Send one letter by what its reader may see at this moment. Raises LeaseLostError."""
        if letter.pk not in roles:
            raise LeaseLostError("Someone else holds this now.")
        role = roles[letter.pk]
        if role is None:
            letter.fenced_update(**RELEASED, failed_at=Now(), said=GONE)
            return False
        try:
            composed = self._composed(letter.edition, role)
            self.connection.open()
            self.connection.send_messages([composed.to(letter)])
        except Exception as error:  # noqa: BLE001  # whatever it is, it concerns this letter only
            log.warning("letter_not_sent", letter=letter.pk, error=str(error))
            self.connection.close()
            self.is_away = is_away(error)
            letter.fenced_update(**RELEASED, **_after(error, letter, is_away=self.is_away))
            return False
        letter.fenced_update(**RELEASED, sent_at=Now(), said="", is_preliminary=composed.is_preliminary)
        return True

    def _composed(self, edition: Edition, role: Role) -> Composed:
        key = edition.pk, role.reads(Role.ENGINEER)
        if key not in self.kept:
            while len(self.kept) >= MOST_KEPT:
                self.kept.pop(next(iter(self.kept)))
            self.kept[key] = compose(edition, role=role)
        return self.kept[key]


@contextmanager
def _post() -> Iterator[_Post]:
    post = _Post()
    try:
        yield post
    finally:
        post.connection.close()


def _roles_now(letters: list[Letter]) -> dict[int, Role | None]:
    """Return the readers' present roles by letter, None where they have gone; without letters that others hold now."""
    here = Membership.objects.filter(
        project=OuterRef("edition__schedule__project"), user=OuterRef("subscription__user"), user__is_active=True
    )
    held = Letter.objects.filter(pk__in=[each.pk for each in letters]).held(letters[0].lease_token)
    found = held.values_list("pk", "subscription__left_at", Subquery(here.values("role")[:1]))
    return {pk: Role(role) if role and left_at is None else None for pk, left_at, role in found}


def _after(error: Exception, letter: Letter, *, is_away: bool) -> dict[str, Any]:
    """Return what becomes of a letter that was not taken; a server that is away makes none fail."""
    if is_away:
        return {"said": storable(error), "next_try_at": Now() + about(PAUSE_SECONDS), "attempts": letter.attempts - 1}
    if letter.attempts >= MAX_ATTEMPTS:
        return {"said": storable(error), "failed_at": Now()}
    return {"said": storable(error), "next_try_at": Now() + wait_after(letter.attempts)}


def _give_back(letters: list[Letter]) -> None:
    rows = Letter.objects.filter(pk__in=[each.pk for each in letters]).held(letters[0].lease_token)
    rows.update(**RELEASED, attempts=F("attempts") - 1)


def _postpone() -> None:
    """Let all that is due wait: it would fail too."""
    Letter.objects.due().unleased().order_by().update(next_try_at=Now() + about(PAUSE_SECONDS))
