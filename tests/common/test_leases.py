"""Leases: the mechanism that review slots and workers share."""

import pytest

from apps.common.errors import LeaseLostError
from apps.predictions.models import BatchStage, Stage
from tests.factories import make_model, prediction_row, push_predictions

pytestmark = pytest.mark.django_db
LONG_AGO = "2020-01-01T00:00:00Z"


@pytest.fixture
def due():
    model = make_model()
    for n in range(3):
        push_predictions(model, [prediction_row(n)])
    return BatchStage.objects.due(Stage.DRAW)


def test_a_claimed_row_is_given_to_no_one_else(due):
    first = due.claim(seconds=60, limit=2)
    second = due.claim(seconds=60, limit=2)
    assert [len(first), len(second)] == [2, 1]
    assert not {row.pk for row in first} & {row.pk for row in second}
    assert first[0].attempts == 1


def test_an_expired_lease_is_valid_until_the_row_is_claimed_again(due):
    (row,) = due.claim(seconds=60)
    BatchStage.objects.filter(pk=row.pk).update(lease_expires_at=LONG_AGO)
    row.heartbeat(seconds=60)
    assert row.pk not in {other.pk for other in due.claim(seconds=60, limit=9)}


def test_a_lost_lease_writes_nothing(due):
    (row,) = due.claim(seconds=60)
    BatchStage.objects.filter(pk=row.pk).update(lease_expires_at=LONG_AGO)
    (taken,) = due.claim(seconds=60)
    assert taken.pk == row.pk
    with pytest.raises(LeaseLostError):
        row.fenced_update(error="late")
    with pytest.raises(LeaseLostError):
        row.heartbeat(seconds=60)
    taken.refresh_from_db()
    assert taken.error == ""


def test_a_claim_on_no_rows_is_empty(due):
    assert due.none().claim(seconds=60) == []
