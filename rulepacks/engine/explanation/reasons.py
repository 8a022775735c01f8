"""The outcome of a rule as a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from rulepacks.engine.bodies import ReconcileBody
from rulepacks.engine.explanation.answers import deciding
from rulepacks.engine.explanation.trace import Clause, Outcome, Part
from rulepacks.engine.spec import Rule

SHOWN_CLAUSES = 3


def reason(outcome: Outcome, rule: Rule, parts: Sequence[Part]) -> str:
    """Why a rule that was judged came out as it did, by the clauses that decided."""
    guard = next((part.clause for part in parts if part.name == "when"), None)
    judged = [part.clause for part in parts if part.name not in {"when", "where"} and not part.name.startswith("gates")]
    if guard is not None and guard.truth == "error":
        return f"Could not be computed: {_told([guard])}."
    if outcome == "not_applicable" and guard is not None and guard.truth != "true":
        return f"Does not apply: {_told([guard])}."
    broken = [clause for clause in judged if clause.truth == "error"]
    if outcome == "error":
        return f"Could not be computed: {_told(broken or judged)}."
    unmet = [clause for clause in judged if clause.truth != "true"]
    if outcome == "fail":
        return f"Not satisfied: {_told(unmet or judged)}."
    if outcome == "not_applicable" and all(clause.truth == "false" for clause in unmet):
        return f"Does not apply: {_told(unmet)}."
    if unmet and isinstance(rule.body, ReconcileBody):
        return f"Satisfied: the value is 0, which ignore_zero lets pass: {_told(unmet)}."
    if unmet and outcome in {"pass", "not_applicable"}:
        word = "lets pass" if outcome == "pass" else "leaves out"
        return f"Unknown, which on_null: {rule.on_null} {word}: {_told(unmet)}."
    return f"Satisfied: {_told(judged)}."


def _told(clauses: Sequence[Clause]) -> str:
    """The innermost clauses that decide, each with its truth, and the values that are blank where it is unknown."""
    found = list(dict.fromkeys((one.text, _said(one)) for clause in clauses for one in deciding(clause)))
    texts = [f"{text} {said}" for text, said in found[:SHOWN_CLAUSES]]
    if len(found) > SHOWN_CLAUSES:
        texts.append(f"{len(found) - SHOWN_CLAUSES} more")
    return ", ".join(texts)


def _said(clause: Clause) -> str:
    if clause.truth == "error":
        return "(no value)"
    blanks = ", ".join(name for name, value in clause.values.items() if value is None)
    return f"(unknown, blank: {blanks})" if clause.truth == "unknown" and blanks else f"({clause.truth})"


def not_met(codes: Sequence[str]) -> str:
    """That needed rules keep one from being judged."""
    return f"{', '.join(codes)}, which it needs, {'is' if len(codes) == 1 else 'are'} not satisfied"
