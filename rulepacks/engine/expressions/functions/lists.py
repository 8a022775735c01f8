"""Functions of lists: several texts in one cell, or a list given as a parameter."""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from rulepacks.engine.expressions.functions.base import (
    Arguments,
    Function,
    SignatureError,
    arguments,
    form,
    let,
    text_literal_of,
)
from rulepacks.engine.expressions.letters import BLANKS, BLANKS_SQL, upper
from rulepacks.engine.expressions.similarity import SIMILARITY, jaro_winkler, similarity_sql
from rulepacks.engine.expressions.tree import Call, Literal
from rulepacks.engine.expressions.types import BOOLEAN, INTEGER, TEXT, UNKNOWN, Type, fits

TEXTS = Type("list", element="text")
_OTHER = "[^A-Z0-9]+"
_OTHERS = re.compile(_OTHER)
MOST_WORK = 1_000_000
"""Pairs of characters of two lists that are compared; of larger lists nothing is known."""


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


def _list_and_text(given: Arguments) -> Type:
    if len(given) != 2 or given[0].type not in (TEXTS, UNKNOWN) or not fits(given[1].type, TEXT):
        raise SignatureError("takes a list of texts and a text")
    return BOOLEAN


def _has_start(args: Sequence[str], _: Call) -> str:
    some = "len(list_filter(v.a, lambda x: starts_with(x, v.b))) > 0"
    return let(f"CASE WHEN v.b IS NOT NULL THEN {some} END", a=args[0], b=args[1])


def _parts(text: str, separator: str) -> list[str]:
    return [part for each in text.split(separator) if (part := each.strip(BLANKS))]


_SPLIT = f"list_filter(list_transform(string_split({{0}}, {{1}}), lambda p: trim(p, {BLANKS_SQL})), lambda p: p <> '')"


def _names(given: Arguments) -> Type:
    if len(given) == 2:
        given = [*given, Literal(value=" ", type=TEXT)]
    arguments(given, TEXT, TEXT, TEXT)
    text_literal_of(given[1], "the separator", 10)
    text_literal_of(given[2], "the words to leave out", 500)
    return TEXTS


def _names_sql(args: Sequence[str], call: Call) -> str:
    dropped = "".join(f"'{word}', " for word in _dropped(call.arguments[2:])) + "''"
    words = (
        f"list_filter(string_split(regexp_replace(upper(p), '{_OTHER}', ' ', 'g'), ' '), "
        f"lambda w: length(w) > 1 AND w NOT IN ({dropped}))"
    )
    names = f"list_transform(string_split({args[0]}, {args[1]}), lambda p: array_to_string({words}, ' '))"
    return f"list_filter({names}, lambda n: n <> '')"


def _dropped(given: Arguments) -> list[str]:
    """Words to leave out, of which only capitals and digits can occur."""
    words = [str(node.value) for node in given if isinstance(node, Literal)]
    return [word for word in _OTHERS.sub(" ", upper(" ".join(words))).split(" ") if word]


def _cleaned(text: str, separator: str, dropped: str = "") -> list[str]:
    left_out = frozenset(_dropped([Literal(value=dropped, type=TEXT)]))
    names = []
    for part in text.split(separator):
        words = [word for word in _OTHERS.sub(" ", upper(part)).split(" ") if len(word) > 1 and word not in left_out]
        if words:
            names.append(" ".join(words))
    return names


def _two_texts(given: Arguments) -> Type:
    _two_lists(given)
    if any(node.type.kind == "list" and node.type.element != "text" for node in given):
        raise SignatureError("takes two lists of texts")
    return SIMILARITY


def _best(outer: str) -> Callable[[Sequence[str], Call], str]:
    """SQL over every part of the first list of its best match in the second."""
    best = f"coalesce(list_max(list_transform(v.b, lambda y: {similarity_sql('x', 'y')})), 0)"
    every = f"{outer}(list_transform(v.a, lambda x: {best}))"
    work = " * ".join(f"coalesce(list_sum(list_transform({name}, lambda x: length(x))), 0)" for name in ("v.a", "v.b"))
    test = f"v.b IS NOT NULL AND {work} <= {MOST_WORK}"
    return lambda args, _: let(f"CASE WHEN {test} THEN CAST({every} AS DECIMAL(7,6)) END", a=args[0], b=args[1])


def _similarities(parts: Sequence[str], others: Sequence[str]) -> list[Decimal]:
    if sum(map(len, parts)) * sum(map(len, others)) > MOST_WORK:
        return []
    return [max((jaro_winkler(part, other) for other in others), default=Decimal(0)) for part in parts]


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
    "names": Function(
        "names(text, 'separator', 'words')",
        "The parts as names to compare: capitals, anything but A-Z and 0-9 a blank, without words of one letter and "
        "the words given.", _names, _names_sql, _cleaned,
    ),
    "closest": Function(
        "closest(list, list)",
        "The similarity of the part of the first that matches least in the second: at a threshold or above, every part "
        "has a match. NULL when the first is empty, or when their lengths in characters multiply to more than "
        "1,000,000.", _two_texts, _best("list_min"),
        lambda parts, others: min(_similarities(parts, others), default=None),
    ),
    "nearest": Function(
        "nearest(list, list)",
        "The similarity of the two parts that match best. NULL as for closest.",
        _two_texts, _best("list_max"), lambda parts, others: max(_similarities(parts, others), default=None),
    ),
    "has_any": Function(
        "has_any(list, list)", "Whether some part of the second is in the first.", _two_lists,
        form("list_has_any({0}, {1})"), lambda whole, parts: not set(whole).isdisjoint(parts),
    ),
    "has_start": Function(
        "has_start(list, text)", "Whether some part of the list begins with the text.", _list_and_text, _has_start,
        lambda parts, text: any(part.startswith(text) for part in parts),
    ),
    "has_all": Function(
        "has_all(list, list)", "Whether every part of the second is in the first.", _two_lists,
        form("list_has_all({0}, {1})"), lambda whole, parts: set(whole).issuperset(parts),
    ),
}  # fmt: skip
