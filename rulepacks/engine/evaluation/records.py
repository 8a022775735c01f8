"""States of the records: the rows of the first input that failed or broke."""

from pathlib import Path

from rulepacks.engine.bodies import UniqueBody
from rulepacks.engine.evaluation.masks import masks
from rulepacks.engine.evaluation.parquet import write_parquet
from rulepacks.engine.evaluation.session import Session
from rulepacks.engine.evaluation.show_rows import judged_severity
from rulepacks.engine.evaluation.state import State
from rulepacks.engine.evaluation.statements import Hits
from rulepacks.engine.evaluation.unique import repeats
from rulepacks.engine.evaluation.work import Work

_SERIOUS = ("fatal", "error")
SERIOUS = "('fatal', 'error')"
STATES = '"record:states"'


def open_records(session: Session) -> None:
    """Make the (empty) table of records that failed or that a rule broke on; a record may be in it more than once."""
    session.run(f"CREATE OR REPLACE TEMP TABLE {STATES} (row_number BIGINT, failed BOOLEAN)")


def note_records(state: State, work: Work) -> None:
    """Note the records of a stage with a finding of error or above, and those a rule broke on."""
    chosen: dict[int, int] = {}
    for rule in work.rules:
        bit = work.places[rule.code]
        if rule.severity.branches:
            _note(state, f"SELECT row_number FROM {judged_severity(state, work, rule)} WHERE severity IN {SERIOUS}")
        elif rule.severity.otherwise not in _SERIOUS:
            continue
        elif isinstance(rule.body, UniqueBody):
            _note(state, repeats(rule))
        else:
            chosen[bit.number] = chosen.get(bit.number, 0) | bit.value
    tests = [f"(fail{number} & {value}::UBIGINT) <> 0" for number, value in chosen.items()]
    tests += [f"parse{number} <> 0" for number in range(masks(work.parse))]
    if tests:
        _note(state, f"SELECT row_number FROM {work.failing} WHERE {' OR '.join(tests)}")
    broke = [f"er{number} <> 0" for number in range(masks(work.places))]
    if broke:
        _note(state, f"SELECT row_number FROM {work.failing} WHERE {' OR '.join(broke)}", failed=False)


def note_broken(session: Session) -> None:
    """Note every record when a rule about them is broken: none of them was judged by it."""
    first = session.pack.first_input.name
    if any(
        rule.row_level and rule.input == first and session.tallies[rule.code].errored for rule in session.pack.rules
    ):
        session.run(f"INSERT INTO {STATES} SELECT row_number, false FROM {session.relations[first]}")


def note_hits(state: State, hits: Hits) -> None:
    """Note the records a rule found by a statement of its own, where it is about records."""
    if hits.rule.input == state.session.pack.first_input.name and hits.by_row:
        source, severity = hits.shown.source, hits.shown.severity
        _note(state, f"SELECT row_number FROM {source} WHERE {severity} IN {SERIOUS}")


def _note(state: State, rows: str, *, failed: bool = True) -> None:
    state.session.run(f"INSERT INTO {STATES} SELECT row_number, {str(failed).lower()} FROM ({rows})")


def decide_records(session: Session, path: Path) -> dict[str, int]:
    """Write record_states.parquet; returns how many records are processed, failed and errored.

    A record with a finding of error or above failed; one without, on which a rule broke, is errored.
    """
    first = session.pack.first_input
    state = "CASE WHEN bool_or(failed) THEN 'failed' ELSE 'errored' END AS state"
    select = f"SELECT row_number, {state} FROM {STATES} GROUP BY row_number"
    write_parquet(session, f"{select} ORDER BY row_number", path)
    counts = dict(session.rows(f"SELECT state, count(*) FROM ({select}) GROUP BY state"))
    relation = session.relations.get(first.name)
    total = int(session.one(f"SELECT count(*) FROM {relation}")[0]) if relation else 0
    bad = {name: int(counts.get(name, 0)) for name in ("failed", "errored")}
    return {"processed": total - sum(bad.values()), **bad}
