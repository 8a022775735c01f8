"""The functions of the expression language, by theme; each entry holds both twins.

NULL policy: a function is NULL when an argument is NULL, unless it has its own policy.
"""

from rulepacks.engine.expressions.functions import business, checks, dates, lists, nulls, numbers, texts, times
from rulepacks.engine.expressions.functions.base import Function

THEMES: dict[str, dict[str, Function]] = {
    "Texts": texts.FUNCTIONS,
    "Numbers": numbers.FUNCTIONS,
    "Dates": dates.FUNCTIONS,
    "Timestamps": times.FUNCTIONS,
    "Business days": business.FUNCTIONS,
    "Blanks": nulls.FUNCTIONS,
    "Lists": lists.FUNCTIONS,
    "Check digits": checks.FUNCTIONS,
}
FUNCTIONS: dict[str, Function] = {name: function for theme in THEMES.values() for name, function in theme.items()}

BUSINESS = frozenset(business.FUNCTIONS)
"""Functions that take the holidays of the pack's calendar beside what is written."""

AGGREGATES = frozenset({"sum", "count", "min", "max", "any", "every"})

REFUSED: dict[str, str] = {
    "avg": "an average of amounts is not exact; compare sum(…) with a multiple of count(…)",
    "mean": "an average of amounts is not exact; compare sum(…) with a multiple of count(…)",
    "random": "the result would differ from run to run",
    "now": "the result would differ from run to run; use a parameter for the date",
    "today": "the result would differ from run to run; use a parameter for the date",
    "current_date": "the result would differ from run to run; use a parameter for the date",
    "current_timestamp": "the result would differ from run to run; use a parameter for the date",
    "uuid": "the result would differ from run to run",
    "first": "which row comes first is not fixed; use min or max",
    "last": "which row comes last is not fixed; use min or max",
    "any_value": "which row is taken is not fixed; use min or max",
}
