"""The demo tenant: an agency with a trial balance already judged, so that the first page has something to show."""

import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.files.base import File

from records import commands
from records.datasets.models import Batch, Dataset
from records.datasets.selectors import datasets
from records.datasets.uploads import Upload
from records.runs.models import Run
from records.watching import run_watch
from rulepacks.catalog.services import shipped_packs_install
from rulepacks.samples.trial_balance import Options, write
from tenants.accounts.models import Membership, Tenant
from tenants.accounts.services import membership_add, tenant_create, tenant_default_ensure, user_create
from tenants.context import Actor, actor_scope, tenant_scope

SLUG, EMAIL, DATASET, PACK = "demo", "owner@demo.example", "gtas-trial-balance", "federal.gtas.reconciliation"
SEEDER = Actor("system", "", "Demo")
SAMPLE = Options(rows=4000, seed=1, faults=1)
FILES = {
    "trial_balance": "trial_balance.csv",
    "accounts": "tas.csv",
    "prior_year": "prior_year.csv",
    "ledger": "gl_balances.csv",
}


@dataclass(frozen=True)
class DemoAccount:
    """Who can sign in; `password` is empty when it was made by another installation on the same database."""

    email: str
    password: str


def demo_seed() -> DemoAccount:
    """Make the default tenant and the demo tenant with its owner, dataset and first batch, unless they are there."""
    with actor_scope(SEEDER):
        tenant_default_ensure()
        tenant = Tenant.objects.filter(slug=SLUG).first() or demo_tenant()
        with tenant_scope(tenant.id):
            begun = Batch.objects.exists()
        if not begun:
            run_watch(tenant.id, demo_batch(tenant).id, lambda _: None, patience=0)
    file = password_file()
    return DemoAccount(EMAIL, file.read_text(encoding="utf-8") if file.exists() else "")


def demo_tenant() -> Tenant:
    """The tenant and its owner, whose password is written where only this user of the machine can read it."""
    password = secrets.token_urlsafe(12)
    file = password_file()
    file.touch(mode=0o600)
    file.write_text(password, encoding="utf-8")
    tenant = tenant_create(slug=SLUG, name="Demo agency", environment="Demo")
    owner = user_create(email=EMAIL, password=password, name="Demo owner")
    membership_add(tenant=tenant, user=owner, role=Membership.Role.OWNER)
    return tenant


def password_file() -> Path:
    return Path(settings.VAR_DIR) / "demo-password"


def demo_batch(tenant: Tenant) -> Run:
    """Deliver a generated trial balance with every known kind of fault in it."""
    with tempfile.TemporaryDirectory() as scratch, tenant_scope(tenant.id):
        folder = Path(scratch)
        write(folder, SAMPLE)
        uploads = [Upload(name, file, File((folder / file).open("rb"))) for name, file in FILES.items()]
        parameters = {"fiscal_year": SAMPLE.fiscal_year, "period": SAMPLE.period}
        receipt = commands.batch_receive(
            dataset=demo_dataset(), uploads=uploads, parameters=parameters, source="Demo agency ledger"
        )
        for upload in uploads:
            upload.content.close()
    run = receipt.batch.last_run
    assert run is not None
    return run


def demo_dataset() -> Dataset:
    """The dataset, judged by the shipped pack."""
    version = next(version for version in shipped_packs_install() if version.pack.name == PACK)
    dataset = datasets().filter(name=DATASET).first()
    dataset = dataset or commands.dataset_create(name=DATASET, title="GTAS trial balance")
    commands.dataset_activate(dataset=dataset, version=version)
    return dataset
