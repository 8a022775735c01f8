"""The main job: sample trial balances of many seeds, sizes and shapes give exactly the expected findings."""

import csv
import io
import json
import random
from pathlib import Path

import pytest

from rulepacks.engine.diff import finding_changes
from rulepacks.engine.progress import Progress, silent
from rulepacks.engine.runner import run
from rulepacks.engine.sandbox import run_in_child
from rulepacks.engine.tests.federal import check, found, request_for
from rulepacks.samples.trial_balance import Options, write


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    write(folder, Options(rows=4000, seed=1))
    return folder


@pytest.mark.parametrize(("rows", "seed", "faults"), [(1000, 2, 0), (5000, 3, 1), (12_000, 4, 3)])
def test_findings_statuses_and_lines_are_the_expected_ones(tmp_path: Path, rows: int, seed: int, faults: int) -> None:
    write(tmp_path / "in", Options(rows=rows, seed=seed, faults=faults))
    summary = run(request_for(tmp_path / "in", tmp_path / "out"), silent)
    check(tmp_path / "in", tmp_path / "out")
    assert sum(summary.records.values()) == summary.inputs["trial_balance"].rows_read
    assert sum(summary.findings.values()) == len(found(tmp_path / "out"))


def test_fixed_width_records_give_the_same(tmp_path: Path) -> None:
    write(tmp_path / "in", Options(rows=4000, seed=5, format="fixed"))
    summary = run(request_for(tmp_path / "in", tmp_path / "out", "trial_balance.txt"), silent)
    check(tmp_path / "in", tmp_path / "out")
    assert summary.inputs["trial_balance"].format == "fixed_width"


def test_the_bulk_file_that_is_put_out_gives_the_same_findings(tmp_path: Path, sample: Path) -> None:
    first = run(request_for(sample, tmp_path / "first"), silent)
    (sample / "bulk_file.txt").write_bytes((tmp_path / "first" / "outputs" / "bulk_file.txt").read_bytes())
    again = run(request_for(sample, tmp_path / "again", "bulk_file.txt"), silent)
    assert [(output.name, output.reason) for output in first.outputs] == [("bulk_file", ""), ("sf133", "")]
    assert again.inputs["trial_balance"].format == "fixed_width"
    assert again.inputs["trial_balance"].accepted == first.outputs[0].rows == first.inputs["trial_balance"].accepted
    check(sample, tmp_path / "again")
    # Updated are findings that show a cell as delivered: in a record it stands between blanks or behind zeros.
    changes, changed = finding_changes(tmp_path / "first", tmp_path / "again")
    assert (changes["new"], changes["absent"]) == (0, 0)
    assert {change.rule for change in changed} <= {"V02"}
    assert (tmp_path / "again" / "outputs" / "bulk_file.txt").read_bytes() == (sample / "bulk_file.txt").read_bytes()


def shuffled(rows: list[list[str]]) -> list[list[str]]:
    order = list(range(len(rows[0])))
    random.Random(1).shuffle(order)
    return [[row[at] for at in order] for row in rows]


def written(rows: list[list[str]], **dialect: object) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, **dialect).writerows(rows)  # type: ignore[arg-type]
    return text.getvalue().encode()


def as_ndjson(rows: list[list[str]]) -> bytes:
    header, *records = rows
    return "\n".join(json.dumps(dict(zip(header, row, strict=True))) for row in records).encode()


SHAPES = {
    "byte order mark, CRLF, all quoted": lambda rows: b"\xef\xbb\xbf" + written(rows, quoting=csv.QUOTE_ALL),
    "semicolons and LF": lambda rows: written(rows, delimiter=";", lineterminator="\n"),
    "other column order": lambda rows: written(shuffled(rows)),
    "UTF-16": lambda rows: written(rows).decode().encode("utf-16"),
    "headers as people write them": lambda rows: written(
        [[name.upper().replace("_", " ") for name in rows[0]], *rows[1:]]
    ),
    "columns nobody asked for": lambda rows: written([[*row, "x"] for row in rows]),
    "NDJSON": as_ndjson,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_shape_of_the_file_makes_no_difference(tmp_path: Path, sample: Path, shape: str) -> None:
    with (sample / "trial_balance.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    (sample / "shaped.csv").write_bytes(SHAPES[shape](rows))
    run(request_for(sample, tmp_path, "shaped.csv"), silent)
    check(sample, tmp_path)


def test_the_child_process_finds_the_same_and_reports_on_the_way(tmp_path: Path, sample: Path) -> None:
    reports: list[Progress] = []
    summary = run_in_child(request_for(sample, tmp_path / "child"), on_progress=reports.append, cancelled=lambda: False)
    check(sample, tmp_path / "child")
    assert {report.stage for report in reports} == {"read", "snapshot", "rules"}
    assert summary.peak_memory_bytes < 1 << 30
    again = run(request_for(sample, tmp_path / "here"), silent)
    assert again.digest == summary.digest
    assert again.inputs == summary.inputs


def test_a_snapshot_can_be_judged_again_without_the_file(tmp_path: Path, sample: Path) -> None:
    first = run(request_for(sample, tmp_path / "first"), silent)
    request = request_for(sample, tmp_path / "again")
    snapshots = {path.stem: path for path in (tmp_path / "first" / "snapshot").iterdir()}
    again = run(type(request)(request.pack, (), snapshots, request.parameters, request.out), silent)
    assert again.digest == first.digest
    assert again.inputs["ledger"].snapshot_sha256 == first.inputs["ledger"].snapshot_sha256
    check(sample, tmp_path / "again")
