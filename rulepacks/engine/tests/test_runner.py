import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet
import pytest

from rulepacks.engine.limits import MIB, Limits
from rulepacks.engine.progress import silent
from rulepacks.engine.refusals import BadInput, ChildFailed
from rulepacks.engine.runner import InputFile, RunRequest, Summary, run
from rulepacks.engine.sandbox import run_in_child

PACK = """
cortx: 1
pack: tests.payments
version: 2.0.0
title: Payments
parameters:
  limit: {type: "decimal(23,2)", default: "999999999999999999999.99"}
inputs:
  payments:
    key: [id]
    layouts: [csv, ndjson, {fixed_width: lists/layout.csv}]
    fields:
      id: {type: text, aliases: [Payment Number]}
      amount: {type: "decimal(23,2)"}
  refunds:
    optional: true
    fields: {id: {type: text}, amount: {type: "decimal(23,2)", optional: true}}
stages: [{name: checks}]
rules:
  - {code: P1, type: row, severity: error, title: Amount is below the limit, authority: house, require: amount < $limit}
  - {code: P2, type: unique, severity: warning, title: Number is used once, authority: house, key: [id], report: all}
  - code: P3
    type: exists
    severity: info
    title: Refunds are of payments
    authority: house
    input: refunds
    in: payments
    on: [id]
"""
LAYOUT = "field,start,length\nid,1,3\namount,4,26\n"
Runner = Callable[..., Summary]


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = tmp_path / "pack"
    (folder / "lists").mkdir(parents=True)
    (folder / "pack.yaml").write_text(PACK, encoding="utf-8")
    (folder / "lists" / "layout.csv").write_text(LAYOUT, encoding="utf-8")
    return folder


@pytest.fixture
def judge(pack: Path, tmp_path: Path) -> Runner:
    """Run the pack over the bytes of a payments file."""

    def start(content: bytes, filename: str = "payments.csv", **parameters: str) -> Summary:
        path = tmp_path / filename
        path.write_bytes(content)
        file = InputFile("payments", path, filename)
        return run(RunRequest(pack, (file,), {}, parameters, tmp_path / "out"), silent)

    return start


def findings(out: Path) -> list[tuple[str, int | None, str]]:
    rows = pyarrow.parquet.read_table(out / "findings.parquet").to_pylist()
    return [(row["rule"], row["row"], row["message"]) for row in rows]


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("1.239", "1.239"),
        ("1e400", "1e400"),
        ("12A450", "12A450"),
        ("1,000.00", "1,000.00"),
        ("999999999999999999999.99", None),
        ("1000000000000000000000", "1000000000000000000000"),
    ],
)
def test_a_cell_that_is_no_such_amount_is_a_finding_and_never_another_amount(
    judge: Runner, tmp_path: Path, cell: str, shown: str | None
) -> None:
    summary = judge(f'id,amount\n1,"{cell}"\n2,5.00\n'.encode())
    assert summary.records == {"processed": 1, "failed": 1, "errored": 0}
    wanted = ("P1", 1, "Amount is below the limit: not satisfied.")
    if shown is not None:
        wanted = ("parse", 1, f"amount cannot be read as decimal(23,2): {shown}.")
    assert findings(tmp_path / "out") == [wanted]


@pytest.mark.parametrize("filename", ["payments.csv", "payments.ndjson", "payments.txt"])
def test_23_digits_survive_every_reader(judge: Runner, tmp_path: Path, filename: str) -> None:
    amount = "123456789012345678901.23"
    content = {
        "payments.csv": f"id,amount\n7,{amount}\n",
        "payments.ndjson": f'{{"id": "7", "amount": {amount}}}\n',
        "payments.txt": f"7  {amount:>26}\n",
    }[filename]
    summary = judge(content.encode(), filename, limit=amount)
    assert summary.inputs["payments"].accepted == 1
    assert findings(tmp_path / "out") == [("P1", 1, "Amount is below the limit: not satisfied.")]
    (row,) = pyarrow.parquet.read_table(tmp_path / "out" / "findings.parquet").to_pylist()
    assert json.loads(row["fields"]) == {"amount": amount}


def test_rejected_rows_are_counted_and_named_and_the_others_judged(judge: Runner, tmp_path: Path) -> None:
    summary = judge(b'id,amount\n1,5\n2,"x"y\n3,\xff\n1,6\n')
    read = summary.inputs["payments"]
    assert (read.rows_read, read.accepted, read.rejected) == (4, 2, 2)
    text = (tmp_path / "out" / "rejected.ndjson").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    assert [(line["input"], line["row_number"], line["line"], line["column"]) for line in lines] == [
        ("payments", 2, 3, None),
        ("payments", 3, 4, "amount"),
    ]
    assert [(rule, row) for rule, row, _ in findings(tmp_path / "out")] == [("P2", 1), ("P2", 4)]


def test_a_rule_over_an_input_that_was_not_given_is_not_evaluated(judge: Runner) -> None:
    outcome = next(one for one in judge(b"id,amount\n1,5\n").outcomes if one.rule == "P3")
    assert (outcome.not_evaluated, outcome.passed, outcome.reason) == (1, 0, "refunds not delivered")


def test_headers_may_be_written_as_people_do(judge: Runner, tmp_path: Path) -> None:
    assert judge(b"AMOUNT ,payment number,extra\n5,1,x\n").records["processed"] == 1
    schema = pyarrow.parquet.read_schema(tmp_path / "out" / "snapshot" / "payments.parquet")
    assert schema.names == ["row_number", "AMOUNT", "payment number", "extra"]


@pytest.mark.parametrize(
    ("content", "filename", "message"),
    [
        (b"", "payments.csv", "payments: the file is empty"),
        (b"%PDF-1.7", "payments.csv", "payments: not a CSV text file: begins with %PDF"),
        (
            b"name,amount\n1,2\n",
            "payments.csv",
            "payments: line 1: the column is missing: id; the file has name, amount",
        ),
        (b'{"id": "1"}\n', "payments.ndjson", "payments: line 1: the column is missing: amount; the file has id"),
        (
            b"x" * 3 * MIB,
            "payments.csv",
            "payments: line 1: the header cannot be read: longer than 1048576",
        ),
    ],
)
def test_a_file_that_cannot_be_judged_is_refused_in_plain_words(
    judge: Runner, content: bytes, filename: str, message: str
) -> None:
    with pytest.raises(BadInput) as refused:
        judge(content, filename)
    assert message in str(refused.value)


def test_a_parameter_that_does_not_fit_is_refused(judge: Runner) -> None:
    with pytest.raises(BadInput, match=r"parameter limit: '1\.234' is not"):
        judge(b"id,amount\n1,2\n", limit="1.234")


def test_the_summary_file_says_what_the_summary_says(judge: Runner, tmp_path: Path) -> None:
    summary = judge(b"id,amount\n1,5\n")
    document = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert document["pack"] == "tests.payments"
    assert document["digest"] == summary.digest
    assert document["outcomes"][1]["pass"] == 1
    assert document["seconds"]["total"] >= document["seconds"]["rules"] > 0
    assert summary.peak_memory_bytes > 0


def test_the_same_bytes_give_the_same_digest_whatever_the_threads(pack: Path, tmp_path: Path) -> None:
    path = tmp_path / "payments.csv"
    path.write_bytes(b"id,amount\n" + b"".join(b"%d,%d.00\n" % (number % 900, number) for number in range(5000)))
    digests = set()
    for threads in (1, 4):
        out = tmp_path / f"out{threads}"
        file = InputFile("payments", path, "payments.csv")
        request = RunRequest(pack, (file,), {}, {"limit": "4000"}, out, Limits(threads=threads))
        digests.add(run(request, silent).digest)
    assert len(digests) == 1


def test_a_run_that_needs_more_than_its_memory_is_stopped_and_says_so(pack: Path, tmp_path: Path) -> None:
    path = tmp_path / "payments.csv"
    path.write_bytes(b"id,amount\n" + b"1,2\n" * 400_000)
    file = InputFile("payments", path, "payments.csv")
    request = RunRequest(pack, (file,), {}, {}, tmp_path / "out", Limits(memory_bytes=100 * MIB))
    with pytest.raises(ChildFailed, match=r"more memory than 100 MiB \(limit memory_bytes\)"):
        run_in_child(request, on_progress=silent, cancelled=lambda: False)
