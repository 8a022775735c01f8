"""A tenant to look at: made once, in development only, with people for each role and a delivery to judge."""

import hashlib
import hmac
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings
from django.core.files.base import File
from django.db import transaction

from records import commands
from records.datasets.uploads import Upload
from records.runs.models import Run
from rulepacks.catalog.services import shipped_packs_install
from rulepacks.samples.demo import Delivery, demo_delivery
from tenants.accounts.models import Membership, Tenant, User
from tenants.accounts.services import membership_add, tenant_create, user_create
from tenants.context import Actor, actor_scope, tenant_scope

SLUG = "demo"
PEOPLE = {
    "analyst@demo.example": Membership.Role.ANALYST,
    "reviewer@demo.example": Membership.Role.REVIEWER,
    "owner@demo.example": Membership.Role.OWNER,
}
SEEDER = Actor("system", "", "Demo")
# Platform staff: sees every tenant in the admin.
OPERATOR = "operator@demo.example"


def demo_password() -> str:
    """The same for all demo people; derived from the installation's own key, so it stands nowhere."""
    digest = hmac.new(settings.SECRET_KEY.encode(), b"demo password", hashlib.sha256).hexdigest()
    return "-".join(digest[start : start + 4] for start in (0, 4, 8))


def demo_sign_in() -> list[str]:
    """Lines that tell who may sign in, and with what."""
    lines = [f"Sign in as {', '.join([*PEOPLE, OPERATOR])}"]
    if User.objects.get(email=OPERATOR).check_password(demo_password()):
        return [*lines, f"Password:  {demo_password()}"]
    # Another installation on the same database made the tenant, or somebody chose a password.
    return [*lines, f"Password:  not the one this installation gave; manage.py changepassword {OPERATOR}"]


@transaction.atomic
def demo_seed() -> Run | None:
    """The run of the first delivery when the tenant is made now, None when it is there already.

    All or nothing: a start that is interrupted here begins anew the next time.
    """
    if Tenant.objects.filter(slug=SLUG).exists():
        return None
    tenant = tenant_create(slug=SLUG, name="Demo agency", environment="Demo")
    for email, role in PEOPLE.items():
        person = user_create(email=email, password=demo_password(), name=role.label)
        membership_add(tenant=tenant, user=person, role=role)
    operator = user_create(email=OPERATOR, password=demo_password(), name="Operator", is_staff=True)
    membership_add(tenant=tenant, user=operator, role=Membership.Role.ADMIN)
    with TemporaryDirectory() as folder, tenant_scope(tenant.id), actor_scope(SEEDER):
        return demo_deliver(demo_delivery(Path(folder)))


def demo_deliver(delivery: Delivery) -> Run:
    """Deliver into a dataset of its own, judged by the shipped pack."""
    version = next(version for version in shipped_packs_install() if version.pack.name == delivery.pack)
    dataset = commands.dataset_create(name=delivery.dataset, title=delivery.title, parameters=dict(delivery.parameters))
    commands.dataset_activate(dataset=dataset, version=version)
    with ExitStack() as opened:
        uploads = [
            Upload(name, path.name, File(opened.enter_context(path.open("rb"))))
            for name, path in delivery.files.items()
        ]
        batch = commands.batch_receive(dataset=dataset, uploads=uploads, parameters={}, source="demo").batch
    assert batch.last_run is not None
    return batch.last_run
