"""Functions of lists: several texts in one cell, or a list given as a parameter."""

from typing import Any

from rulepacks.engine.expressions.functions.base import (
    Arguments,
    Function,
    SignatureError,
    arguments,
    form,
    text_literal_of,
)
from rulepacks.engine.expressions.letters import BLANKS, BLANKS_SQL
from rulepacks.engine.expressions.types import BOOLEAN, INTEGER, TEXT, Type

TEXTS = Type("list", element="text")


def _split(given: Arguments) -> Type:
    arguments(given, TEXT, TEXT)
    text_literal_of(given[1], "the separator", 10)
    return TEXTS


def _one_list(given: Arguments) -> Type:
    if len(given) != 1 or given[0].type.kind not in {"list", "unknown"}:
        raise SignatureError("takes one list")
    return INTEGER


def _two_lists(given: Arguments) -> Type:
    if len(given) != 2 or any(node.type.kind not in {"list", "unknown"} for node in given):
        raise SignatureError("takes two lists")
    if len({node.type.element for node in given if node.type.kind == "list"}) > 1:
        raise SignatureError(f"mixes {given[0].type} and {given[1].type}")
    return BOOLEAN


def _parts(text: str, separator: str) -> list[str]:
    return [part for each in text.split(separator) if (part := each.strip(BLANKS))]


_SPLIT = f"list_filter(list_transform(string_split({{0}}, {{1}}), lambda p: trim(p, {BLANKS_SQL})), lambda p: p <> '')"


def _distinct(values: Any) -> int:
    return len(set(values))


FUNCTIONS = {
    "split": Function(
        "split(text, 'separator')", "The parts between separators, blanks around them cut off, blank ones left out.",
        _split, form(_SPLIT), _parts,
    ),
    "list_length": Function("list_length(list)", "How many parts.", _one_list, form("length({0})"), len),
    "list_distinct_length": Function(
        "list_distinct_length(list)", "How many different parts.", _one_list, form("list_unique({0})"), _distinct
    ),
    "has_any": Function(
        "has_any(list, list)", "Whether some part of the second is in the first.", _two_lists,
        form("list_has_any({0}, {1})"), lambda whole, parts: not set(whole).isdisjoint(parts),
    ),
    "has_all": Function(
        "has_all(list, list)", "Whether every part of the second is in the first.", _two_lists,
        form("list_has_all({0}, {1})"), lambda whole, parts: set(whole).issuperset(parts),
    ),
}  # fmt: skip
