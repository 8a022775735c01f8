"""`manage.py process`: deliver files from the terminal, along the same path as an upload, and wait for the verdict."""

import logging
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from records import commands
from records.datasets.models import Dataset
from records.datasets.uploads import Received, Receiver, Upload, receiving
from records.runs.models import Run
from records.runs.selectors import run_detail
from records.states import RunStatus
from records.terminal import ProgressLine, report
from records.watching import run_watch
from rulepacks.catalog.selectors import newest_published
from rulepacks.catalog.services import pack_install, shipped_packs_install
from rulepacks.engine.problems import PackError
from rulepacks.models import PackVersion
from tenants.accounts.models import Tenant
from tenants.context import Actor, actor_scope, tenant_scope
from tenants.problems import Refusal, StateConflict
from tenants.serving_role import ServedCommand

TERMINAL = Actor("system", "", "Terminal")
CLEAN, FINDINGS, REFUSED = 0, 1, 2


class Command(ServedCommand):
    help = (
        "Deliver files to a dataset, judge them with a pack, wait and show the result. "
        "Exit codes: 0 clean, 1 findings of error or above or rejected rows, 2 refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tenant", required=True, help="slug of the tenant")
        parser.add_argument("--pack", required=True, help="name of an installed or shipped pack, or a folder")
        parser.add_argument("--input", action="append", default=[], metavar="NAME=FILE", help="repeat for each input")
        parser.add_argument("--param", action="append", default=[], metavar="NAME=VALUE", help="a pack parameter")
        parser.add_argument("--dataset", help="created when it is new; default: the pack's name")
        parser.add_argument("--source", default="terminal", help="where the delivery comes from")
        parser.add_argument("--again", action="store_true", help="make a new batch even of a repeated delivery")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = Tenant.objects.filter(slug=options["tenant"]).first()
        if tenant is None:
            raise CommandError(f"No tenant is called {options['tenant']!r}", returncode=REFUSED)
        # The progress line and the report tell what the log would.
        logging.getLogger("tenants").setLevel(logging.WARNING)
        with actor_scope(TERMINAL):
            try:
                run = self.deliver(tenant, options)
            except (Refusal, PackError) as refusal:
                raise CommandError(str(refusal), returncode=REFUSED) from refusal
            run = self.wait(tenant, run)
        sys.exit(self.tell(tenant, run))

    def deliver(self, tenant: Tenant, options: dict[str, Any]) -> Run:
        files = {name: existing(value) for name, value in pairs(options["input"], "--input").items()}
        parameters = pairs(options["param"], "--param")
        with receiving(tenant.id) as receiver:
            uploads = [Upload(name, path.name, stored(receiver, path)) for name, path in files.items()]
            with tenant_scope(tenant.id):
                version = version_for(options["pack"])
                receipt = commands.batch_receive(
                    dataset=dataset_for(options["dataset"] or version.pack.name, version),
                    uploads=uploads,
                    parameters=parameters,
                    source=options["source"],
                    again=options["again"],
                )
        if receipt.duplicate:
            self.stderr.write(f"The same delivery came before, as {receipt.batch}")
        run = receipt.batch.last_run
        assert run is not None
        return run

    def wait(self, tenant: Tenant, run: Run) -> Run:
        line = ProgressLine()
        try:
            run = run_watch(tenant.id, run.id, line.show)
        except KeyboardInterrupt:
            with tenant_scope(tenant.id):
                self.cancel(run)
            run = run_watch(tenant.id, run.id, line.show)
        line.done()
        return run

    def cancel(self, run: Run) -> None:
        try:
            commands.run_cancel(run)
        except StateConflict:
            return

    def tell(self, tenant: Tenant, run: Run) -> int:
        with tenant_scope(tenant.id):
            detail = run_detail(run.id)
        if detail.run.status == RunStatus.COMPLETED:
            self.stdout.write(report(detail))
            unclean = detail.run.fatal or detail.run.error or detail.run.rows_rejected
            return FINDINGS if unclean else CLEAN
        self.stderr.write(f"{detail.run} {detail.run.status}: {detail.run.reason}")
        for problem in detail.run.problems:
            self.stderr.write("  " + ", ".join(f"{name} {value}" for name, value in problem.items() if value))
        return REFUSED


def pairs(given: list[str], option: str) -> dict[str, str]:
    """`NAME=VALUE` options as a mapping."""
    split = [one.partition("=") for one in given]
    for name, equals, _ in split:
        if not (name and equals):
            raise CommandError(f"{option} {name!r}: expected NAME=VALUE", returncode=REFUSED)
    return {name: value for name, _, value in split}


def existing(path: str) -> Path:
    if not Path(path).is_file():
        raise CommandError(f"{path} is not a file", returncode=REFUSED)
    return Path(path)


def stored(receiver: Receiver, path: Path) -> Received:
    with path.open("rb") as file:
        return receiver.store(path.name, file)


def version_for(pack: str) -> PackVersion:
    """The pack in a folder, or the newest published version of that name; a shipped pack is installed first."""
    if (Path(pack) / "pack.yaml").is_file():
        return pack_install(folder=Path(pack))
    version = newest_published(pack)
    if version is None:
        version = next((shipped for shipped in shipped_packs_install() if shipped.pack.name == pack), None)
    if version is None:
        raise CommandError(f"{pack!r} is neither an installed pack, a shipped one, nor a folder", returncode=REFUSED)
    return version


def dataset_for(name: str, version: PackVersion) -> Dataset:
    """The dataset of that name, judged by this version from now on."""
    dataset = commands.dataset_for_category(name)
    if dataset.active_version_id != version.id:
        commands.dataset_activate(dataset=dataset, version=version)
    return dataset
