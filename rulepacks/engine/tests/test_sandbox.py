import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from rulepacks.engine import sandbox
from rulepacks.engine.limits import MIB, Limits
from rulepacks.engine.problems import PackError, Problem
from rulepacks.engine.progress import Progress, silent
from rulepacks.engine.refusals import BadInput, Cancelled, ChildFailed, InputProblem
from rulepacks.engine.request import RunRequest
from rulepacks.engine.sandbox import UNSTOPPABLE, run_in_child
from rulepacks.engine.summary import Summary


def never() -> bool:
    return False


def start(job: str, out: Path, limits: Limits | None = None, reports: list[Progress] | None = None) -> Summary:
    request = RunRequest(Path("pack"), (), {}, {}, out, limits or Limits())
    on_progress = reports.append if reports is not None else silent
    return run_in_child(
        request, on_progress=on_progress, cancelled=never, job=f"rulepacks.engine.tests.misbehaving:{job}"
    )


def is_alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return "\nState:\tZ" not in status


def wait_until_gone(pid: int, seconds: float = 5) -> bool:
    deadline = time.monotonic() + seconds
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_alive(pid)


def test_a_run_answers_with_its_summary_and_its_progress(tmp_path: Path) -> None:
    reports: list[Progress] = []
    said = start("behave", tmp_path, reports=reports).parameters
    assert [report.done for report in reports] == [1, 2, 3]
    assert said["pack"] == "pack"
    assert said["pid"] == said["group"]
    assert said["stdin"] == ""
    assert said["data_limit"] == str(2 * 1024 * MIB)


def test_a_child_sees_no_setting_and_no_secret_of_the_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://secret")
    monkeypatch.setattr(sandbox, "_idle", [])
    names = str(start("behave", tmp_path).parameters["environment"]).split()
    assert not {name for name in names if "URL" in name or "KEY" in name}
    assert set(names) <= {
        "PATH",
        "PYTHONPATH",
        "LC_ALL",
        "TZ",
        "OPENBLAS_NUM_THREADS",
        "OMP_NUM_THREADS",
        "MALLOC_ARENA_MAX",
        "LD_LIBRARY_PATH",
        "LC_CTYPE",
        "COVERAGE_PROCESS_CONFIG",  # only when the tests are measured
    }


def test_two_runs_share_a_clean_parent_of_one_thread_but_never_a_child(tmp_path: Path) -> None:
    first, second = start("behave", tmp_path).parameters, start("behave", tmp_path).parameters
    assert first["parent"] == second["parent"]
    assert first["pid"] != second["pid"]
    assert first["threads"] == "1"


def test_refusals_come_back_with_their_problems(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as bad:
        start("refuse_input", tmp_path)
    assert bad.value.problems == (InputProblem("ledger", "the file is empty", 3, "amount"), InputProblem(None, "no"))
    with pytest.raises(PackError) as pack:
        start("refuse_pack", tmp_path)
    assert pack.value.problems == (Problem("pack.yaml", 12, 7, "E03", "unknown field"),)


@pytest.mark.parametrize(
    ("job", "reason"),
    [
        ("break_down", "it met an unexpected ZeroDivisionError"),
        ("fill_disk", "the disk is full"),
        ("crash", "it crashed (SIGSEGV)"),
        ("leave", "it ended without a word"),
        ("eat_memory", "it needed more memory than 1024 MiB (limit memory_bytes)"),
    ],
)
def test_a_child_that_fails_is_named_in_plain_words_and_the_next_run_works(
    tmp_path: Path, job: str, reason: str
) -> None:
    with pytest.raises(ChildFailed) as failure:
        start(job, tmp_path)
    assert failure.value.reason.partition(" in ")[0] == reason
    assert start("behave", tmp_path).pack == "p"


def test_memory_the_system_does_not_count_is_watched_by_the_parent(tmp_path: Path) -> None:
    with pytest.raises(ChildFailed, match=r"more memory than 300 MiB \(limit memory_bytes\)"):
        start("eat_shared_memory", tmp_path, Limits(memory_bytes=300 * MIB))


def test_a_run_that_takes_too_long_is_killed_with_everything_it_started(tmp_path: Path) -> None:
    reports: list[Progress] = []
    begun = time.monotonic()
    with pytest.raises(ChildFailed, match=r"longer than 0\.5 seconds \(limit seconds\)"):
        start("sleep_with_offspring", tmp_path, Limits(seconds=0.5), reports)
    assert time.monotonic() - begun < 5
    assert wait_until_gone(int(reports[0].group))


def test_rules_that_kill_the_child_are_left_out_one_after_the_other(tmp_path: Path) -> None:
    begun = time.monotonic()
    assert start("die_over_rules", tmp_path).parameters == {
        "DEADLY": "it crashed (SIGSEGV)",
        "ENDLESS": UNSTOPPABLE,
    }
    assert time.monotonic() - begun < 10


def test_a_child_that_dies_of_no_rule_is_tried_apart_and_then_given_up(tmp_path: Path) -> None:
    reports: list[Progress] = []
    with pytest.raises(ChildFailed, match="it crashed"):
        start("die_whatever_rules", tmp_path, reports=reports)
    assert len(reports) == 2


def test_noise_on_the_output_is_ignored(tmp_path: Path) -> None:
    assert start("chatter", tmp_path).pack == "p"


def test_a_cancelled_run_is_killed_at_once(tmp_path: Path) -> None:
    reports: list[Progress] = []
    request = RunRequest(Path("pack"), (), {}, {}, tmp_path)
    begun = time.monotonic()
    with pytest.raises(Cancelled):
        run_in_child(
            request,
            on_progress=reports.append,
            cancelled=lambda: bool(reports),
            job="rulepacks.engine.tests.misbehaving:sleep",
        )
    assert time.monotonic() - begun < 5
    assert wait_until_gone(int(reports[0].group))
    assert start("behave", tmp_path).pack == "p"


def test_an_error_while_progress_is_taken_in_ends_the_child(tmp_path: Path) -> None:
    seen: list[Progress] = []

    def lose_the_lease(progress: Progress) -> None:
        seen.append(progress)
        raise LookupError("lease lost")

    request = RunRequest(Path("pack"), (), {}, {}, tmp_path)
    with pytest.raises(LookupError):
        run_in_child(
            request, on_progress=lose_the_lease, cancelled=never, job="rulepacks.engine.tests.misbehaving:sleep"
        )
    assert wait_until_gone(int(seen[0].group))


def test_a_killed_worker_takes_its_child_and_the_clean_parent_down(tmp_path: Path) -> None:
    script = textwrap.dedent(f"""
        from pathlib import Path
        from rulepacks.engine.request import RunRequest
        from rulepacks.engine.sandbox import run_in_child
        import os

        def show(progress):
            ppid = Path(f"/proc/{{progress.group}}/stat").read_text().rsplit(")", 1)[1].split()[1]
            print(progress.group, ppid, flush=True)

        run_in_child(RunRequest(Path("pack"), (), {{}}, {{}}, Path({str(tmp_path)!r})),
                     on_progress=show, cancelled=lambda: False, job="rulepacks.engine.tests.misbehaving:sleep")
    """)
    worker = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    child, parent = map(int, worker.stdout.readline().split())
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    worker.stdout.close()
    assert wait_until_gone(child)
    assert wait_until_gone(parent)


def test_a_killed_clean_parent_takes_the_child_down_and_is_replaced(tmp_path: Path) -> None:
    parents: list[int] = []

    def kill_the_parent(progress: Progress) -> None:
        stat = Path(f"/proc/{progress.group}/stat").read_text(encoding="ascii")
        parents.append(int(progress.group))
        os.kill(int(stat.rsplit(")", 1)[1].split()[1]), signal.SIGKILL)

    request = RunRequest(Path("pack"), (), {}, {}, tmp_path)
    with pytest.raises(ChildFailed, match="the process that starts runs is gone"):
        run_in_child(
            request, on_progress=kill_the_parent, cancelled=never, job="rulepacks.engine.tests.misbehaving:sleep"
        )
    assert wait_until_gone(parents[0])
    assert start("behave", tmp_path).pack == "p"


def test_a_daemonic_forked_worker_can_run_too(tmp_path: Path) -> None:
    start("behave", tmp_path)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = 0 if start("behave", tmp_path).parameters["pid"] else 1
        finally:
            os._exit(code)
    assert os.waitpid(pid, 0)[1] == 0
    assert start("behave", tmp_path).pack == "p"
