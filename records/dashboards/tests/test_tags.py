"""Drawings: nothing vanishes by rounding, nothing needs a style attribute."""

import re

import pytest

from records.dashboards import tags
from records.dashboards.tags import Column


def drawn(svg: str) -> list[tuple[str, int]]:
    return [(kind, int(width)) for kind, width in re.findall(r'class="fill-(\w+)" x="\d+" width="(\d+)"', svg)]


def test_a_tiny_part_of_a_bar_stays_visible_and_the_bar_stays_full() -> None:
    parts = drawn(tags.state_bar([("pass", 412_871), ("error", 35), ("waiting", 0)]))
    assert [kind for kind, _ in parts] == ["pass", "error"]
    assert dict(parts)["error"] == tags.NARROWEST
    assert sum(width for _, width in parts) == tags.BAR


def test_the_smallest_part_carries_a_line_that_does_not_scale() -> None:
    assert 'class="line-error"' in tags.state_bar([("pass", 10**9), ("error", 1)])
    assert "non-scaling-stroke" in tags.state_bar([("error", 1)])


def test_an_empty_bar_is_only_its_track() -> None:
    assert drawn(tags.state_bar([("pass", 0)])) == []


@pytest.mark.parametrize(
    ("done", "total", "width"), [(0, 10, 0), (1, 10**6, tags.NARROWEST), (5, 10, 500), (12, 10, 1000), (3, None, 0)]
)
def test_progress_is_never_nothing_once_begun_and_never_more_than_all(done: int, total: int | None, width: int) -> None:
    assert f'class="fill-running" width="{width}"' in tags.progress_bar(done, total)


@pytest.mark.parametrize(("highest", "top"), [(0, 4), (4, 4), (5, 6), (25, 30), (61, 80), (235, 300), (1001, 1200)])
def test_an_axis_ends_at_a_round_number(highest: int, top: int) -> None:
    assert tags.nice_top(highest) == top
    assert tags.ticks(top)[0] == 0
    assert tags.ticks(top)[-1] == top


def test_columns_carry_their_totals_as_words() -> None:
    svg = tags.column_chart([Column("B-1", "", {"fatal": 3, "warning": 1200})], "Findings")
    assert "<title>B-1: 1,203</title>" in svg
    assert 'aria-label="Findings"' in svg
    assert svg.index("fill-fatal") < svg.index("fill-warning")
    assert "style=" not in svg


def test_text_from_data_is_escaped() -> None:
    svg = tags.column_chart([Column("<script>", "", {"fatal": 1})], "<b>")
    assert "<script>" not in svg
    assert "<b>" not in svg


@pytest.mark.parametrize(
    ("name", "letters"), [("Federal Harbors", "FH"), ("analyst@demo.example", "AD"), ("Agency", "AG"), ("", "")]
)
def test_initials_are_two_letters(name: str, letters: str) -> None:
    assert (tags.initials(name) if name else "") == letters
