"""Tenants take turns: one that queued a thousand units of work does not keep another's waiting behind them.

The broker hands bells out in the order they were rung. So each worker process looks, for every bell, whether work is
due of a tenant it has served less recently, does that first, and sends the bell to the end of the line.
"""

from time import monotonic
from uuid import UUID

from django.db.models import Min
from django.db.models.functions import Now

from tenants.work.models import Work

TENANTS = 10_000
"""More than these are not remembered: then all begin anew."""
_served: dict[UUID, float] = {}


def work_sooner(work_id: UUID) -> Work | None:
    """Queued work to do before this one: the oldest of the tenant that this process has served least recently.

    None when it is this one's own tenant, or this one is not queued, so that there is nothing to put off.
    """
    queued = Work.objects.filter(status=Work.Status.QUEUED, due_at__lte=Now())
    rung = queued.filter(id=work_id).first()
    if rung is None:
        return None
    # One walk along the index of what is due.
    waiting = queued.order_by().values("tenant_id").annotate(since=Min("due_at"))
    others = [(_served.get(each["tenant_id"], 0.0), each["since"], each["tenant_id"]) for each in waiting]
    served, _, tenant_id = min(others, default=(0.0, None, rung.tenant_id))
    if served >= _served.get(rung.tenant_id, 0.0):
        return None
    return queued.filter(tenant_id=tenant_id).order_by("due_at").first()


def served(tenant_id: UUID) -> None:
    """This process begins work of the tenant."""
    if len(_served) >= TENANTS:
        _served.clear()
    _served[tenant_id] = monotonic()
