"""A push that meets a locked table is an outage: it stores nothing, and can be sent again."""

import psycopg
import pytest
from django.db import connection
from psycopg.errors import LockNotAvailable

from apps.common.outages import is_outage
from apps.predictions.models import Batch
from tests.factories import make_model, prediction_row, push_predictions


@pytest.mark.django_db(transaction=True)
def test_a_push_that_meets_a_locked_table_is_an_outage_and_stores_nothing():
    model = make_model()
    connection.ensure_connection()
    # COPY, and no query before it, meets this lock.
    with psycopg.connect(**connection.get_connection_params()) as other, connection.cursor() as cursor:
        other.execute("LOCK TABLE predictions_prediction IN SHARE MODE")
        cursor.execute("SET lock_timeout = '50ms'")
        try:
            with pytest.raises(LockNotAvailable) as error:
                push_predictions(model, [prediction_row(1)])
        finally:
            cursor.execute("RESET lock_timeout")
    assert is_outage(error.value)
    assert not Batch.objects.exists()
    assert push_predictions(model, [prediction_row(1)]).accepted == 1
