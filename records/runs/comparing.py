"""What a run left in the database and in the log, beside what it comes to when it is recomputed.

The recomputed files are turned into rows by the same code that stored them, so any other value was changed later.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any
from uuid import UUID

from records.datasets.identity import id_range
from records.datasets.models import Record
from records.runs.models import Finding, RuleOutcome, Run, UnitStatus
from records.runs.results import FINDING_COLUMNS, UNIT_COLUMNS, Tally, finding_rows, parquet_rows, unit_rows
from records.runs.storing import UNSETTLED
from records.states import RecordStatus, Severity
from rulepacks.engine.summary import Summary
from tenants.audit.models import AuditEvent

Row = Sequence[Any]
LOGGED = ("findings_digest", "snapshot_hash", "pack_hash")
COUNTED = ("passed", "failed", "not_applicable", "not_evaluated", "errored")


def differences(run: Run, summary: Summary, out: Path) -> Iterator[str]:
    """A sentence on the first difference of each kind; none when everything is as the run decided it.

    `summary` and `out` are of the run recomputed. Records are compared as long as no later run judged their batch.
    """
    first = next(iter(summary.inputs))
    yield from logged(run, summary, first)
    yield from counted(run, summary)
    stored = Finding.objects.filter(run=run).order_by("id").values_list(*FINDING_COLUMNS).iterator()
    yield from unlike("finding", FINDING_COLUMNS, stored, findings(out, run, first))
    units = UnitStatus.objects.filter(run=run).order_by("id").values_list(*UNIT_COLUMNS).iterator()
    yield from unlike("unit", UNIT_COLUMNS, units, (identified(row) for row in unit_rows(out, run)))
    outcomes = RuleOutcome.objects.filter(run=run).order_by("position").values_list("rule", "severity", *COUNTED)
    again = (tuple(getattr(one, name) for name in ("rule", "severity", *COUNTED)) for one in summary.outcomes)
    yield from unlike("outcome", ("rule", "severity", *COUNTED), outcomes, again)
    if run.batch is not None and run.batch.current_run_id == run.id:
        yield from records(run.batch.id, summary.inputs[first].accepted, out)


def logged(run: Run, summary: Summary, first: str) -> Iterator[str]:
    """The event that the run was completed with."""
    events = AuditEvent.objects.filter(action="run.completed", object_type="run", object_id=str(run.id))
    facts = events.values_list("facts", flat=True).first()
    if facts is None:
        yield "the log has no event of this run"
        return
    again = dict(zip(LOGGED, (summary.digest, summary.inputs[first].snapshot_sha256, summary.pack_hash), strict=True))
    for name in LOGGED:
        if facts[name] != again[name]:
            yield f"the log: {name} is {facts[name]}, recomputed {again[name]}"


def counted(run: Run, summary: Summary) -> Iterator[str]:
    """The counts on the run itself."""
    again = {severity.value: summary.findings.get(severity.value, 0) for severity in Severity}
    again |= {f"records_{state}": summary.records[state] for state in ("processed", "failed", "errored")}
    for name, value in again.items():
        if (stored := getattr(run, name)) != value:
            yield f"the run: {name} is {stored:,}, recomputed {value:,}"


def findings(out: Path, run: Run, first: str) -> Iterator[Row]:
    """Findings as the database gives them back."""
    texts = [place for place, kind in enumerate(FINDING_COLUMNS.values()) if kind == "jsonb"]
    for row in finding_rows(out, run, first, Tally()):
        values = list(identified(row))
        for place in texts:
            values[place] = json.loads(values[place])
        values[RECORD] = values[RECORD] and UUID(values[RECORD])
        yield tuple(values)


RECORD = list(FINDING_COLUMNS).index("record_id")


def identified(row: Row) -> Row:
    """Both kinds of rows begin with their own id and the run's."""
    return (UUID(row[0]), UUID(row[1]), *row[2:])


def records(batch_id: UUID, accepted: int, out: Path) -> Iterator[str]:
    """How many records there are, and those that did not plainly pass."""
    mine = Record.objects.filter(id__range=id_range(batch_id))
    if (count := mine.count()) != accepted:
        yield f"the records: {count:,} are stored, recomputed {accepted:,}"
    stored = mine.exclude(status=RecordStatus.PROCESSED).order_by("id").values_list("row_number", "status", "errored")
    again = ((row["row_number"], *UNSETTLED[row["state"]]) for row in parquet_rows(out / "record_states.parquet"))
    yield from unlike("record", ("row_number", "status", "errored"), stored.iterator(), again)


def unlike(kind: str, names: Iterable[str], stored: Iterable[Row], again: Iterable[Row]) -> Iterator[str]:
    """The first row that is another one, and the first value in it; both in the same order."""
    for number, (mine, other) in enumerate(zip_longest(stored, again), start=1):
        if mine is None:
            yield f"{kind} {number:,} is not stored"
        elif other is None:
            yield f"{kind} {number:,} is stored, and not found again"
        elif mine != other:
            name, left, right = next(all_ for all_ in zip(names, mine, other, strict=True) if all_[1] != all_[2])
            yield f"{kind} {number:,}: {name} is {shown(left)}, recomputed {shown(right)}"
        else:
            continue
        return


def shown(value: Any) -> str:
    return json.dumps(value, default=str, ensure_ascii=False)
