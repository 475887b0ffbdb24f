"""Ten thousand subscriptions that are due at one moment, two beats, and a worker that is killed: each is sent once."""

import os
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import F

from apps.accounts.models import Membership, Role, User
from apps.notifications.models import Edition, Letter, Schedule, Subscription
from apps.registry.models import MonitoredModel
from apps.reports.services.windows import days_of, today_of
from tests.faults.workers import environment
from tests.notifications.sink import Sink, sink
from tests.reports.stored import make_report, report_model

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

SUBSCRIPTIONS, SCHEDULES = 10_000, 10
# What beat and a worker of the queue do, over and over.
WORKER = """
import django, time
django.setup()
from apps.notifications.models import Letter
from apps.notifications.services import awaiting, letters, publishing

print("begun", flush=True)
while True:
    publishing.open_due()
    awaiting.look_due()
    letters.send_due()
    if Letter.objects.exists() and not Letter.objects.due().unleased().exists():
        break
    time.sleep(0.1)
"""


def make_subscriptions() -> None:
    """Ten schedules of ten models that were due at 8 this morning, with a thousand people each."""
    models = [report_model()]
    models += [report_model(models[0].project) for _ in range(SCHEDULES - 1)]
    due = datetime.now(UTC) - timedelta(minutes=1)
    schedules = [make_schedule(model, due) for model in models]
    addresses = [f"person-{number}@example.org" for number in range(SUBSCRIPTIONS)]
    people = User.objects.bulk_create(User(email=address) for address in addresses)
    roles = (Role.STAKEHOLDER, Role.ENGINEER)
    Membership.objects.bulk_create(
        Membership(user=person, project=models[0].project, role=roles[place % 2]) for place, person in enumerate(people)
    )
    Subscription.objects.bulk_create(
        Subscription(schedule=schedules[place % SCHEDULES], user=person) for place, person in enumerate(people)
    )


def make_schedule(model: MonitoredModel, due: datetime) -> Schedule:
    start, end = days_of(model, "last_28_days", today=today_of(model))
    make_report(model, start=start, end=end, as_of=datetime.now(UTC))
    when = {"cadence": "daily", "hour": due.hour, "next_due_at": due}
    return Schedule.objects.create(project=model.project, model=model, kind="value", standing="last_28_days", **when)


def start_worker(server: Sink) -> subprocess.Popen[str]:
    variables = environment() | {"COUNTERSIGN_SMTP_URL": server.url}
    worker = subprocess.Popen([sys.executable, "-c", WORKER], env=variables, stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    assert worker.stdout.readline().strip() == "begun"
    return worker


def test_each_of_ten_thousand_is_sent_once() -> None:
    make_subscriptions()
    with sink() as server:
        begun = time.monotonic()
        killed, other = start_worker(server), start_worker(server)
        while len(server.taken) < SUBSCRIPTIONS // 5:
            time.sleep(0.05)
        killed.kill()
        killed.wait()
        assert other.wait(timeout=900) == 0
        # What the killed worker held waits for its lease.
        held = Letter.objects.unsent().count()
        assert held <= 100
        Letter.objects.unsent().update(lease_expires_at=F("lease_expires_at") - timedelta(hours=1))
        assert start_worker(server).wait(timeout=300) == 0
        print(f"{SUBSCRIPTIONS:,} letters in {time.monotonic() - begun:.0f} s on {os.cpu_count()} cores, {held} held")
    assert Edition.objects.count() == SCHEDULES
    assert not Letter.objects.filter(sent_at=None).exists()
    by_reader = Counter(reader for reader, _ in server.taken)
    assert len(by_reader) == SUBSCRIPTIONS
    # Killed between the server's acceptance and its own commit, a worker leaves one letter that goes again, under the
    # same Message-ID: whoever knows the first drops the second.
    assert len(server.taken) <= SUBSCRIPTIONS + 1
    assert len(set(server.taken)) == SUBSCRIPTIONS
