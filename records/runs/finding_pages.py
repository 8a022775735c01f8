"""The findings page put together: chips, facets, groups, rows and the open finding, each with its link."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.urls import reverse

from records.dashboards.formats import sentence, spoken
from records.dashboards.overview import currency
from records.dashboards.words import Words, words_of
from records.datasets.references import uuid_or_none
from records.runs import explorer
from records.runs.asked import EVERY_BATCH, FILTERS, Asked
from records.runs.earlier import earlier_findings
from records.runs.explained import Explanation, about, explanation, told
from records.runs.explorer import Combination, Group, Scope
from records.runs.models import Finding
from records.runs.selectors import finding_by_id
from tenants.problems import UnknownReference

TOP = 4


@dataclass(frozen=True)
class Chip:
    """A filter in force, with the page without it."""

    name: str
    title: str
    url: str


@dataclass(frozen=True)
class FacetValue:
    """A value to narrow by."""

    value: str
    title: str
    count: int
    chosen: bool
    url: str


@dataclass(frozen=True)
class Facet:
    """Values of one filter: the first few, and the rest behind a line."""

    name: str
    title: str
    top: list[FacetValue]
    rest: list[FacetValue]


@dataclass(frozen=True)
class Row:
    """A finding in the list: its reason in words, the rest of its key, its unit and signed difference."""

    message: str
    about: str
    unit: str
    difference: str | None
    severity: str
    severity_word: str
    rule: str
    chosen: bool
    url: str


@dataclass(frozen=True)
class GroupRows:
    """A group with its link and rows ready to show."""

    group: Group
    url: str
    all_url: str
    rows: list[Row]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.group, name)


def explorer_context(asked: Asked, slug: str) -> dict[str, Any]:
    """Context of the page."""
    scope = explorer.scope_of(asked)
    runs = scope.runs
    newest = scope.newest
    words = words_of(newest.current_run.pack_version if newest and newest.current_run else None)
    if asked.group == "unit" and not words.has_units:
        asked = replace(asked, group="rule")
    found = explorer.combinations(asked, scope) if runs else []
    groups, rows, cursor = listed(asked, runs, found)
    shown = [*rows, *(finding for group in groups for finding in group.rows)]
    explorer.with_runs(shown, scope)
    open_panel = panel(asked, shown, slug)
    row_of = RowMaker(asked, words)
    return {
        "crumb": "Findings",
        "words": words,
        "total": explorer.total(asked, found),
        "in_scope": bool(runs),
        "newest": newest,
        "filtered": asked.narrowed,
        "chosen": asked,
        "base_url": reverse("findings", args=[slug]),
        "chips": chips(asked, words, scope),
        "kept": [(name, value) for name, value in asked.pairs() if name not in {"q", "after", "open"}],
        "groupings": groupings(asked, words),
        "grouping": asked.group,
        "facets": facets(asked, scope, found, words),
        "groups": [group_rows(group, asked, row_of) for group in groups[: explorer.GROUPS]],
        "groups_left": max(0, len(groups) - explorer.GROUPS),
        "rows": [row_of(finding) for finding in rows],
        "next_url": asked.url(after=cursor, open="") if cursor else "",
        "panel": open_panel,
        "close_url": asked.url(open=""),
        "clear_url": Asked(group=asked.group).url(),
        "currency": currency(words),
    }


def listed(asked: Asked, runs: list[UUID], found: list[Combination]) -> tuple[list[Group], list[Finding], str]:
    """Groups, or flat rows with the cursor after them."""
    if not runs:
        return [], [], ""
    if asked.group == "flat":
        return [], *explorer.flat_rows(asked, runs)
    by_rule = asked.group == "rule"
    groups = explorer.groups_by_rule(asked, runs, found) if by_rule else explorer.groups_by_unit(asked, runs)
    explorer.open_groups(asked, runs, groups[: explorer.GROUPS])
    return groups, [], ""


def group_rows(group: Group, asked: Asked, row_of: "RowMaker") -> GroupRows:
    """The group, its turning link, and the link to all of it."""
    turned = tuple(code for code in asked.turned if code != group.code)
    if group.code not in asked.turned:
        turned = (*turned, group.code)
    everything = asked.url(**{asked.group: (group.code,), "group": "flat", "turned": (), "open": ""})
    return GroupRows(group, asked.url(turned=turned), everything, [row_of(finding) for finding in group.rows])


class RowMaker:
    """Makes rows in the pack's words."""

    def __init__(self, asked: Asked, words: Words) -> None:
        self.asked, self.words = asked, words
        self.open = uuid_or_none(asked.open)
        self.unit_columns = words.inputs[0].get("unit", []) if words.inputs else []

    def __call__(self, finding: Finding) -> Row:
        return Row(
            message=told(finding, self.words),
            about=about(finding, self.unit_columns),
            unit=finding.unit,
            difference=finding.difference,
            severity=finding.severity,
            severity_word=self.words.severity(finding.severity, finding.label),
            rule=finding.rule,
            chosen=finding.id == self.open,
            url=self.asked.url(open=str(finding.id)),
        )


def panel(asked: Asked, shown: list[Finding], slug: str) -> Explanation | None:
    """The open finding, with its neighbours in the list; nothing when there is no such finding."""
    wanted = uuid_or_none(asked.open)
    if wanted is None:
        return None
    try:
        found = finding_by_id(wanted)
    except UnknownReference:
        return None
    ids = [finding.id for finding in shown]
    at = ids.index(wanted) if wanted in ids else -1
    before = asked.url(open=str(ids[at - 1])) if at > 0 else ""
    behind = asked.url(open=str(ids[at + 1])) if 0 <= at < len(ids) - 1 else ""
    earlier = earlier_findings(found, slug)
    return replace(explanation(found, slug), previous_url=before, next_url=behind, earlier=earlier)


def chips(asked: Asked, words: Words, scope: Scope) -> list[Chip]:
    """Filters in force; without a named batch the newest ones are looked at, which is a filter too."""
    found = [
        Chip(facet_title(name, words).lower(), value_title(name, value, words), asked.toggled(name, value))
        for name in FILTERS
        for value in getattr(asked, name)
    ]
    if asked.batch == EVERY_BATCH:
        return [*found, Chip("batch", "all", asked.url(batch=""))]
    if asked.batch:
        return [*found, Chip("batch", asked.batch, asked.url(batch=""))]
    title = scope.batches[0].label if len(scope.batches) == 1 else "newest of each"
    return [Chip("batch", title, asked.url(batch=EVERY_BATCH)), *found] if scope.batches else found


def groupings(asked: Asked, words: Words) -> list[dict[str, Any]]:
    """Ways to group; by unit only when the pack has units."""
    titles = {"rule": "By rule", "unit": f"By {words.noun('unit')}", "flat": "Flat"}
    names = [name for name in titles if name != "unit" or words.has_units]
    return [
        {"title": titles[name], "url": asked.url(group=name, turned=()), "chosen": name == asked.group}
        for name in names
    ]


def facets(asked: Asked, scope: Scope, found: list[Combination], words: Words) -> list[Facet]:
    """All facets with their counts under the other filters."""
    counted: dict[str, Mapping[str, int]] = {
        name: explorer.facet_counts(asked, found, name) for name in ("severity", "stage", "type", "rule")
    }
    counted["unit"] = explorer.unit_counts(asked, scope, found) if scope.runs and words.has_units else {}
    return [facet(asked, name, counted[name], words) for name in FILTERS if counted[name]]


def facet(asked: Asked, name: str, counted: Mapping[str, int], words: Words) -> Facet:
    """Chosen values always among the first."""
    picked = getattr(asked, name)
    values = [
        FacetValue(value, value_title(name, value, words), number, value in picked, asked.toggled(name, value))
        for value, number in counted.items()
    ]
    if name == "severity":
        return Facet(name, facet_title(name, words), values, [])
    first = [value for value in values if value.chosen]
    others = [value for value in values if not value.chosen]
    room = max(TOP - len(first), 0)
    # One more value than there is room for is shown, since the line that hides it would take its place.
    room += len(others) == room + 1
    return Facet(name, facet_title(name, words), [*first, *others[:room]], others[room:])


def facet_title(name: str, words: Words) -> str:
    """What the filter is called."""
    titles = {"severity": "Severity", "stage": "Stage", "type": "Kind", "rule": "Rule"}
    return titles.get(name) or sentence(words.noun("unit"))


def value_title(name: str, value: str, words: Words) -> str:
    """What a value is called."""
    if name == "severity":
        return words.severity(value)
    if name == "stage":
        return words.stage(value)
    return sentence(spoken(value)) if name == "type" else value
