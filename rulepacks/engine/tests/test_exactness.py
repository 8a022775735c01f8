"""Amounts of 21 digits before the point and 2 after it, from every reader to every writer, to the last digit."""

import csv
import json
from collections.abc import Callable, Sequence
from decimal import Context, Decimal
from functools import partial
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rulepacks.engine import snapshot
from rulepacks.engine.formats import reading
from rulepacks.engine.formats.delivery import Delivery
from rulepacks.engine.limits import Limits
from rulepacks.engine.loader import load_pack
from rulepacks.engine.progress import silent
from rulepacks.engine.record import compile_record_rules
from rulepacks.engine.runner import InputFile, RunRequest, Summary, run
from rulepacks.engine.spec import LayoutField
from rulepacks.engine.tests.packing import HEAD, write_pack
from rulepacks.engine.tests.reading import read_file

PACK = """
parameters:
  limit: {type: "decimal(23,2)", default: "-999999999999999999999.98"}
inputs:
  payments:
    key: [id]
    unit: [payer]
    normalise: [trim]
    layouts: [csv, ndjson, {fixed_width: lists/layout.csv}]
    fields: {id: text, payer: text, amount: "decimal(23,2)"}
    derive: {twice: amount + amount}
  ledger: {optional: true, fields: {id: text, balance: "decimal(23,2)"}}
rules:
  - {code: ROW, type: row, severity: error, title: Is the limit, authority: none, left: amount, right: $limit, op: "="}
  - {code: SUM, type: group, severity: error, title: Is 0, authority: none, by: [payer], left: sum(twice), right: "0"}
  - code: BOOK
    type: reconcile
    severity: error
    title: Is in the books
    authority: none
    on: [id]
    left: {input: payments, value: sum(amount)}
    right: {input: ledger, value: sum(balance)}
  - {code: ONCE, type: unique, severity: error, title: Amount is once, authority: none, key: [amount]}
outputs:
  - {name: as_csv, format: csv, from: payments}
  - {name: as_ndjson, format: ndjson, from: payments}
  - {name: as_json, format: json, from: payments}
  - {name: as_fixed, format: fixed_width, layout: lists/layout.csv, from: payments}
  - {name: as_parquet, format: parquet, from: payments}
  - {name: as_excel, format: excel, from: payments}
"""
LAYOUT = "field,start,length\nid,1,3\npayer,4,1\namount,5,26\n"
PLACES = [LayoutField("id", 1, 3), LayoutField("payer", 4, 1), LayoutField("amount", 5, 26)]
AMOUNTS = [
    "999999999999999999999.99",
    "999999999999999999999.98",
    "-999999999999999999999.99",
    "123456789012345678901.23",
    "9007199254740993.01",
    "0.01",
    "-0.01",
]
ROWS = [(str(number), "AB"[number % 2], amount) for number, amount in enumerate(AMOUNTS, start=1)]
EXACT = Context(prec=40)
Rows = list[tuple[str, str, str]]


def as_csv(rows: Rows) -> bytes:
    return "\n".join(["id,payer,amount", *map(",".join, rows), ""]).encode()


def as_ndjson(rows: Rows) -> bytes:
    """Amounts as JSON numbers, which most readers take for floats."""
    line = '{"id": "%s", "payer": "%s", "amount": %s}\n'
    return "".join(line % row for row in rows).encode()


def as_json_texts(rows: Rows) -> bytes:
    return "".join(json.dumps(dict(zip(("id", "payer", "amount"), row, strict=True))) + "\n" for row in rows).encode()


def as_fixed(rows: Rows) -> bytes:
    return "".join(f"{key:3}{payer}{amount:>26}\n" for key, payer, amount in rows).encode()


def as_excel(rows: Rows) -> bytes:
    return workbook([("id", "payer", "amount"), *rows])


def workbook(rows: Sequence[Sequence[object]]) -> bytes:
    book, content = openpyxl.Workbook(write_only=True), BytesIO()
    sheet = book.create_sheet()
    for row in rows:
        sheet.append(row)
    book.save(content)
    return content.getvalue()


def as_parquet(rows: Rows) -> bytes:
    ids, payers, amounts = zip(*rows, strict=True)
    exact = pa.array([Decimal(amount) for amount in amounts], pa.decimal128(23, 2))
    content = BytesIO()
    pq.write_table(pa.table({"id": ids, "payer": payers, "amount": exact}), content)
    return content.getvalue()


DELIVERED: dict[str, tuple[str, Callable[[Rows], bytes]]] = {
    "csv": ("payments.csv", as_csv),
    "ndjson": ("payments.ndjson", as_ndjson),
    "texts": ("payments.jsonl", as_json_texts),
    "fixed_width": ("payments.txt", as_fixed),
    "excel": ("payments.xlsx", as_excel),
    "parquet": ("payments.parquet", as_parquet),
}


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = tmp_path / "pack"
    (folder / "lists").mkdir(parents=True)
    return write_pack(folder, HEAD + PACK, {"lists/layout.csv": LAYOUT})


def judged(pack: Path, out: Path, form: str = "csv", limits: Limits | None = None) -> Summary:
    """Deliver the rows in a format, and a ledger in which every balance is one cent more."""
    filename, write = DELIVERED[form]
    out.mkdir()
    (out / "delivered").write_bytes(write(ROWS))
    ledger = "".join(f"{key},{EXACT.subtract(Decimal(amount), Decimal('0.01'))}\n" for key, _, amount in ROWS[1:2])
    (out / "ledger").write_text(f"id,balance\n{ledger}", encoding="utf-8")
    inputs = (InputFile("payments", out / "delivered", filename), InputFile("ledger", out / "ledger", "ledger.csv"))
    return run(RunRequest(pack, inputs, {}, {}, out / "out", limits or Limits()), silent)


def findings(out: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(out / "out" / "findings.parquet").to_pylist()
    return rows


def expected() -> list[tuple[str | None, ...]]:
    """Rule, key, left, right and difference, computed apart."""

    def less(left: str, right: str) -> str:
        return str(EXACT.subtract(Decimal(left), Decimal(right)))

    limit = "-999999999999999999999.98"
    found: list[tuple[str | None, ...]] = [("ROW", key, amount, limit, less(amount, limit)) for key, _, amount in ROWS]
    for payer in "AB":
        total = Decimal(0)
        for _, owner, amount in ROWS:
            total = EXACT.add(total, EXACT.multiply(Decimal(amount), 2)) if owner == payer else total
        found.append(("SUM", payer, str(total), "0", str(total)))
    found += [("BOOK", key, amount, None, amount) for key, _, amount in ROWS if key != "2"]
    found.append(("BOOK", "2", AMOUNTS[1], "999999999999999999999.97", "0.01"))
    return found


@pytest.mark.parametrize("form", DELIVERED)
def test_amounts_survive_every_reader_and_every_kind_of_rule(pack: Path, tmp_path: Path, form: str) -> None:
    summary = judged(pack, tmp_path / form, form)
    found = [
        (row["rule"], next(iter(json.loads(row["key"]).values())), row["left"], row["right"], row["difference"])
        for row in findings(tmp_path / form)
    ]
    assert sorted(found) == sorted(expected())
    kept = pq.read_table(tmp_path / form / "out" / "snapshot" / "payments.parquet").column("amount").to_pylist()
    assert [text.strip() for text in kept] == AMOUNTS
    assert summary.digest == judged(pack, tmp_path / "again").digest


def test_an_excel_number_keeps_the_fifteen_digits_the_format_has(tmp_path: Path) -> None:
    content = workbook([["amount"], [9999999999999.99], [-1234567890123.45], [0.1]])
    _, rows, _ = read_file(tmp_path, content, "data.xlsx")
    assert [row["amount"] for row in rows] == ["9999999999999.99", "-1234567890123.45", "0.1"]


def test_amounts_survive_every_writer(pack: Path, tmp_path: Path) -> None:
    judged(pack, tmp_path / "run")
    out = tmp_path / "run" / "out" / "outputs"
    wanted = [Decimal(amount) for amount in AMOUNTS]
    for file in ("as_ndjson.ndjson", "as_fixed.txt", "as_parquet.parquet", "as_excel.xlsx"):
        folder = tmp_path / file
        folder.mkdir()
        _, rows, _ = read_file(folder, (out / file).read_bytes(), file, PLACES if file.endswith("txt") else ())
        assert [Decimal(str(row["amount"]).strip()) for row in rows] == wanted, file
    text = (out / "as_csv.csv").read_text(encoding="utf-8-sig")
    # The writer puts an apostrophe before what a spreadsheet would take for a formula.
    assert [row["amount"].lstrip("'") for row in csv.DictReader(StringIO(text))] == AMOUNTS
    records = json.loads((out / "as_json.json").read_bytes(), parse_float=Decimal)
    assert [Decimal(record["amount"]) for record in records] == wanted
    assert pq.read_schema(out / "as_parquet.parquet").field("amount").type == pa.decimal128(23, 2)


@pytest.mark.parametrize("as_number", [False, True])
def test_amounts_of_a_single_record_are_those_of_a_batch(pack: Path, tmp_path: Path, as_number: bool) -> None:
    judged(pack, tmp_path / "run")
    rules = compile_record_rules(load_pack(pack))
    in_batch = {row["row"]: row for row in findings(tmp_path / "run") if row["rule"] == "ROW"}
    for number, (key, payer, amount) in enumerate(ROWS, start=1):
        payload = {"id": key, "payer": payer, "amount": Decimal(amount) if as_number else amount}
        (alone,) = rules.judge(payload, {}).findings
        batch = in_batch[number]
        assert (alone.left, alone.right, alone.difference) == (batch["left"], batch["right"], batch["difference"])
        assert (dict(alone.fields), alone.fingerprint) == (json.loads(batch["fields"]), batch["fingerprint"])


@pytest.mark.parametrize("chunk", [3, 64])
@pytest.mark.parametrize("group", [1, 3])
def test_chunks_and_row_groups_change_nothing(
    pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int, group: int
) -> None:
    usual = judged(pack, tmp_path / "usual")
    monkeypatch.setattr(reading, "Delivery", partial(Delivery, chunk=chunk))
    monkeypatch.setattr(snapshot, "ROW_GROUP", group)
    other = judged(pack, tmp_path / "other", limits=Limits(threads=4))
    assert pq.ParquetFile(tmp_path / "other" / "out" / "snapshot" / "payments.parquet").num_row_groups > 1
    assert other.digest == usual.digest
    assert findings(tmp_path / "other") == findings(tmp_path / "usual")
