"""What the parts cost alone, on the same data and machine: the bars the whole line is measured against."""

import csv
import json
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

from django.db import connection, transaction

from cortx.benchmarks.subject import INPUT, PACK, PARAMETERS
from records.runs.bulk import many, on_postgresql
from rulepacks.engine.formats.reading import InputFile
from rulepacks.engine.progress import silent
from rulepacks.engine.request import RunRequest
from rulepacks.engine.sandbox import run_in_child
from rulepacks.engine.summary import Summary
from tenants.scoping import new_id

THIN = (
    "tenant_id uuid, id uuid, dataset_id uuid, batch_id uuid, row_number bigint, status text, errored bool, source text"
)
SLICE = 10_000


def seconds(work: Callable[[], object]) -> float:
    """Wall-clock seconds of one call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def parse_and_rules(file: Path, out: Path) -> Summary:
    """The child process alone: read, snapshot, rules; nothing is stored in a database."""
    given = InputFile(INPUT, file, file.name)
    request = RunRequest(pack=PACK, inputs=(given,), snapshots={}, parameters=PARAMETERS, out=out)
    return run_in_child(request, on_progress=silent, cancelled=lambda: False)


def load_thin_rows(rows: int) -> None:
    """Rows as thin as records into a table without keys, policies or checks, then rolled back."""
    owner = str(new_id())
    load(THIN, ((owner, str(new_id()), owner, owner, n, "processed", False, "") for n in range(1, rows + 1)))


def load_json_rows(file: Path) -> None:
    """Every row of a CSV file as one JSON document into a table without anything else, then rolled back."""
    load("payload jsonb", ((json.dumps(row),) for row in dictionaries(file)))


def dictionaries(file: Path) -> Iterator[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as lines:
        yield from csv.DictReader(lines)


def load(columns: str, rows: Iterable[tuple[object, ...]]) -> None:
    """COPY on PostgreSQL, one prepared INSERT on SQLite; the values are made beforehand, a slice at a time."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE bench_load ({columns})")
        if on_postgresql():
            with cursor.copy("COPY bench_load FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * (columns.count(",") + 1))
            remaining = iter(rows)
            while part := list(islice(remaining, SLICE)):
                many(cursor, f"INSERT INTO bench_load VALUES ({marks})", part)  # noqa: S608
        cursor.execute("DROP TABLE bench_load")
