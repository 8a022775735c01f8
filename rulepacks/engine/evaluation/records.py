"""States of the records: the rows of the first input that failed or broke."""

from pathlib import Path

from rulepacks.engine.evaluation.masks import masks
from rulepacks.engine.evaluation.outputs import write_parquet
from rulepacks.engine.evaluation.show_rows import judged_severity
from rulepacks.engine.evaluation.state import State
from rulepacks.engine.evaluation.work import Work
from rulepacks.engine.spec import UniqueBody

_SERIOUS = ("fatal", "error")
SERIOUS = "('fatal', 'error')"
_NONE = "SELECT row_number FROM (SELECT 1::BIGINT AS row_number) WHERE false"


def decide_records(state: State, path: Path) -> dict[str, int]:
    """Write record_states.parquet; returns how many records are processed, failed and errored.

    A record with a finding of error or above failed; one without, on which a rule broke, is errored.
    """
    session = state.session
    first = session.pack.first_input
    if first.name not in session.relations:
        return {"processed": 0, "failed": 0, "errored": 0}
    failed = " UNION ".join(state.serious_rows) or _NONE
    errored = " UNION ".join(state.errored_rows) or _NONE
    session.run(
        'CREATE OR REPLACE TEMP TABLE "record:states" AS SELECT row_number, min(state) AS state FROM '
        f"(SELECT row_number, 'failed' AS state FROM ({failed}) UNION ALL "
        f"SELECT row_number, 'late' AS state FROM ({errored})) GROUP BY row_number"
    )
    select = "SELECT row_number, CASE state WHEN 'failed' THEN 'failed' ELSE 'errored' END AS state FROM \"record:states\""
    write_parquet(session, f"{select} ORDER BY row_number", path)
    counts = dict(session.rows(f"SELECT state, count(*) FROM ({select}) GROUP BY state"))
    total = int(session.one(f"SELECT count(*) FROM {session.relations[first.name]}")[0])
    bad = {state_name: int(counts.get(state_name, 0)) for state_name in ("failed", "errored")}
    return {"processed": total - sum(bad.values()), **bad}


def record_rows(state: State, work: Work) -> tuple[list[str], list[str]]:
    """SELECTs of the records of a stage with a finding of error or above, and of those a rule broke on."""
    serious, errored = [], []
    chosen: dict[int, int] = {}
    for rule in work.rules:
        bit = work.places[rule.code]
        if rule.severity.branches:
            serious.append(f"SELECT row_number FROM {judged_severity(state, work, rule)} WHERE severity IN {SERIOUS}")
        elif isinstance(rule.body, UniqueBody) and rule.severity.otherwise in _SERIOUS:
            serious.append(state.failed_rows[rule.code])
        elif rule.severity.otherwise in _SERIOUS:
            chosen[bit.number] = chosen.get(bit.number, 0) | bit.value
    tests = [f"(fail{number} & {value}::UBIGINT) <> 0" for number, value in chosen.items()]
    tests += [f"parse{number} <> 0" for number in range(masks(work.parse))]
    if tests:
        serious.append(f"SELECT row_number FROM {work.failing} WHERE {' OR '.join(tests)}")
    broke = [f"er{number} <> 0" for number in range(masks(work.places))]
    if broke:
        errored.append(f"SELECT row_number FROM {work.failing} WHERE {' OR '.join(broke)}")
    return serious, errored
