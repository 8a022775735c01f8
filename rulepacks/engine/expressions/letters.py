"""Letters and blanks, the same in Python as in DuckDB."""

BLANKS = " \t\r\n\f\v"
BLANKS_SQL = f"'{BLANKS}'"
_SHARP_S = {"ß": "ẞ"}


def upper(text: str) -> str:
    """Upper case, character by character, as DuckDB does it."""
    return text.upper() if text.isascii() else "".join(map(_upper_character, text))


def lower(text: str) -> str:
    """Lower case, character by character, as DuckDB does it."""
    return text.lower() if text.isascii() else "".join(map(_lower_character, text))


def _upper_character(character: str) -> str:
    """The one character Unicode names as upper case; where there is none, the title case one."""
    changed = character.upper()
    if len(changed) > 1:
        changed = character.title()
    return changed if len(changed) == 1 else _SHARP_S.get(character, character)


def _lower_character(character: str) -> str:
    changed = character.lower()
    return changed if len(changed) == 1 else changed[0]
