"""One filter for what must not be written down: secrets and personal identifiers, in logs and in audit facts."""

import re
from collections.abc import Mapping
from typing import Any

MASK = "[hidden]"
SECRET_NAMES = re.compile(
    r"pass(word|wd|phrase)|secret|token|api[-_]?key|authorization|cookie|credential|private[-_]?key|^otp$",
    re.IGNORECASE,
)
# Our own keys, bearer values, JSON web tokens, passwords in URLs, `password=…` in free text.
SECRETS = (
    (re.compile(r"\bcortx_([0-9a-z]{8})_[\w-]{20,}"), r"cortx_\1_[hidden]"),
    (re.compile(r"(/accounts/(?:invitation|password/reset/key)/)[\w-]+"), r"\1[hidden]"),
    (re.compile(r"\bcortxr_[0-9a-f]{64}_[\w-]+"), MASK),
    (re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE), r"\1 [hidden]"),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), MASK),
    (re.compile(r"(\w+://[^\s:/@]*):[^\s/@]+@"), r"\1:[hidden]@"),
    (
        re.compile(
            r"\b(\w*(?:passw(?:or)?d|secret|token|api_?key)\w*[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;}]+", re.IGNORECASE
        ),
        r"\1[hidden]",
    ),
)
EMAIL = re.compile(r"\b[\w.+-]+@([\w-]+\.)+[a-z]{2,}\b", re.IGNORECASE)
SOCIAL_SECURITY = re.compile(r"(?<![\d.,-])(?!000|666|9\d\d)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?![\d-])")
# Only grouped as printed on a card: amounts and account symbols are long digit strings too.
CARD = re.compile(r"(?<![\d.,-])\d{4}([ -])\d{4}\1\d{4}\1\d{1,7}(?![\d-])")


def mask_secret(secret: str) -> str:
    """What may be shown of a secret: its last four characters, if it is long enough to spare them."""
    return f"…{secret[-4:]}" if len(secret) >= 16 else MASK


def redact_secrets(text: str) -> str:
    """`text` with credentials blanked out."""
    for pattern, replacement in SECRETS:
        text = pattern.sub(replacement, text)
    return text


def redact_pii(text: str) -> str:
    """`text` with e-mail addresses, social security numbers and payment card numbers blanked out."""
    text = EMAIL.sub("[e-mail]", text)
    text = SOCIAL_SECURITY.sub("[identifier]", text)
    return CARD.sub(lambda match: "[card]" if luhn(match[0]) else match[0], text)


def redact(text: str) -> str:
    """`text` without secrets and without personal identifiers."""
    return redact_pii(redact_secrets(text))


def redact_value(value: Any) -> Any:
    """JSON values, and what becomes one: mappings and sequences all the way down, secrets found by their name too."""
    match value:
        case str():
            return redact(value)
        case Mapping():
            return {
                str(name): MASK if SECRET_NAMES.search(str(name)) else redact_value(inner)
                for name, inner in value.items()
            }
        case list() | tuple() | set() | frozenset():
            return [redact_value(inner) for inner in value]
    return value


def _named(name: str, value: Any) -> Any:
    return MASK if SECRET_NAMES.search(name) else redact_value(value)


def luhn(number: str) -> bool:
    """Whether the check digit of a payment card number fits (ISO/IEC 7812-1, annex B)."""
    digits = [int(sign) for sign in number if sign.isdigit()][::-1]
    return (sum(digits[::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])) % 10 == 0
