"""Every page of every order is what sorting all records in Python gives."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import product
from operator import attrgetter
from random import Random
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from records.datasets import paging
from records.datasets.identity import created_at, parent_id, row_id
from records.datasets.models import Batch, Dataset, Record, RecordCount
from records.datasets.paging import Asked, created_between, page, total
from records.states import RecordStatus
from tenants.context import tenant_scope
from tenants.models import Tenant

START = 1_750_000_000_000
STATUSES = [status.value for status in RecordStatus]
CATEGORIES = ["claims", "holdings", "trial balance"]


@pytest.fixture
def bound(db: None) -> Iterator[Tenant]:
    tenant = Tenant.objects.create(slug="demo", name="Demo")
    with tenant_scope(tenant.id):
        yield tenant


@pytest.fixture
def deliveries(bound: Tenant) -> list[Record]:
    """Batches of very different sizes and single records between them, counted as the pipeline counts them."""
    random = Random(7)
    datasets = [Dataset.objects.create(name=name) for name in CATEGORIES]
    made: list[Record] = []
    for number in range(1, 41):
        moment = id_at(number * 1000, random)
        dataset = random.choice(datasets)
        if number % 3:
            size, main = random.choice([1, 2, 3, 90]), random.choice(STATUSES)
            batch = Batch.objects.create(
                id=parent_id(moment), number=number, dataset=dataset, source=f"feed {number % 4}"
            )
            for row in range(1, size + 1):
                status = main if random.random() < 0.8 else random.choice(STATUSES)
                made.append(
                    Record(id=row_id(batch.id, row), dataset=dataset, batch=batch, row_number=row, status=status)
                )
        else:
            for place in range(random.choice([1, 4, 30])):
                status, source = random.choice(STATUSES), f"feed {random.randrange(2, 6)}"
                identifier = id_at(number * 1000 + place, random)
                made.append(Record(id=identifier, dataset=dataset, status=status, source=source, payload={}))
    Record.objects.bulk_create(made)
    count(made)
    return made


def id_at(offset: int, random: Random) -> UUID:
    """A UUIDv7 of that many milliseconds after the start."""
    return UUID(int=(START + offset) << 80 | 7 << 76 | 2 << 62 | random.getrandbits(60))


def count(made: list[Record]) -> None:
    counts: dict[tuple[Dataset, UUID, str], int] = {}
    for record in made:
        key = (record.dataset, record.batch_id or paging.SINGLE, record.status)
        counts[key] = counts.get(key, 0) + 1
    RecordCount.objects.bulk_create(
        RecordCount(dataset=dataset, batch_id=batch, day=created_at(id_at(0, Random(0))).date(), status=status, count=n)
        for (dataset, batch, status), n in counts.items()
    )


def expected(made: list[Record], asked: Asked, sort_by: str, descending: bool) -> list[UUID]:
    def source(record: Record) -> str:
        return record.batch.source if record.batch else record.source

    values: dict[str, Callable[[Record], str]] = {
        "created_at": lambda record: "",
        "status": attrgetter("status"),
        "category": attrgetter("dataset.name"),
        "source": source,
    }
    value = values[sort_by]
    found = [
        record
        for record in made
        if asked.status in {None, record.status}
        and asked.category in {None, record.dataset.name}
        and (asked.first is None or record.id >= asked.first)
        and (asked.before is None or record.id < asked.before)
    ]
    return [record.id for record in sorted(found, key=lambda r: (value(r), r.id), reverse=descending)]


BOUNDS = created_between(
    datetime.fromtimestamp((START + 7_000) / 1000, UTC), datetime.fromtimestamp((START + 33_010) / 1000, UTC)
)
QUESTIONS = [
    Asked(),
    Asked(status="failed"),
    Asked(category="claims"),
    Asked(category="holdings", status="processed"),
    Asked(category="nothing"),
    Asked(**BOUNDS),
    Asked(status="pending", **BOUNDS),
]


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("sort_by", ["created_at", "status", "category", "source"])
def test_pages_in_a_row_are_the_whole_sorted_list(
    deliveries: list[Record], sort_by: str, descending: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "SHALLOW", 100)
    for asked in QUESTIONS:
        wanted = expected(deliveries, asked, sort_by, descending)
        for limit in (41, 200):
            pages = [page(asked, sort_by, descending, at, limit) for at in range(0, len(wanted) + limit, limit)]
            assert [each for part in pages for each in part] == wanted, (asked, limit)


def test_the_total_is_the_number_of_records_that_match(deliveries: list[Record]) -> None:
    for asked in QUESTIONS:
        assert total(asked) == len(expected(deliveries, asked, "created_at", True)), asked


def test_a_page_reads_a_few_index_ranges_wherever_it_lies(deliveries: list[Record]) -> None:
    for sort_by, offset in product(["created_at", "status"], [0, 100, 400]):
        with CaptureQueriesContext(connection) as captured:
            page(Asked(category="claims"), sort_by, True, offset, 50)
        assert len(captured) <= 30, captured.captured_queries


def test_times_between_two_milliseconds_round_inwards() -> None:
    bounds = created_between(
        datetime(2026, 1, 1, 0, 0, 0, 1500, tzinfo=UTC), datetime(2026, 1, 1, 0, 0, 0, 3500, tzinfo=UTC)
    )
    first, before = created_at(bounds["first"]), created_at(bounds["before"])
    assert (first.microsecond, before.microsecond) == (2000, 4000)
