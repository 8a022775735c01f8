"""What a worker does when it starts; loaded with the tasks of the other apps."""

from typing import Any

from celery.signals import worker_init, worker_ready
from django.core.exceptions import ImproperlyConfigured

from cortx.celery import app
from tenants.serving_role import serving_role_verify_at_start


@worker_init.connect
def refuse_wrong_role(**_: Any) -> None:
    """A worker does not start under a role that row security does not bind."""
    try:
        serving_role_verify_at_start()
    except ImproperlyConfigured as error:
        # Celery only logs what receivers raise, except this.
        raise SystemExit(str(error)) from error


@worker_ready.connect
def sweep(**_: Any) -> None:
    """Whatever became due while no worker was there is rung for at once."""
    app.send_task("tenants.ring_due_work", ignore_result=True)
