"""The findings explorer: facets that respect each other, groups, rows, the explanation."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from records.datasets.identity import row_id
from records.runs.models import Finding, RuleOutcome
from records.tests.judged import Judged
from tenants.context import tenant_scope
from tenants.tests.cast import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(cast: Cast, judged: Judged) -> Client:
    """The auditor's, over many findings of one rule and a few of others."""
    with tenant_scope(cast.tenant.id):
        Finding.objects.bulk_create(
            Finding(
                id=row_id(judged.run.id, number), run=judged.run, ordinal=number, rule="L02", type="row", stage="lines",
                severity="warning", unit=f"3{number:03}", key={"line": str(number)}, input="lines",
                message=f"Year of line {number}", fingerprint=f"{number:016}",
            )
            for number in range(3, 123)
        )  # fmt: skip
        RuleOutcome.objects.create(
            run=judged.run, position=3, rule="L02", type="row", stage="lines", severity="warning", title="Year",
            failed=120, findings=120,
        )  # fmt: skip
        RuleOutcome.objects.filter(rule="T01").update(findings=1, difference="5.50", type="group")
    return cast.browser(cast.auditor)


def page(browser: Client, query: str = "") -> str:
    answer = browser.get(reverse("findings", args=["agency"]) + query)
    assert answer.status_code == 200
    return answer.content.decode()


def counts(text: str, facet: str) -> dict[str, str]:
    block = re.search(rf"<h2>{facet}</h2>(.*?)(?:<h2>|</details>\s*<section)", text, re.DOTALL)
    assert block is not None
    found = re.findall(r'class="cut" title="([^"]*)">[^<]*</span><span class="count">([\d,]+)<', block[1])
    return dict(found)


def test_facets_count_under_the_other_filters(browser: Client) -> None:
    assert counts(page(browser), "Severity") == {"Fatal": "1", "Error": "1", "Warning": "120", "Info": "0"}
    narrowed = page(browser, "?severity=fatal&severity=error")
    assert counts(narrowed, "Severity")["Warning"] == "120"
    assert counts(narrowed, "Rule") == {"L01": "1", "T01": "1"}
    assert counts(narrowed, "Account") == {"100": "1", "200": "1"}


def test_the_gravest_group_is_open_and_the_others_are_closed(browser: Client) -> None:
    text = page(browser)
    assert re.findall(r'aria-expanded="(\w+)"', text) == ["true", "false", "false"]
    table = text[text.index('id="rows"') :]
    assert table.index("T01") < table.index("L01") < table.index("L02")


def test_a_turned_group_shows_its_first_rows_and_the_way_to_all(browser: Client) -> None:
    text = page(browser, "?turned=L02")
    assert text.count("Year of line") == 20
    assert "All 120 of L02" in text


def test_a_group_shows_the_exact_sum_of_its_differences(browser: Client) -> None:
    assert re.search(r'T01.*?<td class="num amount">5.50</td>', page(browser), re.DOTALL)
    assert re.search(r'T01.*?<td class="num amount">5.50</td>', page(browser, "?unit=100"), re.DOTALL)


def test_flat_rows_come_fifty_at_a_time_by_cursor(browser: Client) -> None:
    seen: list[str] = []
    query = "?group=flat"
    for _ in range(3):
        text = page(browser, query)
        rows = re.findall(r'href="\?[^"]*open=([^"&]+)[^"]*" data-narrow', text)
        seen += rows
        following = re.search(r'<a class="button" href="(\?[^"]+after=[^"]+)"', text)
        query = following[1].replace("&amp;", "&") if following else ""
    assert len(seen) == len(set(seen)) == 122
    assert query == ""


def test_text_is_looked_for_in_message_unit_and_rule(browser: Client) -> None:
    assert "Year of line 77<" in page(browser, "?q=line+77&group=flat")
    assert page(browser, "?q=3077&group=flat").count("data-row") == 1
    assert page(browser, "?q=t01&group=flat").count("data-row") == 1


def test_no_match_names_the_filters_and_clears_them(browser: Client) -> None:
    text = page(browser, "?severity=fatal&q=nothing+like+it")
    assert "No finding matches." in text
    assert "nothing like it" in text
    assert "Clear filters" in text


def test_open_findings_are_those_of_the_newest_batch_unless_asked_otherwise(browser: Client, judged: Judged) -> None:
    label = judged.batch.label
    assert f"<b>{label}</b>" in page(browser)
    assert "<b>all</b>" in page(browser, "?batch=all")
    assert "Nothing has been judged yet" in page(browser, "?batch=B-999")


def test_by_unit_the_blocked_ones_come_first(browser: Client) -> None:
    text = page(browser, "?group=unit")
    assert re.findall(r'<span class="mono">(\w+)</span>', text)[:2] == ["100", "200"]


def test_the_panel_explains_with_values_rule_and_version(browser: Client, judged: Judged) -> None:
    text = page(browser, f"?open={judged.findings[1].id}")
    panel = text[text.index('id="panel"') :]
    assert "10.00" in panel
    assert "4.50" in panel
    assert "Difference" in panel
    assert "2 lines behind the amount" in panel
    assert "tests.ledger@1.0.0" in panel
    assert "House rule" in panel
    assert "sum(case side when" in panel
    assert 'href="/t/agency/records/' in panel


def test_an_open_finding_that_is_not_there_leaves_the_list(browser: Client) -> None:
    assert 'id="panel"' not in page(browser, "?open=00000000-0000-7000-8000-000000000000")
    assert 'id="panel"' not in page(browser, "?open=nonsense&after=nonsense")


def test_a_finding_about_a_row_shows_what_the_rule_read(browser: Client, judged: Judged) -> None:
    text = browser.get(reverse("finding", args=["agency", judged.findings[0].id])).content.decode()
    assert "Values the rule read" in text
    assert "The line as delivered" in text
    assert f"{judged.batch.label}/1" in text


def test_an_unknown_finding_is_404(browser: Client) -> None:
    url = reverse("finding", args=["agency", "00000000-0000-7000-8000-000000000000"])
    assert browser.get(url).status_code == 404
