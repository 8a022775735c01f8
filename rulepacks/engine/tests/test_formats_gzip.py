"""gzip archives: read as what they hold, within bounds."""

import gzip
import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulepacks.engine.formats.unpack import unpacked
from rulepacks.engine.limits import Limits
from rulepacks.engine.refusals import BadInput
from rulepacks.engine.tests.reading import read_file

ROWS = b"a,b\n" + b"".join(b"%d,x\n" % number for number in range(10_000))


def test_an_archive_is_read_as_what_it_holds_and_hashed_as_delivered(tmp_path: Path) -> None:
    content = gzip.compress(ROWS)
    packed, rows, _ = read_file(tmp_path, content, "data.csv.gz")
    plain, _, _ = read_file(tmp_path, ROWS, "data.csv")
    assert packed.sha256 == hashlib.sha256(content).hexdigest()
    assert (packed.snapshot_sha256, packed.size) == (plain.snapshot_sha256, len(content))
    assert rows[-1] == {"row_number": 10_000, "a": "9999", "b": "x"}


def test_several_members_are_one_text(tmp_path: Path) -> None:
    content = gzip.compress(ROWS[:5000]) + gzip.compress(ROWS[5000:]) + b"\0" * 512
    packed, _, _ = read_file(tmp_path, content)
    assert packed.accepted == 10_000


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (gzip.compress(ROWS)[:-9], "the gzip archive ends too early"),
        (gzip.compress(ROWS)[:200], "the gzip archive ends too early"),
        (gzip.compress(ROWS)[:40] + b"\xff" * 40, "the gzip archive is broken"),
        (gzip.compress(ROWS) + b"more", "the gzip archive is broken"),
        (gzip.compress(gzip.compress(ROWS)), "begins as a gzip archive inside a gzip archive does"),
        (gzip.compress(b"PAR1"), "a Parquet file is packed already"),
        (gzip.compress(b""), "the file is empty"),
    ],
    # Archives carry the time they were made: as names they would differ between the processes of one test run.
    ids=["no end", "cut short", "garbage inside", "garbage after", "nested", "parquet", "empty"],
)
def test_a_broken_archive_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        read_file(tmp_path, content)


def test_a_bomb_is_refused_while_it_unpacks() -> None:
    bomb = gzip.compress(b"\0" * 100_000_000, 9)
    with pytest.raises(BadInput, match="unpacks to more than 200 times its size"):
        sum(len(chunk) for chunk in unpacked("data", [bomb], Limits()))
    with pytest.raises(BadInput, match=r"unpacks to more than 1000000 bytes \(limit input_bytes\)"):
        sum(len(chunk) for chunk in unpacked("data", [bomb], replace(Limits(), input_bytes=1_000_000)))


@given(data=st.binary(max_size=3000), cuts=st.lists(st.integers(1, 50), min_size=1, max_size=60))
def test_what_comes_out_does_not_hang_on_how_it_came(data: bytes, cuts: list[int]) -> None:
    packed, chunks, at = gzip.compress(data), [], 0
    for cut in cuts:
        chunks.append(packed[at : at + cut])
        at += cut
    assert b"".join(unpacked("data", [*chunks, packed[at:]], Limits())) == data
