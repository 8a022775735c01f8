"""Characters that no part of a pack may hold: they are not seen, and some change how what is seen is read."""

import re

_HIDDEN = re.compile("[\0-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\u2066-\\u2069\\ufeff\\ufffe\\uffff]")
"""Control characters but for tabs and line breaks, overrides of the writing direction, byte order marks."""


def hidden(text: str) -> str | None:
    """What is wrong with the characters of a text; None when nothing is."""
    found = _HIDDEN.search(text)
    return f"the character U+{ord(found[0]):04X} is not allowed: it cannot be seen" if found else None
