"""Check digits. Each is FALSE for a text with other characters, or too short to hold a digit and its check."""

from collections.abc import Callable
from typing import Any

from rulepacks.engine.expressions.functions.base import Function, fixed, let
from rulepacks.engine.expressions.types import BOOLEAN, TEXT

LONGEST = 64
_ALNUM = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CUSIP = _ALNUM + "*@#"


def _luhn(text: str) -> bool:
    """ISO/IEC 7812-1 annex B: from the right every second digit doubled, its digits added; the sum ends in 0."""
    if not (text.isascii() and text.isdigit() and 2 <= len(text) <= LONGEST):
        return False
    doubled = [int(digit) * (1 + at % 2) for at, digit in enumerate(reversed(text))]
    return sum(value // 10 + value % 10 for value in doubled) % 10 == 0


def _expanded(text: str) -> str:
    """Letters as numbers: A is 10, Z is 35."""
    return "".join(str(_ALNUM.index(character)) for character in text)


def _is_alnum(text: str) -> bool:
    return 2 <= len(text) <= LONGEST and all(character in _ALNUM for character in text)


def _luhn_alnum(text: str) -> bool:
    """ISO 6166 annex A: letters become two digits, then the Luhn sum over all."""
    return _is_alnum(text) and text[-1].isdigit() and _luhn_of(_expanded(text))


def _luhn_of(digits: str) -> bool:
    doubled = [int(digit) * (1 + at % 2) for at, digit in enumerate(reversed(digits))]
    return sum(value // 10 + value % 10 for value in doubled) % 10 == 0


def _mod97(text: str) -> bool:
    """ISO/IEC 7064, MOD 97-10: letters become two digits; the number leaves 1 when divided by 97."""
    return _is_alnum(text) and int(_expanded(text)) % 97 == 1


def _mod10_alnum(text: str) -> bool:
    """ANSI X9.6, modulus 10 double add double: from the left every second value doubled; the last is the check."""
    body, check = text[:-1], text[-1:]
    if not (2 <= len(text) <= LONGEST and check in _ALNUM[:10] and all(letter in _CUSIP for letter in body)):
        return False
    values = [_CUSIP.index(letter) * (1 + at % 2) for at, letter in enumerate(body)]
    return (10 - sum(value // 10 + value % 10 for value in values) % 10) % 10 == int(check)


def _sql(pattern: str, body: str) -> Callable[..., str]:
    return lambda args, _: let(
        f"CASE WHEN regexp_full_match(v.s, '{pattern}') THEN {body} WHEN v.s IS NOT NULL THEN false END", s=args[0]
    )


def _digit_sum(count: str, value: str) -> str:
    """SQL of the sum of the digits of `value` over i from 1 to `count`."""
    digits = f"list_transform([{value}], lambda x: x // 10 + x % 10)[1]"
    return f"coalesce(list_sum(list_transform(range(1, {count} + 1), lambda i: {digits})), 0)"


def _luhn_sum(text: str) -> str:
    """SQL of the Luhn sum of a text of digits that stands under a name."""
    length = f"length({text})"
    return _digit_sum(length, f"(ascii(substr({text}, {length} - i + 1, 1)) - 48) * (2 - i % 2)")


_EXPAND = f"array_to_string(list_transform(string_split(v.s, ''), lambda c: instr('{_ALNUM}', c) - 1), '')"
_REST = (
    f"list_reduce(list_prepend(0, list_transform(string_split(v.s, ''), lambda c: instr('{_ALNUM}', c) - 1)), "
    "lambda a, x: CASE WHEN x < 10 THEN a * 10 + x ELSE a * 100 + x END % 97)"
)
_MOD10 = _digit_sum("(length(v.s) - 1)", f"(instr('{_CUSIP}', substr(v.s, i, 1)) - 1) * (2 - i % 2)")


def _check(name: str, meaning: str, sql: Callable[..., str], python: Any) -> tuple[str, Function]:
    return name, Function(f"{name}(text)", meaning, fixed(BOOLEAN, TEXT), sql, python)


_COUNT = f"{{2,{LONGEST}}}"
_BODY = f"{{1,{LONGEST - 1}}}"
FUNCTIONS: dict[str, Function] = dict([
    _check("luhn_valid", "Whether digits end in their Luhn check digit (ISO/IEC 7812-1).",
           _sql(f"[0-9]{_COUNT}", f"{_luhn_sum('v.s')} % 10 = 0"), _luhn),
    _check("luhn_alnum_valid", "Whether digits and capitals end in their check digit, letters as 10 to 35 (ISO 6166).",
           _sql(f"[0-9A-Z]{_BODY}[0-9]", let(f"{_luhn_sum('v.e')} % 10 = 0", e=_EXPAND)), _luhn_alnum),
    _check("mod97_valid", "Whether digits and capitals leave 1 by 97, letters as 10 to 35 (ISO/IEC 7064 MOD 97-10).",
           _sql(f"[0-9A-Z]{_COUNT}", f"{_REST} = 1"), _mod97),
    _check("mod10_alnum_valid", "Whether digits, capitals and *@# end in their check digit (ANSI X9.6).",
           _sql(rf"[0-9A-Z*@#]{_BODY}[0-9]", f"(10 - {_MOD10} % 10) % 10 = ascii(right(v.s, 1)) - 48"), _mod10_alnum),
])  # fmt: skip
