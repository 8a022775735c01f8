"""Functions of texts."""

import operator
from collections.abc import Sequence

import re2

from rulepacks.engine.expressions.functions.base import (
    MAX_PAD,
    Arguments,
    Function,
    SignatureError,
    arguments,
    fixed,
    form,
    plain,
    text_literal_of,
    whole_literal,
)
from rulepacks.engine.expressions.letters import BLANKS, BLANKS_SQL, lower, upper
from rulepacks.engine.expressions.similarity import SIMILARITY, jaro_winkler, similarity_sql
from rulepacks.engine.expressions.tree import Call, Literal
from rulepacks.engine.expressions.types import BOOLEAN, INTEGER, TEXT, Type, fits

MAX_PATTERN = 200
_WORD = r"[\pL\pN_]"


def _cut(given: Arguments) -> Type:
    arguments(given, TEXT, INTEGER)
    whole_literal(given[1], 0, MAX_PAD, "the length")
    return TEXT


def _substr(given: Arguments) -> Type:
    arguments(given, TEXT, INTEGER, INTEGER)
    whole_literal(given[1], 1, MAX_PAD, "the start")
    whole_literal(given[2], 0, MAX_PAD, "the length")
    return TEXT


def _lpad(given: Arguments) -> Type:
    arguments(given, TEXT, INTEGER, TEXT)
    whole_literal(given[1], 1, MAX_PAD, "the length")
    if not (isinstance(given[2], Literal) and isinstance(given[2].value, str) and len(given[2].value) == 1):
        raise SignatureError("the padding must be one character, written out")
    return TEXT


def _replace(given: Arguments) -> Type:
    arguments(given, TEXT, TEXT, TEXT)
    if not all(isinstance(node, Literal) and isinstance(node.value, str) for node in given[1:]):
        raise SignatureError("takes a text to look for and one in its place, both written out")
    if given[1] == Literal(value="", type=TEXT):
        raise SignatureError("the text to replace must not be empty")
    return TEXT


def _extract(given: Arguments) -> Type:
    arguments(given, TEXT, TEXT)
    try:
        groups = _pattern(text_literal_of(given[1], "the pattern", MAX_PATTERN)).groups
    except re2.error:
        raise SignatureError("the pattern must be an RE2 pattern") from None
    if groups != 1:
        raise SignatureError("the pattern must have one group in parentheses")
    return TEXT


def _pattern(text: str) -> "re2._Regexp":
    options = re2.Options()
    options.log_errors = False
    return re2.compile(text, options)


def _extracted(text: str, pattern: str) -> str | None:
    found = _pattern(pattern).search(text)
    return (found.group(1) or None) if found else None


def _has_word(given: Arguments) -> Type:
    arguments(given, TEXT, TEXT)
    text_literal_of(given[1], "the word", 100)
    return BOOLEAN


def _word_pattern(word: str) -> str:
    return f"(?i)(?:^|[^{_WORD[1:-1]}]){re2.escape(word)}(?:$|[^{_WORD[1:-1]}])"


def _has_word_sql(args: Sequence[str], call: Call) -> str:
    word = call.arguments[1]
    assert isinstance(word, Literal)
    pattern = _word_pattern(str(word.value)).replace("'", "''")
    return f"regexp_matches({args[0]}, '{pattern}')"


def _joined(given: Arguments) -> Type:
    if len(given) < 2:
        raise SignatureError("takes 2 or more arguments")
    for index, node in enumerate(given, start=1):
        if not fits(node.type, TEXT):
            raise SignatureError(f"argument {index} must be text, not {node.type}")
    return TEXT


def _concat_ws(separator: str | None, *texts: str | None) -> str | None:
    return None if separator is None else separator.join([text for text in texts if text is not None])


FUNCTIONS = {
    "lower": Function("lower(text)", "The text in lower case.", fixed(TEXT, TEXT), plain("lower"), lower),
    "upper": Function(
        "upper(text)", "The text in upper case, by letters: ß becomes ẞ.", fixed(TEXT, TEXT), plain("upper"), upper
    ),
    "trim": Function(
        "trim(text)", "The text without blanks at either end.", fixed(TEXT, TEXT),
        form(f"trim({{0}}, {BLANKS_SQL})"), lambda text: text.strip(BLANKS),
    ),
    "length": Function("length(text)", "Number of characters.", fixed(INTEGER, TEXT), plain("length"), len),
    "left": Function(
        "left(text, n)", "The first n characters.", _cut, plain('"left"'), lambda text, length: text[:length]
    ),
    "right": Function(
        "right(text, n)", "The last n characters.", _cut, plain('"right"'),
        lambda text, length: text[-length:] if length else "",
    ),
    "substr": Function(
        "substr(text, start, n)", "n characters from a position counted from 1.", _substr, plain("substr"),
        lambda text, start, length: text[start - 1 : start - 1 + length],
    ),
    "lpad": Function(
        "lpad(text, n, character)", "Padded on the left to n characters; a longer text is cut on the right.", _lpad,
        plain("lpad"), lambda text, length, padding: text[:length].rjust(length, padding),
    ),
    "replace": Function(
        "replace(text, old, new)", "Every occurrence of one text replaced by another.", _replace, plain("replace"),
        lambda text, old, new: text.replace(old, new),
    ),
    "contains": Function(
        "contains(text, part)", "Whether the text holds the part.", fixed(BOOLEAN, TEXT, TEXT), plain("contains"),
        operator.contains,
    ),
    "starts_with": Function(
        "starts_with(text, part)", "Whether the text begins so.", fixed(BOOLEAN, TEXT, TEXT), plain("starts_with"),
        str.startswith,
    ),
    "ends_with": Function(
        "ends_with(text, part)", "Whether the text ends so.", fixed(BOOLEAN, TEXT, TEXT), plain("ends_with"),
        str.endswith,
    ),
    "has_word": Function(
        "has_word(text, 'word')", "Whether the word, or words, stand in the text by themselves, in any case.",
        _has_word, _has_word_sql, lambda text, word: _pattern(_word_pattern(word)).search(text) is not None,
    ),
    "extract": Function(
        "extract(text, 'pattern')", "What the group of the RE2 pattern matches first; NULL when that is nothing.",
        _extract, lambda args, _: f"nullif(regexp_extract({args[0]}, {args[1]}, 1), '')", _extracted,
    ),
    "concat_ws": Function(
        "concat_ws(separator, text, …)",
        "The texts joined by the separator; NULL ones are left out, and only a NULL separator gives NULL.",
        _joined, plain("concat_ws"), _concat_ws, own_nulls=True,
    ),
    "similarity": Function(
        "similarity(text, text)",
        "Jaro-Winkler similarity from 0 to 1, six decimals: prefix of up to 4 at weight 0.1 where Jaro is above 0.7. "
        "The first 1,000 characters count.",
        fixed(SIMILARITY, TEXT, TEXT), form(f"CAST({similarity_sql('{0}', '{1}')} AS DECIMAL(7,6))"), jaro_winkler,
    ),
}  # fmt: skip
