"""Ids of bulk rows, computed instead of drawn.

The low 32 bits of a batch's (or run's) UUIDv7 give way to the row number (or the finding's ordinal). The
result is a valid UUIDv7 with the parent's timestamp, sorts in row order right after its parent, is the same
on every attempt, and needs no second index to find the rows of a batch.
"""

from datetime import UTC, datetime
from uuid import UUID

MAX_ROWS = 2**32 - 1
MAX_MILLISECOND = 2**48 - 1


def row_id(parent: UUID, number: int) -> UUID:
    """Id of row `number` (1 … 2**32 - 1) of `parent`."""
    if not 1 <= number <= MAX_ROWS:
        raise ValueError(f"row number {number} is not between 1 and {MAX_ROWS}")
    return UUID(int=(parent.int >> 32 << 32) | number)


def parent_id(parent: UUID) -> UUID:
    """`parent` with its low 32 bits cleared: batches and runs take such an id, so that it precedes its rows'."""
    return UUID(int=parent.int >> 32 << 32)


def id_range(parent: UUID) -> tuple[UUID, UUID]:
    """Lowest and highest id a row of `parent` can have."""
    base = parent_id(parent)
    return UUID(int=base.int | 1), UUID(int=base.int | MAX_ROWS)


def row_prefix(parent: UUID) -> str:
    """The 24 hexadecimal digits that all rows of `parent` share, for SQL that appends the row number."""
    return parent.hex[:24]


def created_at(identifier: UUID) -> datetime:
    """The moment a UUIDv7 was made, in UTC, to the millisecond."""
    return datetime.fromtimestamp((identifier.int >> 80) / 1000, tz=UTC)


def first_id_at(moment: datetime) -> UUID:
    """The lowest UUIDv7 of that moment: `id >= first_id_at(t)` means made at or after t."""
    return first_id_of(int(moment.timestamp() * 1000))


def first_id_of(millisecond: int) -> UUID:
    """The lowest UUIDv7 of that millisecond since 1970; outside of what an id can say, the nearest it can."""
    return UUID(int=(min(max(millisecond, 0), MAX_MILLISECOND) << 80) | (7 << 76) | (2 << 62))
