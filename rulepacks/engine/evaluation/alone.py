"""Packs with some of their rules."""

from collections.abc import Collection
from dataclasses import replace

from rulepacks.engine.evaluation.plan import tables_read
from rulepacks.engine.spec import Pack


def only(pack: Pack, codes: Collection[str]) -> Pack:
    """The pack with these rules, those they need, and the tables they read; without statuses and outputs."""
    wanted = {code for given in codes for code in with_needed(pack, given)}
    rules = tuple(rule for rule in pack.rules if rule.code in wanted)
    read = {name for rule in rules for name in tables_read(pack, rule)}
    tables = {name: table for name, table in pack.tables.items() if name in read}
    return replace(pack, rules=rules, tables=tables, statuses=(), outputs=())


def with_needed(pack: Pack, code: str) -> set[str]:
    """The codes of a rule and of all it needs in turn."""
    rule = pack.rule(code)
    return {rule.code, *(other for needed in rule.needs for other in with_needed(pack, needed))}
