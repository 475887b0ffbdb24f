"""One row's error stops no other row, and a failure of the database is told from a row's fault."""

import pytest
from django.db import DataError, OperationalError
from psycopg import errors

from apps.common.isolation import is_no_rows_fault, one_by_one


@pytest.mark.django_db
def test_an_error_stops_no_other_row():
    assert one_by_one([4, 0, 2], lambda number: 8 // number, name="shares") == [2, 4]


@pytest.mark.parametrize(
    ("cause", "is_nobodys"),
    [
        (errors.ConnectionTimeout(), True),
        (errors.LockNotAvailable(), True),
        (errors.DiskFull(), True),
        (errors.DeadlockDetected(), True),
        (errors.QueryCanceled(), False),
        (errors.ProgramLimitExceeded(), False),
        (errors.StatementTooComplex(), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_only_a_limit_that_a_row_exceeds_is_its_fault(cause, is_nobodys):
    error = OperationalError("wrapped by Django")
    error.__cause__ = cause
    assert is_no_rows_fault(error) == is_nobodys


def test_a_wrong_value_is_a_rows_fault():
    assert not is_no_rows_fault(DataError("out of range"))
