"""Every background entry point of this app."""

from celery import shared_task

from tenants.work.services import work_ring_due


@shared_task(name="tenants.ring_due_work", ignore_result=True)
def ring_due_work() -> None:
    """The relay: whatever got lost on its way to a worker is rung for again."""
    work_ring_due()
