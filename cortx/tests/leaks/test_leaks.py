"""Secrets and personal data stay where they belong: nothing planted is found in logs, queues, caches or exports.

Web server, worker and scheduler are real processes, at the most talkative level of logging.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import redis
from django.conf import settings
from django.core import signing
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.db import transaction
from django_celery_results.models import TaskResult

from cortx.testing.figures import RecordFigure
from cortx.testing.web import Headers, request
from cortx.tests.leaks.conftest import Flooded
from cortx.tests.leaks.eyes import in_arguments, in_database, in_files, in_lines, in_redis, seen
from cortx.tests.leaks.planted import MARKS, NAME, SECRETS, WORDS
from tenants.context import tenant_scope
from tenants.models import ApiKey

PROCESSES = ("web.log", "worker.log")
KEPT = ("storage/*/batches/*", "storage/*/packs/*", "*secret-key", "*audit-key")
"""Files of the tenant, and the installation's keys."""
SHOWN = (
    "/api/v1/records",
    "/api/v1/datasets",
    "/api/v1/batches",
    "/api/v1/runs",
    "/api/v1/findings",
    "/health",
    "/docs",
)


def none_of(found: Iterable[str]) -> None:
    hits = [*found]
    assert not hits, f"{len(hits)} hits\n" + "\n".join(hits[:40])


def test_no_line_of_web_worker_and_scheduler_holds_anything_planted(
    flooded: Flooded, record_figure: RecordFigure
) -> None:
    lines = {log: (flooded.folder / log).read_text().count("\n") for log in PROCESSES}
    assert all(lines.values())
    hits = [hit for log in PROCESSES for hit in in_lines(flooded.folder / log, flooded.marks)]
    record_figure(f"canaries in {sum(lines.values()):,} lines of logs", len(hits))
    none_of(hits)


def test_redis_holds_nothing_planted_before_and_after_the_work_is_done(flooded: Flooded) -> None:
    none_of(flooded.queued)
    none_of(in_redis(flooded.marks))


def test_no_column_holds_anything_planted_that_does_not_belong_there(flooded: Flooded) -> None:
    none_of(in_database(flooded.marks))


def test_no_file_but_the_tenants_own_holds_anything_planted(flooded: Flooded) -> None:
    none_of(in_files(Path(default_storage.path("")).parent, KEPT, flooded.marks))


def test_the_arguments_of_no_process_hold_anything_planted(flooded: Flooded) -> None:
    none_of(in_arguments(flooded.marks))


def test_no_refusal_repeats_a_secret_not_even_to_its_sender(flooded: Flooded) -> None:
    assert not [name for name, answer in flooded.answers if answer.status >= 500 or answer.status < 1]
    refused = [(name, answer) for name, answer in flooded.answers if answer.status >= 400]
    assert len(refused) > 20
    none_of(f"{name} {answer.status}: {seen(answer.body, SECRETS)} {answer.body[:300]!r}" for name, answer in refused
            if seen(answer.body + str(answer.headers).encode(), SECRETS))  # fmt: skip


def answers_to_others(flooded: Flooded) -> Iterator[str]:
    web = flooded.web
    outsiders: tuple[Headers, ...] = ([], [("X-API-Key", web.key(web.cast.other))], web.cookies(web.cast.outsider))
    for headers in outsiders:
        for path in (*SHOWN, "/t/elsewhere/", "/t/elsewhere/batches/", "/t/agency/", "/api/v1/audit/events"):
            answer = web.send(request("GET", path, headers))
            for name in sorted(seen(answer.body + str(answer.headers).encode(), flooded.marks)):
                yield f"{path} {answer.status}: {name}"


def test_answers_to_others_hold_nothing_planted(flooded: Flooded) -> None:
    none_of(answers_to_others(flooded))


def test_the_exported_log_holds_nothing_planted(flooded: Flooded) -> None:
    web = flooded.web
    export = web.send(request("GET", "/api/v1/audit/export", web.cookies(web.cast.owner)))
    assert (export.status, export.body.count(b"\n") > 10) == (200, True), export.body[:300]
    none_of(sorted(seen(export.body, flooded.marks)))


def test_the_eyes_see_what_passes_the_filter_by(flooded: Flooded, tmp_path: Path) -> None:
    """A logger without the formatter, a message, a cached value, a session, a column, a file: all would be found."""
    assert seen(signing.dumps({"secret": NAME, "more": "x" * 200}, compress=True), MARKS) == {"personal name"}
    log = tmp_path / "web.log"
    log.write_text(f'{{"message": "{WORDS}"}}\n')
    assert len([*in_lines(log, SECRETS)]) == len(SECRETS)
    redis.Redis.from_url(settings.REDIS_URL).set("leak", "R2l2ZW4gRmFtaWx5Y2FuYXJ5IGlzIGhlcmU=")
    cache.set("leak", {"payload": NAME})
    assert len([*in_redis(MARKS)]) == 2
    redis.Redis.from_url(settings.REDIS_URL).delete("leak")
    cache.delete("leak")
    with transaction.atomic():
        TaskResult.objects.create(task_id="leak", result=WORDS)
        ApiKey.objects.filter(tenant=flooded.web.cast.tenant).update(name=flooded.secrets["issued key"])
        with tenant_scope(flooded.web.cast.tenant.id):
            found = " ".join(in_database(flooded.marks))
        transaction.set_rollback(True)
    assert "django_celery_results_taskresult.result: password" in found
    assert "tenants_apikey.name: issued key" in found
    (tmp_path / f"{NAME}.txt").touch()
    assert [*in_files(tmp_path, ["*"], MARKS)]
