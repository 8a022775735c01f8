"""Patterns in Python: RE2, as in DuckDB, so both speak one dialect and none can hang."""

from collections.abc import Callable
from operator import methodcaller

import re2

BIG = 1_000
"""Instructions of a pattern above which its automaton might not fit into the memory RE2 gives it."""


def full_match(pattern: str) -> Callable[[str], bool]:
    """A test whether a whole text matches."""
    options = re2.Options()
    options.never_capture = True
    options.log_errors = False
    single = re2.compile(pattern, options)
    if single.programsize > BIG:
        return lambda text: single.fullmatch(text) is not None
    # A set of one pattern only says whether it matches, without positions, which is much quicker.
    patterns = re2.Set.FullMatchSet(options)
    patterns.Add(pattern)
    patterns.Compile()
    match = patterns.Match
    return lambda text: bool(match(text))


def like(pattern: str) -> Callable[[str], bool]:
    """A test for `like`: `%` any text, `_` one character."""
    start = pattern.rstrip("%")
    if "%" in start or "_" in start:
        parts = "".join({"%": ".*", "_": "."}.get(letter) or re2.escape(letter) for letter in pattern)
        return full_match(f"(?s:{parts})")
    return start.__eq__ if start == pattern else methodcaller("startswith", start)
