"""The names people use for things: `B-24` for a batch, `B-24/17` for a row or a finding of it."""

import re
from uuid import UUID

from records.datasets.identity import row_id
from records.datasets.models import Batch

NAME = re.compile(r"\s*[Bb]-([1-9]\d{0,17})(?:/([1-9]\d{0,8}))?\s*", re.ASCII)


def batch_number(text: str) -> int | None:
    """24 for `B-24` or `b-24/17`; None for anything else."""
    found = NAME.fullmatch(text)
    return int(found[1]) if found else None


def place_in_batch(text: str) -> int | None:
    """17 for `B-24/17`; None for anything else."""
    found = NAME.fullmatch(text)
    return int(found[2]) if found and found[2] else None


def uuid_or_none(text: str) -> UUID | None:
    """The UUID written, None when it is none."""
    try:
        return UUID(text.strip())
    except ValueError:
        return None


def record_named(text: str) -> UUID | None:
    """Id of the record written as a UUID or as `B-24/17` (row 17); None when there is no such batch."""
    place = place_in_batch(text)
    if place is None:
        return uuid_or_none(text)
    batch = Batch.objects.filter(number=batch_number(text)).first()
    return row_id(batch.id, place) if batch else None


def finding_named(text: str) -> UUID | None:
    """Id of the finding written as a UUID or as `B-24/17` (finding 17 of the run in force)."""
    place = place_in_batch(text)
    if place is None:
        return uuid_or_none(text)
    batch = Batch.objects.filter(number=batch_number(text), current_run__isnull=False).first()
    return row_id(batch.current_run_id, place) if batch and batch.current_run_id else None
