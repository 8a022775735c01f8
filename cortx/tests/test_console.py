"""Every screen of the admin, as platform staff, as administrators of a tenant, and as those who may not enter."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django_celery_results.models import TaskResult

from cortx.testing.queries import RecordedQueries
from records.datasets.models import Batch, Dataset, Record
from records.runs.models import Finding, RuleOutcome, Run, UnitStatus
from records.states import RecordStatus
from records.tests.judged import SECRET, Judged
from rulepacks.models import Pack, PackVersion
from tenants.audit.models import AuditEvent
from tenants.context import tenant_scope
from tenants.models import ApiKey, Membership, Tenant, User, Work
from tenants.tests.cast import Cast
from tenants.tests.factories import ApiKeyFactory, UserFactory

OWNED = [Dataset, Batch, Record, Run, UnitStatus, Finding, Pack, PackVersion, AuditEvent, Membership, ApiKey, Tenant]
PLATFORM = [User, Work, TaskResult]
READ_ONLY = [Batch, Record, Run, UnitStatus, Finding, Pack, PackVersion, AuditEvent, Work, TaskResult]


def listed(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def shown(row: Model) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


@pytest.fixture
def staff(cast: Cast) -> Client:
    """Platform staff who have chosen the cast's tenant."""
    browser = cast.browser(UserFactory.create(email="staff@platform.example", is_staff=True, is_superuser=True))
    browser.post("/admin/tenant/", {"tenant": cast.tenant.slug})
    return browser


@pytest.fixture
def rows(cast: Cast, judged: Judged) -> dict[type[Model], Model]:
    """A row of every model that has a screen."""
    ApiKeyFactory.create(tenant=cast.tenant, name=SECRET)
    TaskResult.objects.create(task_id="1", task_name="records.run")
    due = judged.run.created_at - timedelta(minutes=5)
    Work.objects.create(tenant_id=cast.tenant.id, kind="records.run", reference=uuid4(), due_at=due)
    with tenant_scope(cast.tenant.id):
        found = {model: model._default_manager.first() for model in [*OWNED, *PLATFORM]}
    found |= {Tenant: cast.tenant, Membership: cast.analyst.memberships.get(), Record: judged.records[2]}
    found |= {Finding: judged.findings[0], Run: judged.run}
    return {model: row for model, row in found.items() if row is not None}


def test_every_screen_is_in_these_tests() -> None:
    assert set(admin.site._registry) == {*OWNED, *PLATFORM}


@pytest.mark.parametrize("model", [*OWNED, *PLATFORM], ids=lambda model: model.__name__)
def test_platform_staff_see_every_list_and_every_row(
    staff: Client, rows: dict[type[Model], Model], model: type[Model], recorded_queries: RecordedQueries
) -> None:
    with recorded_queries(f"admin list: {model.__name__}"):
        page = staff.get(listed(model))
    assert page.status_code == 200
    with recorded_queries(f"admin page: {model.__name__}"):
        page = staff.get(shown(rows[model]))
    assert page.status_code == 200
    assert "'unsafe-eval'" in page["Content-Security-Policy"]


@pytest.mark.parametrize("model", OWNED, ids=lambda model: model.__name__)
def test_a_tenants_administrator_sees_what_is_the_tenants(
    cast: Cast, rows: dict[type[Model], Model], model: type[Model]
) -> None:
    browser = cast.browser(cast.owner)
    assert browser.get(listed(model)).status_code == 200
    assert browser.get(shown(rows[model])).status_code == 200


@pytest.mark.parametrize("model", PLATFORM, ids=lambda model: model.__name__)
def test_a_tenants_administrator_sees_nothing_of_the_platform(
    cast: Cast, rows: dict[type[Model], Model], model: type[Model]
) -> None:
    browser = cast.browser(cast.owner)
    assert browser.get(listed(model)).status_code == 403
    assert browser.get(shown(rows[model])).status_code == 403
    assert listed(model).encode() not in browser.get("/admin/").content


@pytest.mark.parametrize("model", OWNED, ids=lambda model: model.__name__)
def test_the_administrator_of_another_tenant_sees_none_of_it(
    cast: Cast, rows: dict[type[Model], Model], model: type[Model]
) -> None:
    browser = cast.browser(cast.outsider)
    page = browser.get(listed(model))
    assert page.status_code == 200
    assert SECRET.encode() not in page.content
    assert str(rows[model].pk).encode() not in page.content
    theirs = browser.get(shown(rows[model]), follow=True)
    assert SECRET.encode() not in theirs.content
    assert theirs.redirect_chain == [("/admin/", 302)]


def test_analysts_and_strangers_do_not_enter(cast: Cast, rows: dict[type[Model], Model]) -> None:
    for model in [*OWNED, *PLATFORM]:
        assert cast.browser(cast.analyst).get(listed(model), follow=True).status_code == 403
        away = Client().get(listed(model), follow=True)
        assert away.redirect_chain[-1][0].startswith("/accounts/login/")


def test_platform_staff_without_a_tenant_see_the_platform_only(cast: Cast, judged: Judged) -> None:
    browser = cast.browser(UserFactory.create(email="staff@platform.example", is_staff=True, is_superuser=True))
    assert browser.get("/admin/").status_code == 200
    assert browser.get(listed(Work)).status_code == 200
    assert browser.get(listed(Finding)).status_code == 403


@pytest.mark.parametrize("model", READ_ONLY, ids=lambda model: model.__name__)
def test_what_is_settled_cannot_be_changed(staff: Client, rows: dict[type[Model], Model], model: type[Model]) -> None:
    row = rows[model]
    page = staff.get(shown(row)).content
    assert b'name="_save"' not in page
    assert staff.post(shown(row), {"status": "x"}).status_code == 403
    assert staff.post(shown(row).replace("change", "delete"), {"post": "yes"}).status_code == 403
    add = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")
    assert staff.get(add).status_code == 403


def test_the_first_page_tells_of_workers_queue_and_packs(
    staff: Client, rows: dict[type[Model], Model], recorded_queries: RecordedQueries
) -> None:
    with recorded_queries("admin overview"):
        page = staff.get("/admin/").content.decode()
    assert "Work is due and nobody takes it" in page
    assert "tests.ledger@1.0.0" in page


def action(browser: Client, name: str, row: Model) -> Any:
    return browser.post(listed(type(row)), {"action": name, "_selected_action": [str(row.pk)]}, follow=True)


def test_a_batch_is_judged_again_by_action(cast: Cast, judged: Judged) -> None:
    browser = cast.browser(cast.owner)
    assert b"B-1 is judged again." in action(browser, "run_again", judged.batch).content
    assert b"A run of B-1 is under way" in action(browser, "run_again", judged.run).content
    with tenant_scope(cast.tenant.id):
        waiting = Run.objects.latest("id")
        assert waiting.created_by == str(cast.owner)
    assert b"is asked to stop." in action(browser, "cancel", waiting).content
    assert b"The run has ended" in action(browser, "cancel", waiting).content


def test_a_record_is_processed_by_action(cast: Cast, judged: Judged) -> None:
    answer = action(cast.browser(cast.owner), "process", judged.single)
    assert b"is processed." in answer.content
    with tenant_scope(cast.tenant.id):
        assert Record.objects.get(pk=judged.single.pk).status != RecordStatus.PENDING


def test_actions_reach_no_row_of_another_tenant(cast: Cast, judged: Judged) -> None:
    before = Work.objects.count()
    for name, row in (("run_again", judged.batch), ("cancel", judged.run), ("process", judged.single)):
        action(cast.browser(cast.outsider), name, row)
    assert Work.objects.count() == before
    with tenant_scope(cast.tenant.id):
        assert Record.objects.get(pk=judged.single.pk).status == RecordStatus.PENDING


def test_a_dataset_is_made_changed_and_given_a_version(cast: Cast, judged: Judged) -> None:
    browser = cast.browser(cast.owner)
    add = reverse("admin:records_dataset_add")
    form = {"name": "third", "title": "Third", "parameters": '{"year": 2027}'}
    assert browser.post(add, form).status_code == 302
    assert b"A dataset of this name exists." in browser.post(add, form).content
    with tenant_scope(cast.tenant.id):
        made = Dataset.objects.get(name="third")
    assert browser.post(shown(made), {"title": "Renamed", "parameters": "{}"}).status_code == 302
    url = f"{shown(made).removesuffix('change/')}activate/"
    assert b"tests.ledger@1.0.0" in browser.get(url).content
    answer = browser.post(url, {"_form_submitted": "True", "version": str(judged.version.pk)})
    assert answer["HX-Redirect"] == shown(made)
    with tenant_scope(cast.tenant.id):
        made.refresh_from_db()
        assert (made.title, made.active_version) == ("Renamed", judged.version)
        told = set(AuditEvent.objects.filter(object_id=str(made.pk)).values_list("action", flat=True))
    assert told == {"dataset.created", "dataset.changed", "dataset.activated"}


def test_opening_the_dialog_changes_nothing(cast: Cast, judged: Judged) -> None:
    url = f"{shown(judged.dataset).removesuffix('change/')}activate/"
    with tenant_scope(cast.tenant.id):
        before = AuditEvent.objects.count()
    cast.browser(cast.owner).get(url, {"_form_submitted": "True", "version": str(judged.version.pk)})
    with tenant_scope(cast.tenant.id):
        assert AuditEvent.objects.count() == before


def test_a_key_is_shown_once_and_works_until_it_is_revoked(cast: Cast) -> None:
    browser = cast.browser(cast.owner)
    page = browser.post(reverse("admin:tenants_apikey_add"), {"name": "loader", "scopes": ["read"]})
    text = page.content.decode().partition('id="issued-key"')[2].partition(">")[2].partition("<")[0]
    assert text.startswith("cortx_")
    key = ApiKey.objects.get(name="loader")
    assert text.encode() not in browser.get(shown(key)).content
    assert Client(headers={"X-API-Key": text}).get("/records").status_code == 200
    action(browser, "revoke", key)
    assert Client(headers={"X-API-Key": text}).get("/records").status_code == 401


def test_members_are_added_by_platform_staff_changed_and_removed(staff: Client, cast: Cast) -> None:
    browser = cast.browser(cast.owner)
    add = reverse("admin:tenants_membership_add")
    assert browser.post(add, {"email": cast.outsider.email, "role": "reviewer"}).status_code == 403
    for email in ("new@agency.example", cast.outsider.email):
        assert staff.post(add, {"email": email, "role": "reviewer"}).status_code == 302
    assert b"is a member of" in staff.post(add, {"email": "new@agency.example", "role": "admin"}, follow=True).content
    member = Membership.objects.get(user__email="new@agency.example", tenant=cast.tenant)
    browser.post(shown(member), {"role": "auditor"})
    assert Membership.objects.get(pk=member.pk).role == "auditor"
    browser.post(shown(member).replace("change", "delete"), {"post": "yes"})
    assert not Membership.objects.filter(pk=member.pk).exists()


def test_the_last_owner_stays(cast: Cast) -> None:
    browser = cast.browser(cast.owner)
    owner = cast.owner.memberships.get()
    assert b"stays its owner" in browser.post(shown(owner), {"role": "auditor"}, follow=True).content
    browser.post(shown(owner).replace("change", "delete"), {"post": "yes"})
    owner.refresh_from_db()
    assert owner.role == "owner"


def test_platform_staff_make_tenants_and_accounts(staff: Client, cast: Cast) -> None:
    tenant = {"slug": "third", "name": "Third", "environment": "Test", "time_zone": "UTC", "is_active": "on"}
    assert staff.post(reverse("admin:tenants_tenant_add"), tenant).status_code == 302
    made = Tenant.objects.get(slug="third")
    assert staff.post(shown(made), {**tenant, "name": "Renamed"}).status_code == 302
    assert Tenant.objects.get(slug="third").name == "Renamed"
    assert cast.browser(cast.owner).post(shown(cast.tenant), tenant).status_code == 403
    person = {"email": "new@platform.example", "name": "New", "password": "four unusual words here"}
    assert staff.post(reverse("admin:tenants_user_add"), person).status_code == 302
    added = User.objects.get(email="new@platform.example")
    assert added.check_password("four unusual words here")
    assert staff.post(shown(added), {"name": "Left"}).status_code == 302
    added.refresh_from_db()
    assert (added.name, added.is_active) == ("Left", False)


def test_the_history_of_a_thing_is_its_part_of_the_audit_log(cast: Cast, judged: Judged) -> None:
    history = shown(judged.dataset).replace("change", "history")
    page = cast.browser(cast.owner).get(history, follow=True)
    assert page.status_code == 200
    assert page.redirect_chain[0][0].startswith(listed(AuditEvent))
    assert b"activated tests.ledger@1.0.0" in page.content


SEARCHES = [
    (Batch, "B-1", 1), (Batch, "B-9", 0), (Batch, "nothing", 0), (Record, "B-1/3", 1), (Record, "B-1/9", 1),
    (Record, "b-9/1", 0), (Run, "B-1", 1), (Run, "x", 0), (Finding, "B-1/2", 1), (Finding, "L01", 1),
    (Finding, "B-2/1", 0), (UnitStatus, "10", 1), (Dataset, "ledg", 1), (AuditEvent, "no such request", 0),
]  # fmt: skip


@pytest.mark.parametrize(("model", "text", "count"), SEARCHES)
def test_searches_find_things_by_the_names_people_use(
    cast: Cast, judged: Judged, model: type[Model], text: str, count: int
) -> None:
    page = cast.browser(cast.owner).get(listed(model), {"q": text})
    found = page.context["cl"].result_count
    assert found == (0 if text == "B-1/9" else count)


def test_lists_are_narrowed_by_links_and_filters(cast: Cast, judged: Judged) -> None:
    browser = cast.browser(cast.owner)
    for model, query, count in (
        (Record, {"batch": str(judged.batch.pk)}, 3),
        (Record, {"batch": str(uuid4())}, 0),
        (Record, {"status__exact": "failed"}, 1),
        (Finding, {"run": str(judged.run.pk)}, 2),
        (Finding, {"severity__exact": "fatal"}, 1),
        (UnitStatus, {"run__id__exact": str(judged.run.pk)}, 2),
        (AuditEvent, {"action": "dataset.activated"}, 1),
    ):
        page = browser.get(listed(model), query)
        assert page.context["cl"].result_count == count, (model, query)
    assert browser.get(listed(Record), {"batch": "x"}).status_code == 302


def test_outcomes_and_log_are_shown_with_their_run(cast: Cast, judged: Judged) -> None:
    page = cast.browser(cast.owner).get(shown(judged.run)).content.decode()
    with tenant_scope(cast.tenant.id):
        rules = RuleOutcome.objects.values_list("rule", flat=True)
        assert all(rule in page for rule in rules)
    assert f"Received {SECRET}" in page
