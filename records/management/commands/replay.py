"""`manage.py replay RUN`: recompute a run from its snapshots, and say whether it comes to the same findings."""

import sys
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError, CommandParser

from records.datasets.references import uuid_or_none
from records.files import scratch_folder
from records.runs.comparing import differences
from records.runs.models import Run
from records.runs.replaying import engine_differs, replay, replay_request
from rulepacks.engine.refusals import ChildFailed
from tenants.accounts.models import Tenant
from tenants.context import tenant_scope
from tenants.problems import Refusal
from tenants.scoping import new_id
from tenants.serving_role import ServedCommand

SAME, DIFFERENT = 0, 1
STORED = "findings, outcomes, units, records, log"


class Command(ServedCommand):
    help = (
        "Recompute a run from its snapshots, pack and parameters: as stored, and with shuffled rows and other threads; "
        "compare the digests, and what is stored of the run. Exit codes: 0 all the same, 1 not, or not possible."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", help="id of the run")

    def handle(self, *args: Any, run: str, **options: Any) -> None:
        identifier = uuid_or_none(run)
        found = find(identifier) if identifier else None
        if found is None:
            raise CommandError(f"No run has the id {run!r}")
        sys.exit(self.replay(found))

    def replay(self, run: Run) -> int:
        """Recompute, and tell each digest beside the recorded one."""
        with scratch_folder(f"replay-{new_id()}", 1) as scratch:
            try:
                with tenant_scope(run.tenant.id):
                    request = replay_request(run, scratch)
                results = list(replay(request, scratch))
                with tenant_scope(run.tenant.id):
                    faults = list(differences(run, results[0].summary, results[0].out))
            except (Refusal, ChildFailed) as refusal:
                raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{'recorded':50} {run.findings_digest}")
        for one in results:
            digest = one.summary.digest
            verdict = "same" if digest == run.findings_digest else "DIFFERENT"
            self.stdout.write(f"{one.how:50} {digest} {verdict}")
        for fault in faults:
            self.stdout.write(f"{STORED:50} {fault} DIFFERENT")
        if not faults:
            self.stdout.write(f"{STORED:50} same")
        if note := engine_differs(run):
            self.stdout.write(note)
        is_same = not faults and {one.summary.digest for one in results} == {run.findings_digest}
        return SAME if is_same else DIFFERENT


def find(identifier: UUID) -> Run | None:
    """The run, in whichever tenant it is."""
    for tenant in Tenant.objects.all():
        with tenant_scope(tenant.id):
            run = Run.objects.select_related("batch", "pack_version__pack", "tenant").filter(id=identifier).first()
        if isinstance(run, Run):
            return run
    return None
