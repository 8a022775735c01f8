from hypothesis import given, settings
from hypothesis import strategies as st

from rulepacks.engine.spec import LayoutField
from rulepacks.engine.tests.reading import read_as

LAYOUT = (LayoutField("code", 1, 3), LayoutField("name", 4, 5), LayoutField("amount", 10, 4))
CHUNKS = st.sampled_from([1, 3, 17, 1 << 20])
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n")


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.text(CHARACTERS, min_size=13, max_size=13)),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
    CHUNKS,
)
def test_every_slice_comes_back_as_delivered_padding_included(
    records: list[str], newline: str, last: bool, chunk: int
) -> None:
    content = newline.join(records) + newline * last
    outcome = read_as("fixed_width", content.encode(), fixed_width=LAYOUT, chunk=chunk)
    assert outcome.columns == ("code", "name", "amount")
    assert outcome.values == [(record[:3], record[3:8], record[9:13]) for record in records]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [b"0123456789abc\n", b"short\n", b"\n", b"\r\n", b"0123456\xff89abc\n", b"\0" * 13, "é".encode()]
        )
    ),
    CHUNKS,
)
def test_any_bytes_are_accepted_or_rejected_and_the_chunk_size_changes_nothing(parts: list[bytes], chunk: int) -> None:
    content = b"".join(parts)
    outcome = read_as("fixed_width", content, fixed_width=LAYOUT, chunk=chunk)
    assert outcome.adds_up()
    assert outcome == read_as("fixed_width", content, fixed_width=LAYOUT)


def test_a_record_of_another_length_is_rejected_with_its_line() -> None:
    content = b"001ABCDE 0001\n002AB\n\n003ABCDE 0003\r\n004ABCDE 0004 \n005A\xffCDE 0005\n"
    outcome = read_as("fixed_width", content, fixed_width=LAYOUT)
    assert list(outcome.rows) == [1, 3]
    assert [(row.row_number, row.line, row.column, row.reason) for row in outcome.rejected] == [
        (2, 2, None, "the record has 5 characters, not 13"),
        (4, 5, None, "the record has 14 characters, not 13"),
        (5, 6, "name", "the bytes are not text in this encoding"),
    ]
