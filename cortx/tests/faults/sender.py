"""A tenant that delivers over HTTP, and what became of what it delivered."""

from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from uuid import UUID

from django.core.files.storage import default_storage

from cortx.tests.faults.installation import Answer, Installation, multipart, wait_until
from records import commands
from records.datasets.models import Batch
from records.runs.models import Run
from records.runs.selectors import run_by_id
from records.tests.trial_balances import FILES, check
from rulepacks.catalog.services import pack_install
from rulepacks.engine.tests.federal import PACK, PARAMETERS
from rulepacks.samples.trial_balance import Options, write
from tenants.access.keys import key_issue
from tenants.context import tenant_scope
from tenants.models import AuditEvent, Work
from tenants.tests.factories import TenantFactory

BATCHES, RECORDS = "/api/v1/batches", "/api/v1/records"
RECORD = b'{"source": "feed", "category": "notes", "payload": {"amount": 1}}'


class Sender:
    """Delivers a generated trial balance to the dataset `gtas`, judged by the shipped pack."""

    def __init__(self, installation: Installation, folder: Path) -> None:
        self.installation, self.folder = installation, folder
        self.tenant = TenantFactory.create()
        with tenant_scope(self.tenant.id):
            self.key = key_issue(tenant=self.tenant, name="feed", scopes=["read", "write"])[1]
            dataset = commands.dataset_for_category("gtas")
            commands.dataset_activate(dataset=dataset, version=pack_install(folder=PACK))

    def get(self, path: str) -> Answer:
        return self.installation.web.ask("GET", path, X_API_Key=self.key)

    def post(self, path: str, body: bytes, kind: str = "application/json", *, key: str = "") -> Answer:
        headers = {"X_API_Key": self.key, "Content_Type": kind, **({"Idempotency_Key": key} if key else {})}
        return self.installation.web.ask("POST", path, body, **headers)

    def sample(self, rows: int) -> tuple[bytes, str]:
        """The form of a delivery of that many rows."""
        write(self.folder, Options(rows=rows, seed=2, faults=3))
        return self.form()

    def form(self, **fields: str) -> tuple[bytes, str]:
        """The same again."""
        fields |= {"dataset": "gtas", **{f"param.{name}": value for name, value in PARAMETERS.items()}}
        return multipart({name: self.folder / file for name, file in FILES.items()}, **fields)

    def deliver(self, rows: int) -> UUID:
        """Id of the run that was promised."""
        answer = self.post(BATCHES, *self.sample(rows))
        assert answer.status == 202, answer.body
        return UUID(answer.json["run"])

    def begin(self, body: bytes, *, key: str) -> HTTPConnection:
        """Sends half of a delivery to a dataset without a pack; the rest may follow.

        A half larger than the buffers of both sockets is sent only as the server takes it in.
        """
        connection = self.opened(f"{BATCHES}?dataset=plain&again=1", len(body), "text/csv", key=key)
        connection.send(body[: len(body) // 2])
        return connection

    def opened(self, path: str, length: int, kind: str, *, key: str) -> HTTPConnection:
        """A request whose body is still to come."""
        connection = self.installation.web.connection()
        connection.putrequest("POST", path)
        headers = {"X-API-Key": self.key, "Content-Type": kind, "Content-Length": str(length), "Idempotency-Key": key}
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        return connection

    def stored(self) -> list[Path]:
        """Delivered files of the tenant."""
        return sorted(Path(default_storage.path(str(self.tenant.id))).glob("batches/*/delivered/*"))

    def snapshots(self) -> list[Path]:
        """What runs made of them."""
        return sorted(Path(default_storage.path(str(self.tenant.id))).glob("batches/*/runs/*/*/snapshot/*"))

    def batches(self) -> int:
        with tenant_scope(self.tenant.id):
            return Batch.objects.count()

    def run(self, run_id: UUID) -> Run:
        with tenant_scope(self.tenant.id):
            return run_by_id(run_id)

    def reached(self, run_id: UUID, *stages: str) -> Callable[[], bool]:
        return lambda: self.run(run_id).stage in stages

    def attempt(self, run_id: UUID) -> int:
        """How often a worker took it up."""
        return Work.objects.get(reference=run_id).attempt

    def wait_for(self, run_id: UUID) -> float:
        """Seconds until the run ended."""
        log = self.installation.workers[-1].log if self.installation.workers else None
        return wait_until(lambda: self.run(run_id).ended, "the run ends", log)

    def check(self, run_id: UUID) -> None:
        """All of it is stored, once."""
        with tenant_scope(self.tenant.id):
            check(self.folder, run_by_id(run_id))
            assert AuditEvent.objects.filter(action="run.completed", object_id=str(run_id)).count() == 1
