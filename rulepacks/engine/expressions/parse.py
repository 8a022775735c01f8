"""Text of an expression -> syntax tree of sqlglot, behind limits on size and nesting.

sqlglot is recursive and rewrites functions it knows, so the text is measured before it is parsed, and the dialect
used here knows no function: every call arrives as it was written.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import SqlglotError
from sqlglot.parsers.duckdb import DuckDBParser
from sqlglot.tokenizer_core import Token, TokenType

from rulepacks.engine.limits import PackLimits

_DEEPER = {TokenType.L_PAREN, TokenType.CASE}
_SHALLOWER = {TokenType.R_PAREN, TokenType.END}
_REFUSED_TOKENS: dict[TokenType, str] = {
    TokenType.SEMICOLON: "one expression only, without ;",
    TokenType.L_BRACKET: "brackets are not part of the language",
    TokenType.L_BRACE: "braces are not part of the language",
    TokenType.SELECT: "a subquery is not part of the language",
    TokenType.DCOLON: "write cast(x as type)",
    TokenType.HINT: "hints are not part of the language",
}


@dataclass(frozen=True)
class Mistake:
    """Something wrong at an offset of the text."""

    at: int
    message: str


class _Dialect(DuckDB):
    class Parser(DuckDBParser):
        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        FUNCTION_PARSERS = {"CAST": DuckDBParser.FUNCTION_PARSERS["CAST"]}
        NO_PAREN_FUNCTION_PARSERS = {"CASE": DuckDBParser.NO_PAREN_FUNCTION_PARSERS["CASE"]}
        NO_PAREN_FUNCTIONS: ClassVar[dict[Any, Any]] = {}
        SUBQUERY_PREDICATES: ClassVar[dict[Any, Any]] = {}


_DIALECT = _Dialect()


def parse(text: str, limits: PackLimits) -> exp.Expr | Mistake:
    """Parse one expression; a Mistake when it is too large, too deep or no expression."""
    return _parse(text, limits, _REFUSED_TOKENS)


def parse_query(text: str, limits: PackLimits) -> exp.Expr | Mistake:
    """Parse one query; a Mistake when it is too large, too deep or none."""
    return _parse(text, limits, {**_REFUSED_TOKENS, TokenType.SELECT: ""})


def _parse(text: str, limits: PackLimits, refused: Mapping[TokenType, str]) -> exp.Expr | Mistake:
    if len(text) > limits.expression_characters:
        return Mistake(0, limits.said("expression_characters", "longer than {} characters"))
    if not text.strip():
        return Mistake(0, "an expression is expected")
    if odd := next((at for at, letter in enumerate(text) if ord(letter) < 32 and letter not in "\t\r\n"), None):
        return Mistake(odd, "a control character")
    try:
        tokens = _DIALECT.tokenize(text)
        if mistake := _measure(tokens, limits, refused):
            return mistake
        trees = _DIALECT.parser().parse(tokens, text)
    except SqlglotError as error:
        return _syntax(error, text)
    except RecursionError:
        return Mistake(0, limits.said("expression_depth", "nested deeper than {}"))
    except (ValueError, TypeError, AttributeError, IndexError, KeyError):
        # sqlglot meets some texts that are no SQL with plain Python errors.
        return Mistake(0, "not an expression")
    if len(trees) != 1 or trees[0] is None:
        return Mistake(0, "an expression is expected")
    return trees[0]


def _measure(tokens: list[Token], limits: PackLimits, refused: Mapping[TokenType, str]) -> Mistake | None:
    if len(tokens) > limits.expression_words:
        at = tokens[limits.expression_words].start
        return Mistake(at, limits.said("expression_words", "more than {} words and signs"))
    depth = chain = 0
    for token in tokens:
        kind = token.token_type
        if refused.get(kind):
            return Mistake(token.start, refused[kind])
        if token.comments:
            return Mistake(token.start, "comments do not belong in an expression; use a comment of the file")
        depth += (kind in _DEEPER) - (kind in _SHALLOWER)
        chain = chain + 1 if kind in {TokenType.NOT, TokenType.DASH, TokenType.PLUS} else 0
        if max(depth, chain) > limits.expression_depth:
            return Mistake(token.start, limits.said("expression_depth", "nested deeper than {}"))
    return None


def _syntax(error: SqlglotError, text: str) -> Mistake:
    details = getattr(error, "errors", None)
    if not details:
        return Mistake(0, "not an expression: a text or name is not closed")
    first = details[0]
    line, column = first.get("line") or 1, first.get("col") or 1
    lines = text.splitlines(keepends=True)
    word = (first.get("highlight") or "").strip()
    at = sum(len(row) for row in lines[: line - 1]) + max(0, column - max(1, len(word)))
    what = f"unexpected {word!r}" if word else "unexpected end"
    return Mistake(min(at, max(0, len(text) - 1)), what)


def offset(node: exp.Expr) -> int:
    """Where a node begins in the text: the least offset of the words below it."""
    starts = [part.meta["start"] for part in node.walk() if "start" in part.meta]
    return min(starts, default=0)
