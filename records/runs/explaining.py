"""How a finding came about, by the engine: at once where its record is enough, else by a worker, over all rows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec
from django.core.files.storage import default_storage

from records.datasets.models import Batch, Record
from records.runs.models import Finding
from records.snapshots import source_rows
from rulepacks.catalog.archives import ArchiveDamaged
from rulepacks.catalog.selectors import record_rules
from rulepacks.engine.explanation.hints import Hint, hints
from rulepacks.engine.explanation.record_explained import explain_record
from rulepacks.engine.explanation.row_explained import AMOUNTS
from rulepacks.engine.explanation.trace import Clause, Explanation, Question
from rulepacks.engine.record import is_single
from tenants.context import current_tenant_id
from tenants.work.models import Work

EXPLAIN_WORK = "records.explain"
COMPARING = AMOUNTS | {"group", "reconcile"}
MARKS = {"true": "pass", "false": "stopped", "unknown": "pending", "error": "warning"}


@dataclass(frozen=True)
class Explained:
    """What is known of how a finding came about: `told`, asked for and `awaited`, `lost`, or `open` to be asked for."""

    state: Literal["told", "awaited", "lost", "open", "none"]
    hints: tuple[Hint, ...] = ()
    told: Explanation | None = None
    reason: str = ""

    @property
    def lines(self) -> list["ClauseLine"]:
        """The clauses of all conditions, each a line, those below another one further in."""
        parts = self.told.parts if self.told else ()
        return [line for part in parts for line in lines_of(part.clause, part.name)]


@dataclass(frozen=True)
class ClauseLine:
    """One clause as it is shown. `name` is the key of the rule it stands under, at the first clause of each."""

    name: str
    depth: int
    mark: str
    clause: Clause

    @property
    def said(self) -> str:
        """What came of it."""
        return self.clause.truth if self.clause.reached else "not looked at"


def lines_of(clause: Clause, name: str = "", depth: int = 0) -> Iterator[ClauseLine]:
    mark = MARKS[clause.truth] if clause.reached else "pending"
    yield ClauseLine(name, depth, mark, clause)
    for part in clause.clauses:
        yield from lines_of(part, depth=depth + 1)


def explained(finding: Finding) -> Explained:
    """The explanation as far as it can be had now, with what can be seen from both sides alone."""
    if finding.run.pack_version is None:
        return Explained("none")
    try:
        told = alone(finding) or kept(finding)
    except ArchiveDamaged as damage:
        return Explained("lost", reason=str(damage))
    if told is not None:
        return Explained("told", told.hints, told)
    seen = hints(finding.left, finding.right, earlier=earlier_difference(finding)) if compares(finding) else ()
    work = Work.objects.filter(kind=EXPLAIN_WORK, reference=finding.id, tenant_id=current_tenant_id()).first()
    if work is None:
        return Explained("open", seen)
    if work.status in {Work.Status.QUEUED, Work.Status.RUNNING}:
        return Explained("awaited", seen)
    return Explained("lost", seen, reason=work.reason)


def compares(finding: Finding) -> bool:
    """Whether its sides are amounts."""
    return finding.type in COMPARING and finding.difference is not None


def alone(finding: Finding) -> Explanation | None:
    """The explanation of a rule that its one record decides; None for the others."""
    assert finding.run.pack_version is not None
    pack = record_rules(finding.run.pack_version, finding.run.severities).pack
    of_first = finding.input == pack.first_input.name
    if not of_first or not is_single(pack, pack.rule(finding.rule)):
        return None
    payload = payload_of(finding)
    return None if payload is None else explain_record(pack, finding.rule, payload, finding.run.parameters)


def payload_of(finding: Finding) -> Mapping[str, object] | None:
    """What was delivered of the record a finding is about."""
    if finding.run.batch_id is None:
        record = Record.objects.filter(id=finding.record_id).first()
        return record.payload if record else None
    if finding.row is None:
        return None
    rows = source_rows(finding)
    return rows[0].values if rows else None


def explained_as(finding: Finding) -> str:
    """Where in storage its explanation lies once a worker gave it; beside the run, which never changes."""
    run = finding.run
    return f"{current_tenant_id()}/batches/{run.batch_id}/runs/{run.id}/explained/{finding.ordinal}.json"


def kept(finding: Finding) -> Explanation | None:
    """The explanation a worker gave."""
    name = explained_as(finding)
    if not default_storage.exists(name):
        return None
    with default_storage.open(name) as file:
        return msgspec.json.decode(file.read(), type=Explanation)


def question_of(finding: Finding) -> Question:
    """What the engine is asked about a finding of a batch."""
    if finding.row is not None:
        return Question(finding.rule, row=finding.row, input=finding.input)
    return Question(finding.rule, key=finding.key, earlier=earlier_difference(finding))


def earlier_difference(finding: Finding) -> str | None:
    """The difference of the same finding in the batch before, for the same dataset."""
    batch = finding.run.batch
    if batch is None or finding.row is not None:
        return None
    before = Batch.objects.filter(dataset=batch.dataset, id__lt=batch.id, current_run__isnull=False).order_by("-id")
    last = before.first()
    if last is None:
        return None
    same = Finding.objects.filter(run=last.current_run_id, rule=finding.rule, fingerprint=finding.fingerprint).first()
    return same.difference if same else None
