"""Background work of one tenant that names things of another: every task there is, as the worker knows them."""

from collections.abc import Callable
from uuid import UUID, uuid4

from cortx.celery import app
from cortx.tests.walk.canaries import contents, written_down
from cortx.tests.walk.visits import UUID as AN_ID
from cortx.tests.walk.walk import Walk
from tenants.models import Work
from tenants.work.services import kinds


def tasks() -> dict[str, Callable[..., object]]:
    """Every task of the product by name; other tests make tasks too, `tests.` something."""
    app.loader.import_default_modules()
    return {name: task for name, task in app.tasks.items() if not name.startswith(("celery.", "tests."))}


def kinds_of_work() -> list[str]:
    return sorted(kind for kind in kinds() if not kind.startswith("tests."))


def told(kind: str, walk: Walk, reference: UUID | str) -> str:
    """What becomes of the other tenant's work about that, ids taken out."""
    work = Work.objects.create(tenant_id=walk.cast.other.id, kind=kind, reference=reference, due_at="2026-01-01T00:00Z")
    tasks()[kind](str(work.id))
    work.refresh_from_db()
    return AN_ID.sub("<id>", f"{work.status} {work.reason}")


def test_work_about_another_tenants_thing_ends_as_work_about_nothing(walk: Walk) -> None:
    for kind in kinds_of_work():
        nothing = told(kind, walk, uuid4())
        assert {reference: told(kind, walk, reference) for reference in walk.ids} == dict.fromkeys(walk.ids, nothing)
        assert "canary" not in nothing
    assert contents(walk.cast.tenant) == walk.rows
    assert walk.marks_in(written_down(walk.cast.other)) == []


def test_tasks_without_a_tenant_leave_every_tenants_rows_as_they_are(walk: Walk) -> None:
    """One that is about a tenant's thing is a kind of work, and is tried above."""
    for name in tasks().keys() - set(kinds_of_work()):
        tasks()[name]()
    assert contents(walk.cast.tenant) == walk.rows


def test_every_kind_of_work_is_a_task() -> None:
    assert set(kinds_of_work()) <= tasks().keys()
    assert "records.run" in kinds_of_work()
