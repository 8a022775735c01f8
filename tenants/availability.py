"""Servers that are away for a while: how that shows, and how background work waits for the database."""

import errno
import logging
from collections.abc import Callable
from time import monotonic, sleep
from typing import TypeVar

from django.conf import settings
from django.db import Error, InterfaceError, InternalError, OperationalError, connection
from redis.exceptions import ConnectionError as RedisConnectionError

Answer = TypeVar("Answer")
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 8.0
# EFBIG: a quota by another name.
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# PostgreSQL ended a transaction in which nothing had happened for too long.
IDLE_TRANSACTION = "25P03"

logger = logging.getLogger(__name__)


def is_unavailable(error: BaseException | None) -> bool:
    """Whether database, cache or disk are away, shutting down, full or busy, so that the same may succeed later."""
    if isinstance(error, RedisConnectionError):
        return True
    if isinstance(error, OSError):
        return error.errno in FULL
    return isinstance(error, OperationalError | InterfaceError | InternalError) and database_is_unavailable(error)


def database_is_unavailable(error: Error) -> bool:
    """The same for an error of the database."""
    cause = error.__cause__
    if sqlite := getattr(cause, "sqlite_errorname", ""):
        return sqlite.startswith(("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN"))
    state = getattr(cause, "sqlstate", None)
    if isinstance(error, InternalError):
        return state == IDLE_TRANSACTION
    # Without a state the server said nothing at all. 08 connection, 40 rollback, 53 resources, 55 lock, 57 operator.
    return state is None or state[:2] in {"08", "40", "53", "55", "57"}


def patiently(write: Callable[[], Answer]) -> Answer:
    """What `write` returns. While the database is away, wait ever longer and try again, for the length of a lease.

    Only for what may be done twice: the database may go away after a commit and before it says so.
    """
    pause, end = FIRST_PAUSE, monotonic() + settings.WORK_LEASE_SECONDS
    while True:
        try:
            return write()
        except (OperationalError, InterfaceError, InternalError) as error:
            if not is_unavailable(error) or connection.in_atomic_block or monotonic() + pause > end:
                raise
            logger.warning("the database does not answer (%s); tried again in %.1f s", type(error).__name__, pause)
        connection.close()
        sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
