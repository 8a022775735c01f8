"""Background entry points."""

from records.pipeline import bury, run_pipeline
from records.runs.selectors import RUN_WORK
from tenants.work.services import Claim
from tenants.work.task import work_task


@work_task(RUN_WORK, on_dead=bury)
def run(claim: Claim) -> None:
    """Judge a batch."""
    run_pipeline(claim)
