"""Many people at the same moment: one chain, without a gap and without a fork."""

from functools import partial

import pytest
from django.db import transaction

from apps.audit import services
from apps.audit.models import Entry
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE, ACTS, PROJECTS = 6, 15, 2


def test_records_at_the_same_moment_make_one_chain_a_project():
    def administer(person: int) -> None:
        for number in range(ACTS):
            with transaction.atomic():
                services.record(
                    project=1 + number % PROJECTS, actor=person, act="queue.paused", subject=f"queue {number}"
                )
                # Every third act rolls back, and the next entry takes its number.
                transaction.set_rollback(number % 3 == 0)

    at_once(*(partial(administer, person) for person in range(PEOPLE)))

    for project in range(1, PROJECTS + 1):
        rows = Entry.objects.of(project).order_by("number")
        kept = PEOPLE * sum(1 for number in range(ACTS) if number % 3 and 1 + number % PROJECTS == project)
        assert [row.number for row in rows] == list(range(1, kept + 1))
        assert len({row.previous_hash for row in rows}) == kept
        # The turn is taken before the clock is read.
        assert [row.at for row in rows] == sorted(row.at for row in rows)
        assert services.verify(project) is None
