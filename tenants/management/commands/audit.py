"""`manage.py audit`: check the log of a tenant or of all, seal what waits, show the key that outsiders need."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from tenants.accounts.models import Tenant
from tenants.audit.notes import origin, verifier_key
from tenants.audit.sealing import audit_seal_due
from tenants.audit.verification import Report, Witnessed, audit_verify
from tenants.context import tenant_scope
from tenants.serving_role import ServedCommand

WHOLE, BROKEN = 0, 1


class Command(ServedCommand):
    help = "verify: check every event and checkpoint. seal: give waiting events their place. key: what outsiders need."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=("verify", "seal", "key"))
        parser.add_argument("--tenant", help="slug; all tenants when left out")
        parser.add_argument(
            "--checkpoint", action="append", default=[], metavar="FILE", help="kept outside; may be given again"
        )

    def handle(self, *args: Any, what: str, tenant: str | None, checkpoint: list[str], **options: Any) -> None:
        if what == "seal":
            self.stdout.write(f"{audit_seal_due():,} events sealed")
            return
        tenants = wanted(tenant)
        if what == "key":
            self.stdout.write("\n".join(verifier_key(origin(one.id)) for one in tenants))
            return
        if checkpoint and tenant is None:
            raise CommandError("A checkpoint belongs to one log: name its --tenant")
        outside = [witnessed(Path(name)) for name in checkpoint]
        sys.exit(max(self.verify(one, outside) for one in tenants))

    def verify(self, tenant: Tenant, outside: Sequence[Witnessed]) -> int:
        with tenant_scope(tenant.id):
            report = audit_verify(outside)
        self.stdout.write(f"{tenant.slug}: {told(report)}")
        return BROKEN if report.fault else WHOLE


def wanted(slug: str | None) -> list[Tenant]:
    """The tenant of that name, or all of them."""
    tenants = Tenant.objects.order_by("slug")
    found = list(tenants.filter(slug=slug) if slug else tenants)
    if not found:
        raise CommandError(f"No tenant is called {slug!r}")
    return found


def witnessed(file: Path) -> Witnessed:
    """A checkpoint that somebody kept."""
    try:
        return Witnessed(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} cannot be read: {error}") from error


def told(report: Report) -> str:
    """The result in one line."""
    if report.fault:
        return f"BROKEN at {report.fault}"
    rate = report.events / report.seconds if report.seconds else 0.0
    kept = f", {report.outside} kept outside" if report.outside else ""
    return (
        f"whole: {report.events:,} events, {report.checkpoints:,} checkpoints{kept}, {report.waiting:,} waiting, "
        f"root {report.root[:12]}…, {report.seconds:.2f} s ({rate:,.0f} events/s)"
    )
