"""`manage.py trust_check`: every promise of CORTX, tried lightly on this installation, figure beside target."""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import CommandParser

from cortx.trust.check import check_now
from cortx.trust.report import Report, Result, Verdict
from cortx.trust.stored import report_store
from tenants.serving_role import ServedCommand

KEPT, BROKEN = 0, 1


class Command(ServedCommand):
    help = (
        "Try every promise on this installation and store the report, which the page Trust shows. "
        "Exit codes: 0 every promise that this installation carries is met, 1 one is not."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object, for machines")

    def handle(self, *args: Any, **options: Any) -> None:
        with refusals_unlogged():
            report = check_now(lambda result: None if options["json"] else self.tell(result))
        report_store(report)
        self.stdout.write(json.dumps(report.document()) if options["json"] else summary(report))
        sys.exit(KEPT if report.kept else BROKEN)

    def tell(self, result: Result) -> None:
        """A promise as soon as it was tried."""
        self.stdout.write(shown(result))
        self.stdout.flush()


@contextmanager
def refusals_unlogged() -> Iterator[None]:
    """Dozens of requests are refused on purpose; only what breaks is worth a line."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def shown(result: Result) -> str:
    """A result in a few lines."""
    lines = [f"{result.promise:<4} {result.verdict.upper():<17} {result.name} ({result.seconds} s)"]
    lines += [f"     tried   {result.tried}", f"     figure  {result.figure}", f"     target  {result.target}"]
    return "\n".join([*lines, f"     reason  {result.reason}"] if result.reason else lines)


def summary(report: Report) -> str:
    """All of it in one line."""
    counts = ", ".join(f"{report.count(verdict)} {verdict}" for verdict in Verdict)
    return f"\nCORTX {report.version} on {report.database}: {counts}, in {report.seconds} s"
