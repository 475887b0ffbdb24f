"""Outages: the database is away, locked, too slow or full. The request is fine, and can be sent again."""

import errno

from django.db import InterfaceError, OperationalError
from psycopg.errors import IdleInTransactionSessionTimeout, ReadOnlySqlTransaction

# Django has no class for these two, which come and go like operational errors.
OTHERS = (IdleInTransactionSessionTimeout, ReadOnlySqlTransaction)


def is_outage(error: BaseException | None) -> bool:
    """Return whether the same request can succeed later."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOSPC
    return isinstance(error, (OperationalError, InterfaceError)) or isinstance(
        getattr(error, "__cause__", None), OTHERS
    )
