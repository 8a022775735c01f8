"""Whoever asked for little goes first, a lane holds no more than its share, and nobody waits for ever."""

import threading
import time
from collections.abc import Callable

import pytest

from tenants.rates import turns as module
from tenants.rates.turns import Crowded, Overdue, Turn, Turns
from tenants.rates.use import Use

SOON = 5.0


class Asking:
    """A request in a thread of its own, which runs until it is told to end."""

    def __init__(self, turns: Turns, lane: str, sender: bytes = b"", order: list[str] | None = None) -> None:
        self.runs, self.may_end = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self.ask, args=(turns, lane, sender, order if order is not None else []))
        self.thread.start()

    def ask(self, turns: Turns, lane: str, sender: bytes, order: list[str]) -> None:
        turn = turns.enter(lane, sender)
        order.append(lane + sender.decode())
        self.runs.set()
        self.may_end.wait(SOON)
        turn.leave()

    def end(self) -> None:
        self.may_end.set()
        self.thread.join(SOON)


def busy(turns: Turns, lane: str, seconds: float = 5.0) -> None:
    """The lane has used so much of the server a moment ago."""
    turn = turns.enter(lane)
    turn.began -= seconds
    turn.leave()


def held_by(turns: Turns, lane: str, count: int) -> Callable[[], bool]:
    return lambda: len(turns._waiting.get(lane, ())) == count


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


def test_a_lane_alone_runs_some_at_once_and_lets_the_others_wait() -> None:
    turns = Turns(of_one=2)
    asking = [Asking(turns, "a") for _ in range(3)]
    until(held_by(turns, "a", 1))
    assert sum(each.runs.is_set() for each in asking) == 2
    next(each for each in asking if each.runs.is_set()).end()
    until(lambda: all(each.runs.is_set() for each in asking))
    for each in asking:
        each.end()


def test_a_busy_lane_waits_until_one_that_asked_for_little_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAKES_ROOM_SECONDS", SOON)
    turns = Turns()
    busy(turns, "busy")
    quiet = Asking(turns, "quiet")
    until(quiet.runs.is_set)
    waits = Asking(turns, "busy")
    until(held_by(turns, "busy", 1))
    assert not waits.runs.wait(0.05)
    assert Asking(turns, "third").runs.wait(SOON)
    quiet.end()
    assert not waits.runs.is_set()


def test_a_busy_lane_does_not_wait_for_ever() -> None:
    turns = Turns()
    busy(turns, "busy")
    quiet = Asking(turns, "quiet")
    until(quiet.runs.is_set)
    waits = Asking(turns, "busy")
    assert waits.runs.wait(SOON)
    assert not quiet.may_end.is_set()
    quiet.end()
    waits.end()


def test_a_busy_lane_runs_one_at_a_time_while_somebody_is_about() -> None:
    turns = Turns()
    busy(turns, "busy")
    asking = [Asking(turns, "busy") for _ in range(2)]
    until(lambda: all(each.runs.is_set() for each in asking))
    for each in asking:
        each.end()
    turns.enter("quiet").leave()
    asking = [Asking(turns, "busy") for _ in range(2)]
    until(held_by(turns, "busy", 1))
    for each in sorted(asking, key=lambda each: not each.runs.is_set()):
        assert each.runs.wait(SOON)
        each.end()


def test_what_is_under_way_makes_room_between_its_statements() -> None:
    turns = Turns()
    busy(turns, "busy")
    turn, quiet = turns.enter("busy"), Asking(turns, "quiet")
    until(quiet.runs.is_set)
    made = threading.Thread(target=turn.make_room)
    made.start()
    until(lambda: bool(turns._making_room))
    quiet.end()
    made.join(SOON)
    assert 0 < turn.room_made < SOON
    turn.leave()


def test_room_is_made_for_a_moment_only() -> None:
    turns = Turns()
    busy(turns, "busy")
    turn, quiet = turns.enter("busy"), Asking(turns, "quiet")
    until(quiet.runs.is_set)
    turn.make_room()
    assert turn.room_made > module.MAKES_ROOM_SECONDS * 0.9
    turn.make_room()
    quiet.end()
    turn.leave()


def test_a_lane_holds_no_more_than_its_share() -> None:
    turns = Turns(of_one=1, held=2)
    asking = [Asking(turns, "a") for _ in range(2)]
    until(held_by(turns, "a", 1))
    with pytest.raises(Crowded) as refused:
        turns.enter("a")
    assert (refused.value.status, refused.value.retry_after) == (429, 1)
    turns.enter("b").leave()
    for each in sorted(asking, key=lambda each: not each.runs.is_set()):
        each.end()


def test_the_senders_of_a_lane_take_turns() -> None:
    turns, order = Turns(of_one=1), list[str]()
    first = Asking(turns, "a", b"0")
    until(first.runs.is_set)
    asking = []
    for place, sender in enumerate([b"1", b"1", b"1", b"2"], 1):
        asking.append(Asking(turns, "a", sender, order))
        until(held_by(turns, "a", place))
        asking[-1].may_end.set()
    first.end()
    for each in asking:
        each.end()
    assert order == ["a1", "a2", "a1", "a1"]


def test_a_turn_that_does_not_come_in_time_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", module.MAKES_ROOM_SECONDS + 0.05)
    turns = Turns(of_one=1)
    turn = turns.enter("a")
    with pytest.raises(Overdue):
        turns.enter("a")
    turn.leave()
    turns.enter("a").leave()


def test_others_have_their_turn_while_a_request_waits_for_its_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = Turns(of_one=1)
    turn = turns.enter("a")
    with turn.away():
        turns.enter("a").leave()
    until(lambda: not turns._waiting)
    monkeypatch.setattr(module, "PATIENCE_SECONDS", module.MAKES_ROOM_SECONDS + 0.05)
    other: Turn | None = None
    with pytest.raises(Overdue), turn.away():
        other = turns.enter("a")
    assert other is not None
    # The turn was lost while its request was away; it ends no other's.
    turn.leave()
    assert turns._running == {"a": 1}
    other.leave()


def test_use_is_forgotten_with_time() -> None:
    use = Use()
    use.add("a", 8.0, now=0.0)
    assert use.of("a", 10.0) == pytest.approx(8.0 / 2.718, rel=0.01)
    assert use.is_much("a", ["a", "b"], 0.0)
    assert not use.is_much("b", ["a"], 0.0)
    assert list(use.about(1.0)) == ["a"]
    assert not list(use.about(3.0))


def test_nobody_known_makes_room_for_those_who_are_not() -> None:
    use = Use()
    use.add("known", 8.0, now=0.0)
    assert not use.is_much("known", ["address:192.0.2.1"], 0.0)


def test_no_more_lanes_are_remembered_than_matter() -> None:
    use = Use()
    for number in range(3_000):
        use.add(f"{number}", 0.01, now=float(number))
    assert len(use._used) <= 1_001
