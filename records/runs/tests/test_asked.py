"""The URL is the state of the findings page."""

from django.http import QueryDict

from records.runs.asked import MAX_VALUES, Asked


def asked(text: str) -> Asked:
    return Asked.read(QueryDict(text))


def test_what_is_read_is_written_back() -> None:
    query = "severity=fatal&severity=error&unit=a+b%2F1&rule=E01&batch=B-12&q=off+by&group=unit&turned=a&open=x"
    assert asked(query).url() == f"?{query}"


def test_unknown_values_are_left_out() -> None:
    found = asked("severity=purple&group=owner&q=+&unit=&colour=red")
    assert found == Asked()
    assert not found.narrowed
    assert found.url() == "?"


def test_a_value_is_added_and_taken_away() -> None:
    assert asked("rule=E01").toggled("rule", "E02") == "?rule=E01&rule=E02"
    assert asked("rule=E01&rule=E02").toggled("rule", "E01") == "?rule=E02"


def test_a_changed_filter_begins_at_the_top_and_keeps_the_open_finding() -> None:
    here = asked("group=flat&after=x&open=y")
    assert here.toggled("severity", "fatal") == "?severity=fatal&group=flat&open=y"
    assert here.url(open="z") == "?group=flat&open=z&after=x"


def test_hostile_lengths_and_characters_are_cut() -> None:
    found = asked("&".join([f"unit={n}" for n in range(100)]) + f"&q={'x' * 5000}&rule=a%00b&batch={'9' * 99}")
    assert len(found.unit) == MAX_VALUES
    assert len(found.text) == 200
    assert found.rule == ()
    assert len(found.batch) == 30
