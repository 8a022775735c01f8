import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from rulepacks.engine.__main__ import main
from rulepacks.engine.cli.bar import ProgressBar
from rulepacks.engine.progress import Progress
from rulepacks.engine.tests.federal import COMPANIONS, PACK, found
from rulepacks.samples.trial_balance import Options, write


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    write(folder / "faulty", Options(rows=3000, seed=6))
    write(folder / "clean", Options(rows=500, seed=6, faults=0))
    return folder


def arguments(folder: Path, *more: str, pack: str = "federal.gtas.reconciliation", period: str = "9") -> list[str]:
    named = {"trial_balance": "trial_balance.csv", **COMPANIONS}
    files = [f"--input={name}={folder / filename}" for name, filename in named.items()]
    return ["run", pack, *files, "--param", "fiscal_year=2025", "--param", f"period={period}", *more]


def test_findings_are_shown_as_a_table_with_totals_and_end_with_code_1(
    sample: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(sample / "faulty")) == 1
    out, err = capsys.readouterr()
    assert "Ending 101000 is" in out
    assert "Findings: 24 fatal, 7 warning" in out
    assert "Units (Treasury account): 1" in out
    assert "14 FAILED_VALIDATIONS, 9 FAILED_EDITS" in out
    assert "Not applicable  Not evaluated" in out
    assert "sf133.csv (" in out
    assert "not kept; --output DIR keeps them" in out
    assert err == ""


def test_a_clean_file_ends_with_code_0(sample: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments(sample / "clean", "--format", "csv", pack=str(PACK))) == 0
    assert capsys.readouterr().out == "rule,severity,label,input,row,key,unit,left,right,difference,fields,message\n"


def test_a_rejected_row_is_named_and_keeps_the_check_from_passing(
    sample: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in (sample / "clean").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    with (tmp_path / "trial_balance.csv").open("a", encoding="utf-8") as delivered:
        delivered.write("2025,09,too few\n")
    lines = (tmp_path / "trial_balance.csv").read_text(encoding="utf-8").count("\n")
    assert main(arguments(tmp_path, "--format", "json")) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"trial_balance line {lines}: rejected, 3 values where 33 are expected\n"


def test_json_lines_csv_and_the_kept_files_say_the_same(
    sample: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept, totals = tmp_path / "kept", tmp_path / "summary.json"
    assert main(arguments(sample / "faulty", "--format", "json", "--output", str(kept), "--summary", str(totals))) == 1
    objects = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert main(arguments(sample / "faulty", "--format", "csv")) == 1
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [one["message"] for one in objects] == [row["message"] for row in rows]
    assert len(found(kept)) == len(objects) == 31
    edit = next(one for one in objects if one["rule"] == "E03")
    assert int(edit["left"]) - int(edit["right"]) == int(edit["difference"])
    assert edit["key"].keys() == {"tas", "begin_end", "ussgl_account"}
    document = json.loads(totals.read_text(encoding="utf-8"))
    assert document == json.loads((kept / "summary.json").read_text(encoding="utf-8"))
    assert sum(one["fail"] for one in document["outcomes"]) == 31
    assert document["inputs"]["trial_balance"]["rejected"] == 0


def test_progress_goes_to_the_error_stream_when_asked_for(sample: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(arguments(sample / "clean", "--progress", "--format", "json"))
    out, err = capsys.readouterr()
    assert out == ""
    assert "Reading trial_balance" in err
    assert "Judging" in err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--input", "trial_balance=/nowhere.csv"], "trial_balance: --input is given twice"),
        (["--input", "gadgets=pyproject.toml"], "gadgets: the pack has no such input; it has trial_balance"),
        (["--input", "trial_balance"], "--input trial_balance: NAME=VALUE is expected"),
        (["--param", "colour=red"], "parameter unknown parameter colour"),
        (["--output", "."], "--output .: the folder is not empty"),
        (["--encoding", "trial_balance=klingon"], "trial_balance: the encoding klingon is not known"),
    ],
)
def test_bad_input_ends_with_code_2_and_says_what_is_wrong(
    sample: Path, change: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(sample / "clean", *change)) == 2
    out, err = capsys.readouterr()
    assert message in err
    assert out == ""


def test_a_missing_file_input_or_parameter_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(PACK), "--input", "trial_balance=/nowhere.csv"]) == 2
    assert "trial_balance: no file /nowhere.csv" in capsys.readouterr().err
    assert main(["run", str(PACK)]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "parameter fiscal_year is required (integer)",
        "parameter period is required (integer)",
    ]
    (tmp_path / "pack.yaml").write_text("cortx: 1\npack: [", encoding="utf-8")
    assert main(["run", str(tmp_path)]) == 2
    assert "pack.yaml:" in capsys.readouterr().err


def test_a_column_that_is_not_there_is_named_with_those_that_are(
    sample: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [*arguments(sample / "clean")]
    given[given.index(f"--input=accounts={sample / 'clean' / 'tas.csv'}")] = (
        f"--input=accounts={sample / 'clean' / 'gl_balances.csv'}"
    )
    assert main(given) == 2
    assert capsys.readouterr().err == (
        "accounts: line 1: the columns are missing: status, central_fbwt_cents; "
        "the file has tas, ussgl_account, ending_cents\n"
    )


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_progress_is_one_line_that_goes_away() -> None:
    terminal = Terminal()
    with ProgressBar(terminal, shown=True) as bar:
        bar.show(Progress("read", "ledger", 50, 100, "7 rows"))
        bar.show(Progress("snapshot", "ledger", 7, None, "7 rows"))
        bar.show(Progress("rules", "row", 1, 2, "done"))
    assert terminal.getvalue().count("\n") == 0
    assert " 50%  7 rows" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_without_a_terminal_progress_is_a_line_a_second() -> None:
    lines, now = io.StringIO(), [0.0]
    with ProgressBar(lines, shown=True, clock=lambda: now[0]) as bar:
        for second in (0.0, 0.4, 1.0, 1.2):
            now[0] = second
            bar.show(Progress("rules", "row", 1, 2, f"at {second}"))
    assert [line.split()[-1] for line in lines.getvalue().splitlines()] == ["0.0", "1.0"]
    with ProgressBar(sys.stderr, shown=False) as hidden:
        hidden.show(Progress("rules", "row", 1, 2, ""))


def test_a_reader_that_has_seen_enough_ends_a_command_quietly() -> None:
    line = [sys.executable, "-m", "rulepacks.engine", "reference"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as command:
        assert command.stdout is not None
        assert command.stderr is not None
        command.stdout.close()
        assert command.stderr.read() == b""
    assert command.returncode == 141
