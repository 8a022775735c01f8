"""What a worker does before its first task."""

import logging
from unittest.mock import patch

import pytest
from django.core.exceptions import ImproperlyConfigured

from cortx.celery import app, log_as_django_does
from cortx.tasks import refuse_wrong_role, sweep


def test_a_worker_under_the_wrong_role_ends() -> None:
    with (
        patch("cortx.tasks.serving_role_verify_at_start", side_effect=ImproperlyConfigured("superuser")),
        pytest.raises(SystemExit, match="superuser"),
    ):
        refuse_wrong_role()


def test_a_worker_sweeps_what_became_due_while_none_was_there() -> None:
    with patch.object(app, "send_task") as send:
        sweep()
    assert send.call_args.args == ("tenants.ring_due_work",)
    app.loader.import_default_modules()
    assert {"tenants.ring_due_work", "records.run"} <= set(app.tasks)


def test_a_worker_logs_through_the_same_formatter() -> None:
    before = logging.getLogger().handlers[:]
    with patch("logging.config.dictConfig") as configure:
        log_as_django_does()
    assert configure.call_args.args[0]["formatters"]["json"]["()"] == "cortx.logs.JsonFormatter"
    assert logging.getLogger().handlers == before
