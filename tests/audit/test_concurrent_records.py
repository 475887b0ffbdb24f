"""Many people at the same moment: one chain, without a gap and without a fork."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from apps.audit import services
from apps.audit.models import Entry

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE, ACTS, PROJECTS = 6, 15, 2


def test_records_at_the_same_moment_make_one_chain_a_project():
    start = threading.Barrier(PEOPLE)

    def administer(person: int) -> None:
        start.wait()
        try:
            for number in range(ACTS):
                with transaction.atomic():
                    services.record(
                        project=1 + number % PROJECTS, actor=person, act="queue.paused", subject=f"queue {number}"
                    )
                    # Every third act does not come about; its number is the next one's.
                    transaction.set_rollback(number % 3 == 0)
        finally:
            connection.close()

    with ThreadPoolExecutor(PEOPLE) as pool:
        list(pool.map(administer, range(PEOPLE)))

    for project in range(1, PROJECTS + 1):
        rows = Entry.objects.of(project).order_by("number")
        kept = PEOPLE * sum(1 for number in range(ACTS) if number % 3 and 1 + number % PROJECTS == project)
        assert [row.number for row in rows] == list(range(1, kept + 1))
        assert len({row.previous_hash for row in rows}) == kept
        # The turn is taken before the clock is read.
        assert [row.at for row in rows] == sorted(row.at for row in rows)
        assert services.verify(project) is None
