"""Pages of records in any documented order, at any depth, without reading the rows that come before them.

Rows of a batch lie side by side (see `identity`), and the counters say how many of them match. So whole batches
are skipped by arithmetic and only the page itself is read; single records, which lie between the batches, are
counted and read by an index of their own. Sorting by status, category or source walks the groups of equal value
in order, each of them a page by age.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypedDict
from uuid import UUID

from django.db.models import Count, QuerySet, Sum

from records.datasets.identity import first_id_of, id_range
from records.datasets.models import Batch, Record, RecordCount
from records.states import RecordStatus

EPOCH, MILLISECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)
SINGLE = UUID(int=0)
# Up to here the primary key alone is quicker than reading the counters.
SHALLOW = 10_000
LABELS = {"status": "status", "category": "dataset__name"}


class Bounds(TypedDict, total=False):
    """Ids from `first` on, and below `before`."""

    first: UUID
    before: UUID


def created_between(after: datetime | None, before: datetime | None) -> Bounds:
    """Bounds of records made at or after `after` and at or before `before`, to the millisecond an id keeps."""
    bounds = Bounds()
    if after:
        bounds["first"] = first_id_of(-((EPOCH - after) // MILLISECOND))
    if before:
        bounds["before"] = first_id_of((before - EPOCH) // MILLISECOND + 1)
    return bounds


@dataclass(frozen=True)
class Asked:
    """Which records are wanted; None means any."""

    status: str | None = None
    category: str | None = None
    source: str | None = None
    first: UUID | None = None
    before: UUID | None = None

    def rows(self) -> QuerySet[Record, Record]:
        """By status and age alone: category and source of a batch's row are those of the batch."""
        found = Record.objects.all()
        if self.status:
            found = found.filter(status=self.status)
        if self.status in {RecordStatus.PENDING, RecordStatus.FAILED}:
            # Says what the condition of the partial index says, so that the planner may use it.
            found = found.exclude(status=RecordStatus.PROCESSED)
        return within(found, "id", self.first, self.before)

    def singles(self) -> QuerySet[Record, Record]:
        """Those that came one at a time."""
        found = self.rows().filter(batch__isnull=True)
        if self.category is not None:
            found = found.filter(dataset__name=self.category)
        if self.source is not None:
            found = found.filter(source=self.source)
        return found

    def counters(self) -> QuerySet[RecordCount, RecordCount]:
        """Of batches and, when age does not matter, of single records, whose counters know only their day."""
        found = RecordCount.objects.filter(count__gt=0)
        if self.status:
            found = found.filter(status=self.status)
        if self.category is not None:
            found = found.filter(dataset__name=self.category)
        if self.bounded:
            found = within(found.exclude(batch_id=SINGLE), "batch_id", self.first, self.before)
        return found

    @property
    def bounded(self) -> bool:
        return bool(self.first or self.before)

    def narrowed(self, column: str, value: str) -> "Asked":
        """The same, and `column` (status, category or source) has this value."""
        changes: dict[str, Any] = {column: value}
        return replace(self, **changes)


def within(found: QuerySet[Any, Any], column: str, first: UUID | None, before: UUID | None) -> QuerySet[Any, Any]:
    """Narrow to `first <= column < before`."""
    if first:
        found = found.filter(**{f"{column}__gte": first})
    if before:
        found = found.filter(**{f"{column}__lt": before})
    return found


def total(asked: Asked) -> int:
    """How many records match, exactly, from the counters."""
    counted = asked.counters().aggregate(count=Sum("count"))["count"] or 0
    return int(counted) + (asked.singles().count() if asked.bounded else 0)


def page(asked: Asked, sort_by: str, descending: bool, offset: int, limit: int) -> list[UUID]:
    """Ids of the records at positions `offset` … `offset + limit - 1` of the wanted order; ties go by age."""
    if sort_by == "created_at":
        if asked.status is None and asked.category is None and offset <= SHALLOW:
            return ids(asked.rows(), descending, offset, limit)
        return Group.all(asked).page(descending, offset, limit)
    found: list[UUID] = []
    for group in sorted(groups(asked, sort_by), key=lambda group: group.label, reverse=descending):
        if len(found) == limit:
            break
        if offset < group.total:
            found += group.page(descending, offset, limit - len(found))
        offset = max(0, offset - group.total)
    return found


def ids(rows: QuerySet[Record, Record], descending: bool, offset: int, limit: int) -> list[UUID]:
    """Oldest or newest first."""
    return list(rows.order_by("-id" if descending else "id").values_list("id", flat=True)[offset : offset + limit])


@dataclass
class Group:
    """Matching records with one value of the column sorted by: so many of each batch, and so many single ones."""

    asked: Asked
    label: str = ""
    batches: dict[UUID, int] = field(default_factory=dict)
    singles: int = 0

    @classmethod
    def all(cls, asked: Asked) -> "Group":
        """Everything that is asked for, as one group."""
        group = cls(asked)
        for batch, count in asked.counters().values_list("batch_id").annotate(Sum("count")).order_by():
            group.add(batch, count)
        if asked.bounded:
            group.singles = asked.singles().count()
        return group

    def add(self, batch: UUID, count: int) -> None:
        if batch == SINGLE:
            self.singles += count
        else:
            self.batches[batch] = self.batches.get(batch, 0) + count

    @property
    def total(self) -> int:
        return sum(self.batches.values()) + self.singles

    def page(self, descending: bool, offset: int, limit: int) -> list[UUID]:
        """Ids at these positions, by age."""
        return Walk(self, descending).page(offset, limit)


def groups(asked: Asked, by: str) -> list[Group]:
    """One group a status, category or source, none of them empty."""
    found: dict[str, Group] = {}

    def group(label: str) -> Group:
        return found.setdefault(label, Group(asked.narrowed(by, label), label))

    for label, batch, count in labelled(asked, by):
        group(label).add(batch, count)
    if asked.bounded or by == "source":
        column = LABELS.get(by, by)
        for label, count in asked.singles().values_list(column).annotate(Count("id")).order_by():
            group(label).add(SINGLE, count)
    return list(found.values())


def labelled(asked: Asked, by: str) -> Iterator[tuple[str, UUID, int]]:
    """(value of the column, batch, count); single records only where the counters know the value."""
    if by != "source":
        yield from asked.counters().values_list(LABELS[by], "batch_id").annotate(Sum("count")).order_by()
        return
    sources = dict(Batch.objects.values_list("id", "source"))
    counters = asked.counters().exclude(batch_id=SINGLE)
    for batch, count in counters.values_list("batch_id").annotate(Sum("count")).order_by():
        yield sources[batch], batch, count


class Walk:
    """A group's batches in order of age, with the single records between them."""

    def __init__(self, group: Group, descending: bool) -> None:
        self.group, self.descending = group, descending
        self.batches = sorted(group.batches, reverse=descending)
        self.starts = [0]
        for batch in self.batches:
            self.starts.append(self.starts[-1] + group.batches[batch])

    def page(self, offset: int, limit: int) -> list[UUID]:
        """The rest of the batch the page begins in; then batches and single records, merged by age."""
        at = bisect_right(range(len(self.batches)), offset, key=self.position) - 1
        skip = offset - (self.position(at) if at >= 0 else 0)
        inside = at >= 0 and skip < self.count(at)
        begun = ids(self.rows(self.batches[at]), self.descending, skip, limit) if inside else []
        wanted = limit - len(begun)
        if not wanted:
            return begun
        passed_singles = 0 if inside else skip - (self.count(at) if at >= 0 else 0)
        following = [*self.singles_after(at, passed_singles, wanted), *self.batches_after(at, wanted)]
        return begun + sorted(following, reverse=self.descending)[:wanted]

    def count(self, at: int) -> int:
        return self.starts[at + 1] - self.starts[at]

    def position(self, at: int) -> int:
        """How many records of the group come before batch number `at` of the walk."""
        if not self.group.singles:
            return self.starts[at]
        first, last = id_range(self.batches[at])
        nearer = {"id__gt": last} if self.descending else {"id__lt": first}
        return self.starts[at] + self.group.asked.singles().filter(**nearer).count()

    def rows(self, batch: UUID) -> QuerySet[Record, Record]:
        return self.group.asked.rows().filter(id__range=id_range(batch))

    def singles_after(self, at: int, offset: int, limit: int) -> list[UUID]:
        if not self.group.singles:
            return []
        found = self.group.asked.singles()
        if at >= 0:
            first, last = id_range(self.batches[at])
            found = found.filter(**({"id__lt": first} if self.descending else {"id__gt": last}))
        return ids(found, self.descending, offset, limit)

    def batches_after(self, at: int, limit: int) -> list[UUID]:
        """At most `limit` rows of the batches after number `at`: small ones whole, the last one cut."""
        small: list[QuerySet[Record, tuple[UUID]]] = []
        for batch in self.batches[at + 1 :]:
            if self.group.batches[batch] >= limit:
                return self.whole(small) + ids(self.rows(batch), self.descending, 0, limit)
            limit -= self.group.batches[batch]
            small.append(self.rows(batch).order_by().values_list("id"))
        return self.whole(small)

    def whole(self, parts: list[QuerySet[Record, tuple[UUID]]]) -> list[UUID]:
        """All rows of some small batches, in one query of one index range each."""
        if not parts:
            return []
        return [identifier for (identifier,) in parts[0].union(*parts[1:], all=True)]
