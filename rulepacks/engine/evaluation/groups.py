"""`group`: one GROUP BY for all rules of a stage, input and set of grouping fields."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rulepacks.engine.compile_sql import quoted
from rulepacks.engine.evaluation.group_query import KINDS, GroupQuery
from rulepacks.engine.evaluation.masks import Bit
from rulepacks.engine.evaluation.state import State, add_counts, guarded
from rulepacks.engine.evaluation.work import Work
from rulepacks.engine.spec import GroupBody, Rule


@dataclass(frozen=True)
class Groups:
    """A table of failing groups: masks, and for each rule `left:c`, `right:c` and what else its findings show."""

    name: str
    work: Work
    by: tuple[str, ...]
    rules: tuple[Rule, ...]
    places: Mapping[str, Bit]


def run_groups(state: State, work: Work, rules: Sequence[Rule]) -> list[Groups]:
    """Evaluate the group rules of one stage and input."""
    by_key: dict[tuple[str, ...], list[Rule]] = {}
    for rule in rules:
        assert isinstance(rule.body, GroupBody)
        by_key.setdefault(tuple(sorted(rule.body.by)), []).append(rule)
    return [groups for by, chosen in by_key.items() for groups in _run(state, work, by, chosen)]


def _run(state: State, work: Work, by: tuple[str, ...], rules: Sequence[Rule]) -> list[Groups]:
    """The groups of rules with one `by`; none when every rule is broken."""
    session, began = state.session, time.perf_counter()
    name = f"{work.stage.name}:{work.input.name}:{','.join(by)}"
    everything, failing = quoted(f"groups:{name}"), quoted(f"failing:{name}")
    made: list[GroupQuery] = []

    def attempt(chosen: list[Rule]) -> None:
        if not chosen:
            return
        query = GroupQuery(state, work, by, chosen)
        session.run(f"CREATE OR REPLACE TEMP TABLE {everything} AS {query.table()}")
        session.run(f"CREATE OR REPLACE TEMP TABLE {failing} AS {query.failing(everything)}")
        made.append(query)

    def probe(rule: Rule) -> None:
        query = GroupQuery(state, work, by, [rule])
        session.rows(f"SELECT max(fail0), max(ne0), max(er0) FROM ({query.table()})")
        session.rows(f"SELECT count(*) FROM ({query.failing(f'({query.table()})')})")

    judged = guarded(session, rules, attempt, probe)
    if broken := [rule for rule in rules if rule not in judged]:
        _count_broken(state, work, by, broken)
    if judged:
        _count(state, made[-1], everything)
        session.run(f"DROP TABLE {everything}")
    session.tell(work.stage.name, "group", list(rules), time.perf_counter() - began)
    return [Groups(failing, work, by, tuple(judged), query.places) for query in made[-1:]]


def _count_broken(state: State, work: Work, by: tuple[str, ...], rules: Sequence[Rule]) -> None:
    """A rule that cannot be run is broken for every group."""
    groups = f"SELECT {', '.join([*map(quoted, by), 'true'])} FROM {work.name} GROUP BY ALL"
    keys = int(state.session.one(f"SELECT count(*) FROM ({groups})")[0])
    for rule in rules:
        add_counts(state.session, rule.code, {"errored": keys})


def _count(state: State, query: GroupQuery, table: str) -> None:
    tests = [query.places[rule.code].test(kind) for rule in query.rules for kind in KINDS]
    tests += [query.present(rule) for rule in query.rules]
    row = state.session.one(f"SELECT {', '.join(f'count(*) FILTER (WHERE {test})' for test in tests)} FROM {table}")
    for index, rule in enumerate(query.rules):
        fail, na, ne, er = (int(value) for value in row[4 * index : 4 * index + 4])
        total = int(row[4 * len(query.rules) + index])
        counts = {"failed": fail, "not_applicable": na, "not_evaluated": ne, "errored": er}
        add_counts(state.session, rule.code, {**counts, "passed": total - sum(counts.values())})
