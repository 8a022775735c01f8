"""A database that is away is waited for, for the length of a lease; anything else is not waited for."""

from unittest.mock import Mock

import pytest
from django.db import IntegrityError, InternalError, OperationalError
from pytest_django import Settings

from tenants.availability import is_unavailable, patiently


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> Mock:
    """Nobody sleeps; pauses are noted."""
    pauses = Mock()
    monkeypatch.setattr("tenants.availability.sleep", pauses)
    monkeypatch.setattr("tenants.availability.connection", Mock(in_atomic_block=False))
    return pauses


def test_what_the_database_refuses_to_answer_is_asked_again_ever_more_slowly(pauses: Mock) -> None:
    write = Mock(side_effect=[OperationalError("away")] * 6 + ["done"])
    assert patiently(write) == "done"
    assert [call.args[0] for call in pauses.call_args_list] == [0.5, 1, 2, 4, 8, 8]


def test_waiting_ends_with_the_lease(pauses: Mock, settings: Settings) -> None:
    settings.WORK_LEASE_SECONDS = 0
    with pytest.raises(OperationalError):
        patiently(Mock(side_effect=OperationalError("away")))
    pauses.assert_not_called()


def test_what_is_wrong_stays_wrong_and_is_not_waited_for(pauses: Mock) -> None:
    with pytest.raises(IntegrityError):
        patiently(Mock(side_effect=IntegrityError("twice")))
    pauses.assert_not_called()


class Postgres(Exception):
    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.sqlstate = state


def internal(state: str) -> InternalError:
    error = InternalError("x")
    error.__cause__ = Postgres(state)
    return error


@pytest.mark.parametrize(
    ("error", "unavailable"),
    [
        (OSError(28, "No space left on device"), True),
        (OSError(13, "Permission denied"), False),
        (internal("25P03"), True),
        (internal("25P02"), False),
    ],
)
def test_a_full_disk_and_a_session_that_was_ended_may_pass(error: Exception, unavailable: bool) -> None:
    assert is_unavailable(error) is unavailable
