"""A pack as somebody judges by it who wants some of its rules to weigh more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from rulepacks.engine.spec import Pack, Rule, Severity, SeveritySpec

STRICTNESS: tuple[Severity, ...] = ("info", "warning", "error", "fatal")


def stricter(declared: str, least: str) -> Severity:
    """The stricter of two severities."""
    return cast("Severity", max(declared, least, key=STRICTNESS.index))


def with_severities(pack: Pack, least: Mapping[str, str]) -> Pack:
    """The pack with findings of the rules named at least so severe; rules it does not have are left alone.

    A rule's own word for its severity goes with the severity it was for.
    """
    if not least:
        return pack
    return replace(pack, rules=tuple(_raised(rule, least.get(rule.code)) for rule in pack.rules))


def _raised(rule: Rule, least: str | None) -> Rule:
    if least is None:
        return rule
    given = rule.severity
    branches = tuple((stricter(word, least), node) for word, node in given.branches)
    raised = SeveritySpec(stricter(given.otherwise, least), branches)
    return replace(rule, severity=raised, label=rule.label if raised.otherwise == given.otherwise else "")
