"""How a person's first answers held: of the settled cases whose outcome is known, how many came true.

Counted by the database, since a first page must not load the frames of the pages about reviewers. As there, only cases
that are settled count, and only answers given before the prediction was shown.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from apps.accounts.models import Membership

PERIOD = timedelta(days=90)
# Fewer say nothing, and would tell about single cases.
LEAST = 10

HELD = """
SELECT count(*) FILTER (WHERE first.value = known.outcome), count(*)
FROM review_slot AS slot
JOIN review_reviewitem AS item ON item.id = slot.item_id
JOIN registry_reviewqueue AS queue ON queue.id = item.queue_id
JOIN registry_monitoredmodel AS model ON model.id = queue.model_id
CROSS JOIN LATERAL (
    SELECT value FROM review_decision
    WHERE slot_id = slot.id AND is_judgement AND was_blind AND value IS NOT NULL ORDER BY id DESC LIMIT 1
) AS first
CROSS JOIN LATERAL (
    SELECT outcome FROM truth_resolution WHERE prediction_id = item.prediction_id ORDER BY seq DESC LIMIT 1
) AS known
WHERE model.project_id = %(project)s AND model.task <> 'regression'
AND slot.reviewer_id = %(person)s AND slot.closed_at >= %(since)s AND slot.closed_at < %(today)s
AND slot.outcome = 'answered' AND NOT slot.is_adjudication
AND item.purpose = 'review' AND item.state = 'closed' AND known.outcome IS NOT NULL
"""


@dataclass(frozen=True)
class Held:
    """Answers to cases whose outcome is known by now, and how many of them came true."""

    true: int
    answers: int


def held(member: Membership, *, now: datetime | None = None) -> Held | None:
    """Count the person's answers of the last 90 days without today's; None where fewer than ten can be compared."""
    moment = now or timezone.now()
    today = moment.astimezone(member.project.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    names: dict[str, Any] = {
        "project": member.project_id,
        "person": member.user_id,
        "since": today - PERIOD,
        "today": today,
    }
    with connection.cursor() as cursor:
        cursor.execute(HELD, names)
        found = Held(*cursor.fetchone())
    return found if found.answers >= LEAST else None
