"""Servers go away and come back, senders are slow, processes die: what was accepted is neither lost nor doubled."""

import json
from contextlib import closing

from cortx.tests.faults.installation import Installation, wait_until
from cortx.tests.faults.sender import BATCHES, RECORD, RECORDS, Sender
from records.tests.workers import Worker

LEASE = 2
ROWS = 8_000
BEGUN = ("Read", "Snapshot", "Rules")
IN_TRANSACTION = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'cortx_app' AND xact_start IS NOT NULL"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'cortx_app' AND wait_event_type = 'Lock'"
LINES = b"line,account\n" + (b"1," + b"A" * 997 + b"\n") * 20_000


def test_without_postgresql_the_web_says_503_and_work_goes_on_when_it_is_back(
    installation: Installation, worker: Worker, sender: Sender
) -> None:
    run_id = sender.deliver(ROWS)
    wait_until(sender.reached(run_id, *BEGUN), "the run begins", worker.log)
    with installation.postgresql_down():
        health = sender.get("/health")
        assert (health.status, health.json["database"]) == (503, "disconnected")
        for answer in (sender.get(RECORDS), sender.post(RECORDS, RECORD)):
            assert (answer.status, answer.headers["Content-Type"]) == (503, "application/problem+json"), answer.body
            assert int(answer.headers["Retry-After"]) > 0
        assert sender.get("/version").status == 200
    wait_until(lambda: sender.get("/health").status == 200, "the web is well again")
    assert sender.post(RECORDS, RECORD).status == 201
    sender.wait_for(run_id)
    sender.check(run_id)
    assert worker.process.poll() is None


def test_a_run_survives_the_end_of_all_sessions(installation: Installation, worker: Worker, sender: Sender) -> None:
    run_id = sender.deliver(ROWS)
    wait_until(sender.reached(run_id, *BEGUN), "the run begins", worker.log)
    assert installation.sessions_end() > 0
    sender.wait_for(run_id)
    sender.check(run_id)


def test_without_redis_reads_and_accepts_go_on_and_work_is_relayed_later(
    installation: Installation, worker: Worker, sender: Sender
) -> None:
    begun = sender.deliver(ROWS)
    wait_until(sender.reached(begun, *BEGUN), "the run begins", worker.log)
    with installation.redis_down():
        answers = [sender.get(BATCHES), sender.post(RECORDS, RECORD), sender.get("/health")]
        assert [answer.status for answer in answers] == [200, 201, 200]
        sender.wait_for(begun)
        sender.check(begun)
        promised = sender.deliver(ROWS // 4)
    sender.wait_for(promised)
    sender.check(promised)


def test_slow_senders_hold_no_session_of_the_database(installation: Installation, sender: Sender) -> None:
    slow = [sender.begin(LINES, key=f"slow-{number}") for number in range(3)]
    wait_until(lambda: installation.asked(IN_TRANSACTION) == [(0,)], "no transaction is open")
    assert sender.get(BATCHES).status == 200
    for connection in slow:
        connection.send(LINES[len(LINES) // 2 :])
        answer = connection.getresponse()
        assert answer.status == 202, answer.read()
        connection.close()
    assert sender.batches() == 3


def test_what_a_killed_web_server_had_received_is_neither_shown_nor_kept(
    installation: Installation, sender: Sender
) -> None:
    connection = sender.begin(LINES, key="once")
    installation.web.kill()
    connection.close()
    assert (sender.batches(), sender.stored()) == (0, [])
    installation.web.start()
    for _ in range(2):
        with closing(sender.begin(LINES, key="once")) as again:
            again.send(LINES[len(LINES) // 2 :])
            number = json.loads(again.getresponse().read())["number"]
        assert (number, sender.batches(), len(sender.stored())) == ("B-1", 1, 1)


def test_a_worker_that_freezes_while_it_decides_holds_nothing_for_long(
    installation: Installation, worker: Worker, sender: Sender
) -> None:
    with installation.locked("records_ruleoutcome"):
        run_id = sender.deliver(ROWS)
        wait_until(lambda: installation.asked(WAITING) == [(1,)], "the worker is about to decide", worker.log)
        worker.freeze()
    heir = installation.worker()
    sender.wait_for(run_id)
    decided = sender.run(run_id).revision
    worker.wake()
    wait_until(lambda: "taken over" in worker.log.read_text(errors="replace"), "the frozen one gives up", heir.log)
    sender.check(run_id)
    assert sender.run(run_id).revision == decided
