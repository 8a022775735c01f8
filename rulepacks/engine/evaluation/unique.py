"""`unique`: candidates by equal hash, then the exact test on those rows only."""

import time

from rulepacks.engine.bodies import UniqueBody
from rulepacks.engine.compile_sql import quoted
from rulepacks.engine.evaluation.reads import Reads
from rulepacks.engine.evaluation.source import Source
from rulepacks.engine.evaluation.state import State
from rulepacks.engine.evaluation.work import Work
from rulepacks.engine.spec import Rule


def run_unique(state: State, work: Work) -> dict[str, int]:
    """Find the rows of every unique rule of a working table; returns the number of findings by code."""
    session, found = state.session, {}
    for rule in work.rules:
        if not isinstance(rule.body, UniqueBody):
            continue
        began = time.perf_counter()
        name = quoted(f"unique:{rule.code}")
        session.run(f"CREATE OR REPLACE TEMP TABLE {name} AS {_repeats(state, work, rule, rule.body)}")
        _keep_unmet(state, work, rule)
        found[rule.code] = int(session.one(f"SELECT count(*) FROM {name}")[0])
        session.tell(work.stage.name, "unique", [rule], time.perf_counter() - began)
    return found


def _keep_unmet(state: State, work: Work, rule: Rule) -> None:
    """Say for later rules which rows it is not satisfied for.

    Only the failing rows outlive the working table; those that were not evaluated are asked for within the stage.
    """
    bit = work.places[rule.code]
    failed = f"{repeats(rule)} UNION ALL SELECT row_number FROM {work.failing} WHERE {bit.test('er')}"
    here = work.failing if work.plan.part else work.name
    state.failed_rows[rule.code] = failed
    state.unmet_rows[rule.code] = f"{failed} UNION ALL SELECT row_number FROM {here} WHERE {bit.test('ne')}"


def repeats(rule: Rule) -> str:
    """SELECT of the numbers of the rows a unique rule is a finding about."""
    return f"SELECT row_number FROM {quoted(f'unique:{rule.code}')}"


def _repeats(state: State, work: Work, rule: Rule, body: UniqueBody) -> str:
    session = state.session
    source = Source(session, work.input, state.joins)
    hashed = quoted(f"hash:{rule.code}")
    candidates = quoted(f"candidates:{rule.code}")
    session.run(
        f"CREATE OR REPLACE TEMP TABLE {candidates} AS SELECT row_number FROM {work.name} WHERE {hashed} IN "
        f"(SELECT {hashed} FROM {work.name} WHERE {hashed} IS NOT NULL GROUP BY ALL HAVING count(*) > 1)"
    )
    if not session.one(f"SELECT count(*) FROM {candidates}")[0]:
        return f"SELECT row_number FROM {candidates}"
    reads = Reads().add(session.pack, work.input, body.key)
    rows = source.select(reads, f"row_number IN (SELECT row_number FROM {candidates})")
    to = source.compiler()
    keys = ", ".join(to.value(node) for node in body.key)
    kept = "n > 1" if body.report == "later" else "c > 1"
    return (
        f"SELECT row_number FROM (SELECT row_number, row_number() OVER (PARTITION BY {keys} ORDER BY row_number) AS n, "
        f"count(*) OVER (PARTITION BY {keys}) AS c FROM ({rows})) WHERE {kept}"
    )
