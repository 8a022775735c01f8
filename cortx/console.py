"""What the admin shows around its screens: which tenant, the way back to the app, and whether everything is alive."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Min, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from records.datasets.selectors import datasets
from records.runs.models import Run
from tenants.access.administration import tenants_administered_by
from tenants.console.access import administering, is_platform_staff
from tenants.models import Tenant, User, Work

RECENT = timedelta(minutes=10)
LISTED_DATASETS = 50


def tenant_name(request: HttpRequest) -> str:
    """The tenant the admin works on."""
    tenant = administering(request).tenant
    return tenant.name if tenant else "No tenant chosen"


def app_url(request: HttpRequest) -> str:
    """The app's pages of that tenant."""
    tenant = administering(request).tenant
    return f"/t/{tenant.slug}/" if tenant else "/"


def places(request: HttpRequest) -> list[dict[str, Any]]:
    """Where to go from here."""
    return [
        {"title": "Back to the app", "icon": "arrow_back", "link": app_url(request)},
        {"title": "Choose a tenant", "icon": "swap_horiz", "link": reverse("admin:index")},
    ]


def environment(request: HttpRequest) -> list[str] | None:
    """The tenant's environment; production stands out."""
    tenant = administering(request).tenant
    if tenant is None:
        return None
    return [tenant.environment, "danger" if tenant.environment.lower() == "production" else "info"]


@dataclass(frozen=True)
class Queue:
    """Work by status, and since when the oldest has been due."""

    queued: int
    running: int
    dead: int
    oldest_due: datetime | None

    @property
    def late(self) -> bool:
        """Whether something waits longer than workers take to notice."""
        return self.oldest_due is not None and self.oldest_due < timezone.now() - timedelta(minutes=1)


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The first page: workers, queue, and what judges each dataset."""
    tenant = administering(request).tenant
    work = visible_work(request, tenant)
    assert isinstance(request.user, User)
    return {
        **context,
        "tenant": tenant,
        "tenants": list(tenants_administered_by(request.user)),
        "queue": queue(work),
        "workers": workers(work),
        "judged": judged() if tenant else [],
    }


def visible_work(request: HttpRequest, tenant: Tenant | None) -> QuerySet[Work]:
    """All work for platform staff, a tenant's own for its administrators."""
    if is_platform_staff(request):
        return Work.objects.all()
    return Work.objects.filter(tenant_id=tenant.id) if tenant else Work.objects.none()


def queue(work: QuerySet[Work]) -> Queue:
    """How much there is to do."""
    found = work.aggregate(
        queued=Count("id", filter=Q(status=Work.Status.QUEUED)),
        running=Count("id", filter=Q(status=Work.Status.RUNNING)),
        dead=Count("id", filter=Q(status=Work.Status.DEAD)),
        oldest_due=Min("due_at", filter=Q(status=Work.Status.QUEUED)),
    )
    return Queue(**found)


def workers(work: QuerySet[Work]) -> list[Any]:
    """Workers that hold work or finished some lately, with their last sign of life."""
    now = timezone.now()
    alive = work.exclude(worker="").filter(Q(lease_until__gt=now) | Q(finished_at__gt=now - RECENT))
    running = Count("id", filter=Q(status=Work.Status.RUNNING))
    return list(alive.values("worker").annotate(running=running, finished=Max("finished_at")).order_by("worker"))


def judged() -> list[dict[str, Any]]:
    """The tenant's datasets, what judges each, and how its newest run went."""
    newest = Run.objects.filter(dataset=OuterRef("pk")).order_by("-id").values("id")[:1]
    shown = list(datasets().annotate(newest_run=Subquery(newest))[:LISTED_DATASETS])
    runs = Run.objects.select_related("batch").in_bulk([each.newest_run for each in shown if each.newest_run])
    return [{"dataset": each, "run": runs.get(each.newest_run)} for each in shown]
