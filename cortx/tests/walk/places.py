"""Where the walk goes: the addresses of another tenant's things, and the same for things that do not exist."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from io import BytesIO
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4
from zipfile import ZipFile

from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Model
from django_celery_results.models import TaskResult

from cortx.tests.walk.canaries import NUMBER, owned_models
from cortx.tests.walk.routes import SHARED, Place, Route
from records.tests.judged import Judged
from tenants.context import tenant_scope
from tenants.models import ApiKey, Invitation, Membership, Tenant, User, Work
from tenants.scoping import new_id
from tenants.tests.cast import Cast

ELSEWHERE = "nothing-here"
PACK = "cortx: 1\npack: tests.walk\nversion: 1.0.0\ntitle: Walk\ninputs: {rows: {key: [id], fields: {id: text}}}\n"
UNASKED = {
    "health": "no tenant's", "version": "no tenant's", "openapi": "no tenant's", "docs": "no tenant's",
    "mfa_*": "the caller's own",
    "styleguide": "no tenant's", "account_*": "people, who are global; asked with a body",
    "api-login": "as account_*", "api-refresh": "as account_*", "api-logout": "as account_*",
    "samples": "an archive that ships with the product", "admin:*_add": "a form, which asks by autocomplete",
    "admin:login": "leads to the sign-in page", "admin:logout": "leads to the sign-in page",
    "admin:password_*": "the caller's own", "admin:jsi18n": "words of the interface",
}  # fmt: skip
"""Routes that take no query string about a tenant's things, and why."""
BLIND = {
    "admin:": "a redirect to the page behind it", "admin:*_history": "a redirect to the audit log, where it is asked",
    "admin:*_delete": "nobody deletes there", "admin:view_on_site": "no model has an address of its own on the site",
    "admin:django_celery_results_*": "a library's pages, for platform staff",
}  # fmt: skip
"""Routes to a thing that show nothing of it even to its own people, and why."""


def reason_for(route: Route, known: Mapping[str, str]) -> str:
    """Why the route is among the known ones; empty when it is not."""
    return next((reason for name, reason in known.items() if fnmatchcase(route.name, name)), "")


def theirs(cast: Cast, judged: Judged) -> dict[str, str]:
    """The things of the cast's tenant."""
    with tenant_scope(cast.tenant.id):
        for renamed in (judged.dataset, judged.version, judged.version.pack, judged.batch):
            renamed.refresh_from_db()
        called = names(judged)
        objects = {key_of(model): str(row.pk) for model in owned_models() if (row := model._default_manager.first())}
    globals_ = {
        key_of(Tenant): cast.tenant.id,
        key_of(User): cast.owner.id,
        key_of(Membership): cast.owner.memberships.get().id,
        key_of(ApiKey): ApiKey.objects.get(tenant=cast.tenant).id,
        key_of(Work): Work.objects.get(tenant_id=cast.tenant.id).id,
    }
    return {
        **SHARED, **objects, **{key: str(value) for key, value in globals_.items()}, **called,
        "membership_id": str(cast.analyst.memberships.get().id), "invitation_id": objects[key_of(Invitation)],
        "key_id": str(globals_[key_of(ApiKey)]),
        "event_id": objects["tenants/auditevent/object_id"],
        "slug": cast.tenant.slug, "email": cast.owner.email, "number": f"B-{NUMBER}",
        "record_id": str(judged.records[2].id), "single_id": str(judged.single.id),
        "batch_id": str(judged.batch.id), "run_id": str(judged.run.id),
        "finding_id": str(judged.findings[0].id), "outputs/name": "lines.csv", "rejected/name": "lines",
        "content_type_id": str(ContentType.objects.get_for_model(type(judged.batch)).pk),
        "%(content_type_id)s/object_id": str(judged.batch.id), "taskresult/object_id": str(TaskResult.objects.get().pk),
    }  # fmt: skip


def names(judged: Judged) -> dict[str, str]:
    """What people call things."""
    return {
        "datasets/name": judged.dataset.name, "rulepacks/name": judged.version.pack.name,
        "packs/name": judged.version.pack.name,
        "version": judged.version.version, "source": judged.batch.source,
    }  # fmt: skip


def nowhere(theirs: Place) -> dict[str, str]:
    """For each of their things one that does not exist, written alike."""
    return {key: value if key in KEPT else imagined(key, value) for key, value in theirs.items()}


KEPT = {*SHARED, "content_type_id", "taskresult/object_id", "outputs/name", "rejected/name"}


def imagined(key: str, value: str) -> str:
    if key == "number":
        return f"B-{NUMBER + 1}"
    if key == "version":
        return "7.7.7"
    if key == "email":
        return "nobody@nowhere.example"
    return (
        ELSEWHERE
        if len(value) != 36 or value.count("-") != 4
        else str(new_id() if key in {"record_id", "single_id"} else uuid4())
    )


def key_of(model: type[Model]) -> str:
    """The part of an admin address that stands for a row of the model."""
    return f"{model._meta.app_label}/{model._meta.model_name}/object_id"


# Query parameters that name things, by the part of the map that reads them.
ASKED = {
    "/admin/": (
        ("q", "number"), ("q", "datasets/name"), ("q", "email"), ("batch", "batch_id"), ("run", "run_id"),
        ("dataset__id__exact", "records/dataset/object_id"), ("run__id__exact", "run_id"), ("record_id", "record_id"),
        ("object_id", "batch_id"), ("s", "datasets/name"),
    ),
    "/t/": (
        ("batch", "number"), ("run", "run_id"), ("q", "number"), ("q", "datasets/name"), ("dataset", "datasets/name"),
        ("source", "source"), ("record", "record_id"), ("before", "batch_id"), ("finding", "finding_id"),
    ),
    "/": (
        ("batch", "batch_id"), ("run", "run_id"), ("record", "record_id"), ("dataset", "datasets/name"),
        ("category", "datasets/name"), ("pack", "rulepacks/name"), ("source", "source"),
    ),
}  # fmt: skip


def questions(route: Route, place: Place) -> Iterator[str]:
    """Query strings worth a try on the route, about things of the place."""
    part = next(part for part in ASKED if route.template.startswith(part))
    yield from (urlencode({name: place[key]}) for name, key in ASKED[part])
    if route.name == "admin:autocomplete":
        for model in admin.site._registry:
            about = {"app_label": model._meta.app_label, "model_name": model._meta.model_name}
            for column in model._meta.concrete_fields:
                if column.is_relation:
                    yield urlencode({**about, "field_name": column.name, "term": place["datasets/name"]})


def variants(route: Route, place: Place) -> Iterator[Place]:
    """The place, and the others of the same kind worth a visit by this route."""
    yield place
    if "record_id" in route.parameters:
        yield {**place, "record_id": place["single_id"]}
    if "content_type_id" in route.parameters:
        models: list[type[Model]] = [*owned_models(), Tenant, User, Membership, ApiKey, Work]
        for model in models:
            if key_of(model) in place:
                kind = str(ContentType.objects.get_for_model(model).pk)
                yield {**place, "content_type_id": kind, "%(content_type_id)s/object_id": place[key_of(model)]}


def bodies(route: Route, place: Place) -> list[Mapping[str, Any]]:
    """What is worth sending to the route; names and ids in it are those of the place."""
    dataset, pack = place["datasets/name"], place["rulepacks/name"]
    known: dict[str, Mapping[str, Any]] = {
        "api-records": {"source": place["source"], "category": dataset, "payload": {"line": "a"}},
        "api-datasets": {"name": dataset},
        "api-dataset-activate": {"pack": pack, "version": place["version"]},
        "api-batches": {"dataset": dataset, "lines": delivery()},
        "api-rulepacks": {"archive": draft()},
        "api-rulepack-version-approve": {"content_hash": "0" * 64},
        "api-rulepack-version-return": {"content_hash": "0" * 64, "reason": place["source"]},
        "upload": {"dataset": dataset, "again": "1", "file.lines": delivery()},
        "pack_upload": {"archive": draft()},
        "theme": {"theme": "dark", "next": f"/t/{place['slug']}/"},
        "select_tenant": {"tenant": place["slug"]},
        "admin:records_dataset_add": {"name": dataset, "title": "", "parameters": "{}"},
        "admin:records_dataset_activate": {
            "_form_submitted": "True", "version": place["rulepacks/packversion/object_id"],
        },
        "admin:tenants_membership_add": {"email": place["email"], "role": "auditor"},
        "admin:tenants_apikey_add": {"name": place["source"], "scopes": ["read"]},
        "api-invitations": {"email": "new@elsewhere.example", "role": "auditor"},
        "api-keys": {"name": place["source"], "scopes": ["read"]},
        "api-policy": {"document": {"approvals": {"required": 2}}, "note": place["source"]},
        "policy": {"approvals.required": "2", "note": place["source"]},
        "members": {"email": "new@elsewhere.example", "role": "auditor"},
        "member_role": {"role": "auditor"},
        "keys": {"name": place["source"], "scopes": ["read"], "days": "90"},
        "api-login": {"email": place["email"], "password": place["source"]},
        "api-refresh": {"refresh": place["source"]},
        "api-logout": {"refresh": place["source"]},
        "account_login": {"login": place["email"], "password": place["source"]},
        "account_reset_password": {"email": place["email"]},
    }  # fmt: skip
    known["compatible-records"] = known["api-records"]
    if route.name == "members":
        return [known[route.name], {"email": place["email"], "role": "auditor"}]
    # What the API does without a body it refuses to do with one.
    return (
        [known[route.name]]
        if route.name in known
        else [*actions(route, place), {} if route.is_api else {"post": "yes"}]
    )


def delivery() -> SimpleUploadedFile:
    return SimpleUploadedFile("lines.csv", b"line,account,side,amount\na,100,D,1.00\n")


def draft() -> SimpleUploadedFile:
    buffer = BytesIO()
    with ZipFile(buffer, "w") as archive:
        archive.writestr("pack.yaml", PACK)
    return SimpleUploadedFile("pack.zip", buffer.getvalue(), "application/zip")


def actions(route: Route, place: Place) -> Iterator[Mapping[str, Any]]:
    """Every action of an admin list, on the place's row."""
    for model, screen in admin.site._registry.items():
        if route.name == f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist":
            chosen = place.get(key_of(model), "1")
            for action in screen.actions or ():
                yield {"action": str(action), "_selected_action": [chosen]}
