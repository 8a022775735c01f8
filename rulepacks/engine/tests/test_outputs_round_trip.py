"""Records put out as a file, delivered again as that file: the same values, to the last digit, in every format."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from rulepacks.engine.evaluate import evaluate
from rulepacks.engine.loader import load_pack
from rulepacks.engine.spec import LayoutField, Pack
from rulepacks.engine.tests.packing import HEAD, write_pack
from rulepacks.engine.tests.reading import Outcome, read_as
from rulepacks.engine.tests.writing import EDGES, MONIES

PACK = """inputs:
  rows:
    normalise: [trim]
    fields:
      name: text
      amount: "decimal(23,2)"
      count: integer
      day: date
      open: boolean
      seen: timestamp
outputs:
  - {name: as_csv, format: csv, from: rows}
  - {name: as_ndjson, format: ndjson, from: rows}
  - {name: as_fixed, format: fixed_width, layout: layout.csv, from: rows}
  - {name: as_parquet, format: parquet, from: rows}
"""
WIDTHS = {"name": 10, "amount": 25, "count": 19, "day": 10, "open": 5, "seen": 26}
NAMES = tuple(WIDTHS)
FILES = {"as_csv.csv": "csv", "as_ndjson.ndjson": "ndjson", "as_fixed.txt": "fixed_width"}
# One line each, and nothing a spreadsheet would run: CSV puts an apostrophe before that.
TEXTS = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=10).filter(
    lambda text: text.strip(" ")[:1] not in set("=+-@")
)


def amounts() -> st.SearchStrategy[str]:
    return st.one_of(MONIES, st.sampled_from(EDGES)).map(lambda amount: format(amount, "f"))


RECORDS = st.lists(
    st.tuples(
        TEXTS | st.sampled_from(['"', "a,b", "'", "a  b"]),
        amounts() | st.sampled_from(["", "1.239", "+0007", "-.5", "1e5", " 12 "]),
        st.integers(-(10**18) + 1, 10**18 - 1).map(str) | st.sampled_from(["", "-0", "007"]),
        st.dates(date(1000, 1, 1)).map(str) | st.just(""),
        st.sampled_from(["true", "FALSE", ""]),
        st.datetimes(datetime.fromisoformat("1000-01-01")).map(str) | st.just(""),
    ),
    min_size=1,
    max_size=6,
)


def layout() -> list[LayoutField]:
    starts = [1 + sum(list(WIDTHS.values())[:at]) for at in range(len(WIDTHS))]
    return [LayoutField(name, start, WIDTHS[name]) for name, start in zip(NAMES, starts, strict=True)]


def pack_in(folder: Path) -> Pack:
    listed = "".join(f"{field.name},{field.start},{field.length}\n" for field in layout())
    return load_pack(write_pack(folder, HEAD + PACK, {"layout.csv": f"field,start,length\n{listed}"}))


def put_out(pack: Pack, out: Path, columns: Mapping[str, Sequence[str | None]]) -> list[dict[str, Any]]:
    """Judge texts; the records that are put out, as Parquet has them."""
    out.mkdir()
    con = duckdb.connect()
    count = len(next(iter(columns.values())))
    arrays = {name: pa.array(values, pa.string()) for name, values in columns.items()}
    con.register("given", pa.table({"row_number": pa.array(range(1, count + 1), pa.int64()), **arrays}))
    evaluation = evaluate(con, pack, {"rows": "given"}, {}, out, lambda _: None)
    assert [output.complaint for output in evaluation.outputs] == [""] * 4
    records: list[dict[str, Any]] = pq.read_table(out / "outputs" / "as_parquet.parquet").to_pylist()
    return records


def columns_of(outcome: Outcome) -> dict[str, list[str | None]]:
    assert not outcome.rejected
    return {name: [row[at] for row in outcome.values] for at, name in enumerate(outcome.columns)}


@settings(max_examples=15, deadline=None)
@given(RECORDS)
def test_records_delivered_again_as_they_were_put_out_are_the_same(records: list[tuple[str, ...]]) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        pack = pack_in(folder)
        columns = dict(zip(NAMES, (list(values) for values in zip(*records, strict=True)), strict=True))
        first = put_out(pack, folder / "first", columns)
        for file, kind in FILES.items():
            content = (folder / "first" / "outputs" / file).read_bytes()
            again = columns_of(read_as(kind, content, fixed_width=layout()))
            assert put_out(pack, folder / kind, again) == first, kind
