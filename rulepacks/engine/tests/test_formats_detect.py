import hashlib
from pathlib import Path

import pytest

from rulepacks.engine.formats.blocks import Rejected
from rulepacks.engine.formats.reading import InputFile, Stopwatch, read_input
from rulepacks.engine.limits import Limits
from rulepacks.engine.progress import Progress, silent
from rulepacks.engine.refusals import BadInput
from rulepacks.engine.spec import LayoutField
from rulepacks.engine.tests.reading import read_file

LAYOUT = (LayoutField("code", 1, 3), LayoutField("name", 4, 5))


@pytest.mark.parametrize(
    ("content", "filename", "found"),
    [
        (b"a,b\n1,2\n", "data.csv", "csv"),
        (b"a,b\n1,2\n", "data", "csv"),
        (b' {"a": 1}\n', "upload.bin", "ndjson"),
        (b'\xef\xbb\xbf{"a": 1}\n', "data.csv", "ndjson"),
        (b"7\n", "data.jsonl", "ndjson"),
        (b"001ABCDE\n", "data.txt", "fixed_width"),
        (b"code,name\n", "data.txt", "csv"),
        (b"1,2,3,45\n", "data.txt", "fixed_width"),
        (b"code,nam,x\n", "data.txt", "csv"),
    ],
)
def test_the_format_is_told_by_the_first_line_and_the_name(
    tmp_path: Path, content: bytes, filename: str, found: str
) -> None:
    summary, _, _ = read_file(tmp_path, content, filename, LAYOUT)
    assert summary.format == found


@pytest.mark.parametrize(
    ("content", "filename", "given", "message"),
    [
        (b"%PDF-1.7\n1,2", "trial_balance.csv", {}, "data: not a CSV text file: begins with %PDF"),
        (b"PK\x03\x04xx", "book.xlsx", {}, "the workbook is broken"),
        (b"PAR1", "data.json", {}, "the Parquet file cannot be read"),
        (b"PAR1", "data.json", {"format": "csv"}, "not a CSV text file: begins as a Parquet file does"),
        (b"a,b\n", "data.csv", {"format": "parquet"}, "not a Parquet file: begins as a CSV text file does"),
        (b"", "data.csv", {}, "data: the file is empty"),
        (b"\xef\xbb\xbf", "data.csv", {}, "data: the file is empty"),
        (b"  \n", "data.ndjson", {}, "data: the file is empty"),
        (b"a,b\n", "data.csv", {"format": "word"}, "the format word is not known"),
        (b"a,b\n", "data.csv", {"format": "fixed_width"}, "the pack has no fixed-width layout for this input"),
        (b"a,b\n", "data.csv", {"encoding": "klingon"}, "the encoding klingon is not known"),
    ],
)
def test_a_file_that_is_something_else_is_refused_in_plain_words(
    tmp_path: Path, content: bytes, filename: str, given: dict[str, str], message: str
) -> None:
    with pytest.raises(BadInput) as refused:
        read_file(tmp_path, content, filename, (), **given)
    assert message in str(refused.value)


def test_the_same_bytes_give_the_same_snapshot_and_both_are_hashed(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbfa,b\r\n" + b"".join(b"%d,x\r\n" % number for number in range(120_000)) + b"bad\r\n"
    first, rows, rejected = read_file(tmp_path, content)
    again, _, _ = read_file(tmp_path, content)
    assert first == again
    assert first.sha256 == hashlib.sha256(content).hexdigest()
    assert first.snapshot_sha256 == hashlib.sha256((tmp_path / "data.parquet").read_bytes()).hexdigest()
    assert (first.rows_read, first.accepted, first.rejected) == (120_001, 120_000, 1)
    assert rows[119_999] == {"row_number": 120_000, "a": "119999", "b": "x"}
    assert rejected == [Rejected(120_001, 120_002, None, "1 value where 2 are expected", "bad")]
    assert first.size == len(content)


def test_a_file_above_the_limit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(b"a,b\n1,2\n")
    with pytest.raises(BadInput, match=r"the file has 8 bytes, more than 7 \(limit input_bytes\)"):
        read_input(
            InputFile("data", path, "data.csv"),
            (),
            tmp_path / "s.parquet",
            print,
            Limits(input_bytes=7),
            Stopwatch(),
            silent,
        )


def test_a_file_with_more_rows_than_allowed_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_bytes(b"a\n" + b"1\n" * 9 + b"1,2\n")
    file = InputFile("data", tmp_path / "data.csv", "data.csv")
    with pytest.raises(BadInput, match=r"more than 9 rows \(limit rows\)"):
        read_input(file, (), tmp_path / "s.parquet", lambda _: None, Limits(rows=9), Stopwatch(), silent)


def test_reading_reports_how_far_it_has_come(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    reports: list[Progress] = []
    path.write_bytes(b"a,b\n" + b"1,2\n" * 10)
    file = InputFile("data", path, "data.csv")
    read_input(file, (), tmp_path / "s.parquet", print, Limits(), Stopwatch(), reports.append)
    assert reports[0] == Progress("read", "data", 44, 44, "10 rows")
    assert reports[-1].stage == "snapshot"
