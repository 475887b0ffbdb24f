"""Outages: the database is away, locked, too slow or full. The request is fine, and can be sent again."""

import errno

import psycopg
from django.db import InterfaceError, OperationalError
from psycopg.errors import IdleInTransactionSessionTimeout, ReadOnlySqlTransaction

# COPY raises the driver's own errors.
OUTAGES = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)
# Django has no class for these two, which come and go like operational errors.
OTHERS = (IdleInTransactionSessionTimeout, ReadOnlySqlTransaction)


def is_outage(error: BaseException | None) -> bool:
    """Return whether the same request can succeed later."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOSPC
    return isinstance(error, OUTAGES) or isinstance(getattr(error, "__cause__", None), OTHERS)
