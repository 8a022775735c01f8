"""What a log line, a stored result and an answer keep of an error: what went wrong, and no value."""

import json
import logging
import sys
import threading
from collections.abc import Iterator
from io import StringIO
from typing import Any
from unittest.mock import patch

import pytest
from celery import Task, shared_task
from django.conf import settings
from django.db import IntegrityError, connection
from django.test import Client
from django_celery_results.models import TaskResult

from cortx.celery import app
from cortx.logs import Handler, JsonFormatter, configure, traceback_of, uncaught, uncaught_in_thread
from tenants.access.keys import key_issue
from tenants.models import Work
from tenants.tests.cast import Cast
from tenants.work.services import Claim, work_enqueue
from tenants.work.task import attempt

NAME, EMAIL = "Given Familycanary", "canary.person@mailbox.example"
DETAIL = f'duplicate key value violates unique constraint "one_batch"\nDETAIL:  Key (email)=({NAME}) already exists.'


@pytest.fixture
def lines() -> Iterator[StringIO]:
    """What the root logger writes, as processes write it."""
    stream = StringIO()
    handler = Handler(stream)
    handler.setFormatter(JsonFormatter("svc"))
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)


def raised(error: Exception, cause: Exception | None = None) -> Exception:
    try:
        raise error from cause  # noqa: TRY301 - it is to have been raised
    except Exception as caught:  # noqa: BLE001 - whatever was given
        return caught


def test_a_traceback_keeps_types_lines_and_causes_but_no_values() -> None:
    told = traceback_of(raised(RuntimeError("not stored"), raised(IntegrityError(DETAIL))))
    assert told.index("IntegrityError: duplicate key") < told.index("which led to") < told.index("RuntimeError: not")
    assert 'constraint "one_batch"' in told
    assert "test_logs.py" in told
    assert NAME not in told


def test_a_traceback_of_errors_that_caused_each_other_ends() -> None:
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    assert traceback_of(one).count("ValueError") == 2


def test_errors_among_the_arguments_and_in_the_place_of_a_message_keep_no_values(lines: StringIO) -> None:
    ours, others = logging.getLogger("records.anything"), logging.getLogger("somebody.else")
    ours.warning("not read: %s after %d s", ValueError(f"not a number: {NAME}"), 3)
    ours.warning(KeyError(NAME))
    ours.warning("plain 'quotes' stay")
    others.warning("cannot take %(value)r", {"value": NAME})
    told = [json.loads(line)["message"] for line in lines.getvalue().splitlines()]
    assert told == ["not read: not a number after 3 s", "[hidden]", "plain 'quotes' stay", "cannot take [hidden]"]


def test_a_line_that_cannot_be_made_is_told_of_without_its_arguments(
    capsys: pytest.CaptureFixture[str],
) -> None:
    handler = Handler(stream := StringIO())
    handler.setFormatter(JsonFormatter("svc"))
    handler.handle(logging.LogRecord("records", logging.INFO, "/a/module.py", 7, "%d rows", (NAME,), None))
    told = json.loads(capsys.readouterr().err)
    assert (told["message"], told["line"], told["exception"]) == ("a log line could not be written", 7, "TypeError")
    assert NAME not in f"{told}{stream.getvalue()}"


def test_what_ends_a_process_or_a_thread_is_logged_like_everything_else(lines: StringIO) -> None:
    error = raised(ValueError(f"bad: {NAME}"))
    uncaught(type(error), error, None)
    uncaught_in_thread(threading.ExceptHookArgs((type(error), error, None, None)))
    uncaught_in_thread(threading.ExceptHookArgs((SystemExit, SystemExit(), None, None)))
    told = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [line["message"] for line in told] == ["the process ends", "a thread ends"]
    assert NAME not in lines.getvalue()


def test_an_interrupt_ends_a_process_as_it_always_did(lines: StringIO) -> None:
    with patch("sys.__excepthook__") as usual:
        uncaught(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert usual.called
    assert not lines.getvalue()


def test_setting_logging_up_puts_the_hooks_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)
    with patch("logging.config.dictConfig") as applied:
        configure(settings.LOGGING)
    assert applied.called
    assert sys.excepthook is uncaught
    assert threading.excepthook is uncaught_in_thread


@pytest.mark.parametrize("error", [IntegrityError(DETAIL), ValueError(f"bad: {NAME}"), RuntimeError(f"mail {EMAIL}")])
def test_a_failure_of_ours_tells_neither_the_log_nor_the_sender_a_value(
    error: Exception, cast: Cast, lines: StringIO
) -> None:
    _, key = key_issue(tenant=cast.tenant, name="feed", scopes=["read", "write"])
    client = Client(headers={"X-API-Key": key, "X-Request-ID": EMAIL}, raise_request_exception=False)
    body = {"source": "feed", "category": "notes", "payload": {"line": NAME}}
    with patch("records.commands.record_create", side_effect=error):
        answer = client.post("/api/v1/records", body, content_type="application/json")
    assert answer.status_code == 500
    for told in (lines.getvalue(), answer.content.decode() + str(answer.headers)):
        assert type(error).__name__ in lines.getvalue()
        assert not [mark for mark in (NAME, EMAIL, key) if mark in told]


def test_an_address_that_leads_nowhere_is_logged_without_what_it_says(
    client: Client, db: None, lines: StringIO
) -> None:
    client.get(f"/nowhere/{NAME}/x?token=abc")
    assert "/nowhere/[hidden]/x" in lines.getvalue()
    assert "abc" not in lines.getvalue()


@pytest.fixture
def failing() -> Iterator[Task]:
    """A task that repeats its argument in an error, or returns it."""

    @shared_task(name="tests.canary")
    def canary(value: str, fails: bool) -> dict[str, str]:
        if fails:
            raise ValueError(f"not a number: {value}")
        return {"password": value, "mail": EMAIL}

    canary.store_eager_result = True
    yield canary
    app.tasks.pop("tests.canary")


@pytest.mark.parametrize("fails", [True, False])
def test_a_stored_result_holds_neither_values_nor_secrets(fails: bool, failing: Task, db: None) -> None:
    failing.apply(args=(NAME, fails), task_id="canary")
    stored = TaskResult.objects.get(task_id="canary")
    assert stored.status == ("FAILURE" if fails else "SUCCESS")
    assert not [mark for mark in (NAME, EMAIL) if mark in f"{stored.result}{stored.traceback}{stored.task_args}"]
    assert ("ValueError" in stored.result) == fails


def test_the_reason_of_failed_work_and_its_log_line_keep_no_values(cast: Cast, lines: StringIO) -> None:
    work = work_enqueue(tenant_id=cast.tenant.id, kind="tests.canary", reference=cast.tenant.id)

    def pipeline(claim: Claim) -> None:
        raise IntegrityError(DETAIL)

    attempt(pipeline, work.id)
    reason = Work.objects.get(id=work.id).reason
    assert reason == 'IntegrityError: duplicate key value violates unique constraint "one_batch"'
    assert "tests.canary" in lines.getvalue()
    assert NAME not in lines.getvalue()


def test_an_error_of_the_database_itself_keeps_no_value(db: None) -> None:
    with pytest.raises(Exception, match=NAME) as failure, connection.cursor() as cursor:
        cursor.execute("SELECT %s::integer", [NAME])
    error: Any = failure.value
    assert NAME not in traceback_of(error)
