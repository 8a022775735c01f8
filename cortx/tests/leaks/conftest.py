"""Fixture: a web server, a worker and a scheduler through which everything planted has passed."""

import os
import re
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django_celery_results.models import TaskResult

from cortx.celery import app
from cortx.testing.database import Databases
from cortx.testing.web import Answer, Web, database_under_test, web_server
from cortx.tests.leaks.eyes import in_redis
from cortx.tests.leaks.flood import Sender
from cortx.tests.leaks.planted import MARKS, NAME, WORDS
from records.tests.judged import judged_make
from records.tests.workers import Worker, wait_until
from tenants.accounts.tests.codes import app_set_up, recovery_codes_made
from tenants.audit.sealing import audit_seal_due
from tenants.context import tenant_scope
from tenants.invitations.services import invitation_send, invitation_token
from tenants.models import User, Work
from tenants.tests.cast import cast_made

ISSUED = {
    "issued key": r"(?<=cortx_)(?!cnrykeyz)[a-z2-9]{8}_[\w-]{43}",
    "key issued by program": r"(?<=\"key\":\"cortx_)[a-z2-9]{8}_[\w-]{43}",
    "issued access token": r"(?<=\"access\":\")[\w.-]+",
    "issued refresh token": r"(?<=\"refresh\":\")[\w.-]+",
    "secret of an app": r"\b[A-Z2-7]{32}\b",
}
QUIET_SECONDS = 1.5


@dataclass(frozen=True)
class Flooded:
    """`answers` came back, `queued` is what Redis held before a worker was there, `secrets` are real ones by name."""

    web: Web
    folder: Path
    answers: list[tuple[str, Answer]]
    queued: list[str]
    secrets: Mapping[str, str]

    @property
    def marks(self) -> Mapping[str, str]:
        """All that must not be found."""
        return {**MARKS, **self.secrets}


@pytest.fixture(scope="module")
def flooded(module_database: Databases, tmp_path_factory: pytest.TempPathFactory) -> Generator[Flooded, None, None]:
    folder = tmp_path_factory.mktemp("flood")
    cast = cast_made()
    User.objects.filter(id=cast.owner.id).update(is_staff=True)
    judged = judged_make(cast, folder)
    known = {"secret of a set-up app": app_set_up(cast.auditor)}
    codes = recovery_codes_made(cast.auditor)
    known |= {f"recovery code {number}": code for number, code in enumerate(codes)}
    # Without a mailer the mails themselves, links included, are written to the worker's console.
    environment = {"LOG_LEVEL": "debug", "EMAIL_URL": "dummymail://", "CORTX_VAR": os.environ["CORTX_VAR"]}
    with web_server(folder / "web.log", **environment) as port:
        web = Web(port, cast, judged)
        sender = Sender(web, web.key(), cast.owner, cast.auditor, codes)
        known["key"] = sender.key.split("_", 2)[2]
        answers = [(name, web.send(data)) for name, data in sender.everything()]
        with tenant_scope(cast.tenant.id):
            link = invitation_send(email="new@demo.example", role="auditor", by=cast.owner, site="https://x.example")
        known["link of an invitation"] = invitation_token(link)
        queued = [*in_redis(MARKS)]
        given = {**os.environ, **environment, "DATABASE_URL": database_under_test()}
        with Worker(given, folder) as worker:
            ask_wrongly()
            wait_until(over, "all work is over", worker)
            time.sleep(QUIET_SECONDS)
            known |= issued(answers) | installations()
            audit_seal_due()
            yield Flooded(web, folder, answers, queued, known)


def ask_wrongly() -> None:
    """Messages that no task understands."""
    app.send_task("canary.no.such.task", [NAME, WORDS], {"password": WORDS})
    app.send_task("records.run", [WORDS, NAME])
    app.send_task("records.run", kwargs={NAME: WORDS})


def over() -> bool:
    """Whether no work is left, and the tasks that were called wrongly have failed."""
    left = Work.objects.exclude(status__in=(Work.Status.DONE, Work.Status.DEAD)).count()
    return left == 0 and TaskResult.objects.filter(status="FAILURE").count() >= 2


def installations() -> dict[str, str]:
    """Secrets of the installation itself."""
    found = {
        "password of the database": str(connection.settings_dict["PASSWORD"]), "secret key": settings.SECRET_KEY,
        "audit key": settings.AUDIT_KEY, "key of tokens": settings.JWT_SECRET_KEY,
    }  # fmt: skip
    return {name: value for name, value in found.items() if value}


def issued(answers: list[tuple[str, Answer]]) -> dict[str, str]:
    """What was given out, each to one person."""
    told = "\n".join(answer.body.decode(errors="replace") for _, answer in answers if answer.status < 400)
    found = {name: re.search(pattern, told) for name, pattern in ISSUED.items()}
    assert all(found.values()), [name for name, one in found.items() if one is None]
    return {name: one[0] for name, one in found.items() if one}
