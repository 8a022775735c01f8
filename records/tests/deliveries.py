"""Small deliveries for the ledger pack, and the shortest way from one to its verdict."""

from collections.abc import Sequence
from io import BytesIO

from records import commands, tasks
from records.datasets.models import Batch, Dataset
from records.datasets.uploads import Upload
from records.runs.models import Run
from records.runs.selectors import RUN_WORK
from tenants.models import Work

HEADER = "line,account,side,amount,year"
BALANCED = ("1,A,D,10.00,2026", "2,A,C,10.00,2026", "3,B,D,5.10,2026", "4,B,C,5.10,2026")


def csv(rows: Sequence[str], header: str = HEADER) -> bytes:
    return "\n".join([header, *rows, ""]).encode()


def deliver(
    dataset: Dataset, content: bytes, *, name: str = "lines", filename: str = "lines.csv", **parameters: object
) -> Batch:
    """A batch whose run waits."""
    upload = Upload(name, filename, BytesIO(content))
    return commands.batch_receive(dataset=dataset, uploads=[upload], parameters=parameters, source="tests").batch


def work_of(batch: Batch) -> Work:
    batch.refresh_from_db()
    assert batch.last_run is not None
    return Work.objects.get(kind=RUN_WORK, reference=batch.last_run.id)


def judge(batch: Batch) -> Run:
    """Answer the bell once, in this process; the run as it stands afterwards."""
    tasks.run(str(work_of(batch).id))
    batch.refresh_from_db()
    assert batch.last_run is not None
    return batch.last_run
