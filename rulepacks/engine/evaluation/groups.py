"""`group`: one GROUP BY for all rules of a stage, input and set of grouping fields."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rulepacks.engine.bodies import GroupBody
from rulepacks.engine.compile_sql import quoted
from rulepacks.engine.evaluation.group_query import GroupQuery
from rulepacks.engine.evaluation.masks import KINDS, Bit
from rulepacks.engine.evaluation.state import State, add_counts
from rulepacks.engine.evaluation.work import Work
from rulepacks.engine.spec import Rule


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
    return [_run(state, work, by, chosen) for by, chosen in by_key.items()]


def _run(state: State, work: Work, by: tuple[str, ...], rules: Sequence[Rule]) -> Groups:
    """The groups of rules with one `by`."""
    session, began = state.session, time.perf_counter()
    name = f"{work.plan.label}:{work.input.name}:{','.join(by)}"
    everything, failing = quoted(f"groups:{name}"), quoted(f"failing:{name}")
    query = GroupQuery(state, work, by, rules)
    session.run(f"CREATE OR REPLACE TEMP TABLE {everything} AS {query.table()}")
    session.run(f"CREATE OR REPLACE TEMP TABLE {failing} AS {query.failing(everything)}")
    _count(state, query, everything)
    session.run(f"DROP TABLE {everything}")
    session.tell(work.stage.name, "group", list(rules), time.perf_counter() - began)
    return Groups(failing, work, by, tuple(rules), query.places)


def _count(state: State, query: GroupQuery, table: str) -> None:
    tests = [query.places[rule.code].test(kind) for rule in query.rules for kind in KINDS]
    tests += [query.present(rule) for rule in query.rules]
    row = state.session.one(f"SELECT {', '.join(f'count(*) FILTER (WHERE {test})' for test in tests)} FROM {table}")
    for index, rule in enumerate(query.rules):
        fail, na, ne, er = (int(value) for value in row[4 * index : 4 * index + 4])
        total = int(row[4 * len(query.rules) + index])
        counts = {"failed": fail, "not_applicable": na, "not_evaluated": ne, "errored": er}
        add_counts(state.session, rule.code, {**counts, "passed": total - sum(counts.values())})
