"""Background entry points."""

from celery import shared_task
from django.utils import timezone

from records.datasets.retention import files_expire
from records.datasets.uploads import leftovers_forget
from records.pipeline import bury, explain_pipeline, run_pipeline
from records.runs.explaining import EXPLAIN_WORK
from records.runs.selectors import RUN_WORK
from tenants.accounts.models import Tenant
from tenants.context import tenant_scope
from tenants.work.services import Claim
from tenants.work.task import work_task


@work_task(RUN_WORK, on_dead=bury)
def run(claim: Claim) -> None:
    """Judge a batch."""
    run_pipeline(claim)


# Of work that died the page of the finding shows the reason.
@work_task(EXPLAIN_WORK, on_dead=lambda *_: None)
def explain(claim: Claim) -> None:
    """Explain a finding."""
    explain_pipeline(claim)


@shared_task(name="records.forget_leftovers", ignore_result=True)
def forget_leftovers() -> None:
    """Remove files that were received and never became part of a batch, tenant by tenant."""
    for tenant_id in Tenant.objects.values_list("id", flat=True):
        with tenant_scope(tenant_id):
            leftovers_forget(timezone.now())


@shared_task(name="records.apply_retention", ignore_result=True)
def apply_retention() -> None:
    """Forget delivered files that policies do not keep any more, tenant by tenant, some at a time."""
    now = timezone.now()
    for tenant_id in Tenant.objects.values_list("id", flat=True):
        expired = True
        while expired:
            with tenant_scope(tenant_id):
                expired = bool(files_expire(now))
