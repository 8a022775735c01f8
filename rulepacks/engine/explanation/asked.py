"""Questions checked against the pack and the delivered rows."""

from __future__ import annotations

from collections.abc import Mapping

from rulepacks.engine.bodies import GroupBody, QueryBody, ReconcileBody, ScheduleBody
from rulepacks.engine.evaluation.reads import Reads
from rulepacks.engine.evaluation.source import Source
from rulepacks.engine.evaluation.state import State
from rulepacks.engine.explanation.sight import equal_to
from rulepacks.engine.explanation.trace import Question
from rulepacks.engine.refusals import BadInput, InputProblem
from rulepacks.engine.spec import Pack, Rule

SHOWN_ROWS = 10


def asked_rule(pack: Pack, question: Question) -> Rule:
    """The rule a question is about. Raises BadInput when it is none, or the key is not one of its."""
    try:
        rule = pack.rule(question.rule)
    except KeyError:
        codes = ", ".join(rule.code for rule in pack.rules)
        raise BadInput(InputProblem(None, f"the pack has no rule {question.rule}; it has {codes}")) from None
    if question.input and question.input not in pack.inputs:
        raise BadInput(InputProblem(question.input, f"the pack has no such input; it has {', '.join(pack.inputs)}"))
    if about_rows(rule):
        if question.row is None and not question.key:
            raise BadInput(InputProblem(None, f"{rule.code} is about rows: give the row, or its key"))
        return rule
    wanted = key_names(rule)
    if question.row is not None:
        raise BadInput(InputProblem(None, f"{rule.code} is about keys: give {', '.join(wanted) or 'no row'}"))
    about = [name for name, _ in rule.about]
    given = question.key
    problems = [f"the key of {rule.code} has no {name}" for name in given if name not in {*wanted, *about}]
    problems += [f"the key of {rule.code} needs {name}" for name in wanted if name not in given]
    if problems:
        raise BadInput(*(InputProblem(None, problem) for problem in problems))
    return rule


def about_rows(rule: Rule) -> bool:
    """Whether a rule is asked about rows of its input."""
    return rule.row_level or (isinstance(rule.body, QueryBody) and rule.body.by_row)


def key_names(rule: Rule) -> tuple[str, ...]:
    """The columns of the key of a rule about keys."""
    if isinstance(rule.body, GroupBody):
        return rule.body.by
    if isinstance(rule.body, ScheduleBody | QueryBody):
        return rule.body.key
    return rule.body.on if isinstance(rule.body, ReconcileBody) else ()


def asked_row(state: State, name: str, question: Question) -> int:
    """The row of an input a question is about. Raises BadInput when it is none or not the only one."""
    row = question.row if question.row is not None else _row_of(state, name, question.key)
    _refuse_unknown(state, name, row)
    return row


def _row_of(state: State, name: str, key: Mapping[str, str | None]) -> int:
    """The number of the one row with these values. Raises BadInput for none and for several."""
    session, given = state.session, state.session.pack.inputs[name]
    if unknown := [column for column in key if column not in {**given.fields, **given.derived}]:
        raise BadInput(*(InputProblem(name, f"has no field {column}") for column in unknown))
    reads = Reads().add_names(session.pack, given, key)
    rows = Source(session, given, state.joins).select(reads)
    found = [int(row) for (row,) in session.rows(
        f"SELECT row_number FROM ({rows}) WHERE {equal_to(key.items())} ORDER BY row_number LIMIT {SHOWN_ROWS + 1}"
    )]  # fmt: skip
    if len(found) == 1:
        return found[0]
    if not found:
        raise BadInput(InputProblem(name, "no row has this key"))
    more = ", …" if len(found) > SHOWN_ROWS else ""
    raise BadInput(InputProblem(name, f"several rows have this key: {', '.join(map(str, found[:SHOWN_ROWS]))}{more}"))


def _refuse_unknown(state: State, name: str, row: int) -> None:
    relation = state.session.relations[name]
    if not state.session.rows(f"SELECT 1 FROM {relation} WHERE row_number = {row}"):
        (last,) = state.session.one(f"SELECT coalesce(max(row_number), 0) FROM {relation}")
        raise BadInput(InputProblem(name, f"has no row {row}; its last is {last}"))
