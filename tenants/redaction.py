"""One filter for what must not be written down: secrets, personal identifiers, and values that an error quotes.

Logs, stored results of tasks, reasons of failed work and audit facts pass through it (tenants/README.md).
"""

import re
from collections.abc import Mapping
from typing import Any

MASK = "[hidden]"
SECRET_NAMES = re.compile(
    r"pass(word|wd|phrase)|secret|token|(api|audit|idempotency|private|signing)[-_]?key|authorization|cookie"
    r"|credential|recovery[-_]?code|totp|^otp$",
    re.IGNORECASE,
)
# Whoever asks chooses what is searched here, and how long it is: no pattern may look at the same run of signs again and
# again. So each begins at the beginning of a run only, and gives nothing back of what it took (`++`, `(?>`).
# Our own keys, bearer values, JSON web tokens, passwords in URLs, `password=…` in free text.
SECRETS = (
    (re.compile(r"\bcortx_([0-9a-z]{8})_[\w-]{20,}"), r"cortx_\1_[hidden]"),
    (re.compile(r"\botpauth://[^\s\"'<>]+"), MASK),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*-----|$)", re.DOTALL), MASK),
    (re.compile(r"\b((?:set-)?cookie|x-api-key|idempotency-key)(\s*:\s*)[^\r\n\"']+", re.IGNORECASE), r"\1\2[hidden]"),
    (re.compile(r"(/accounts/(?:invitation|password/reset/key)/)[\w-]+"), r"\1[hidden]"),
    (re.compile(r"\bcortxr_[0-9a-f]{64}_[\w-]+"), MASK),
    (re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE), r"\1 [hidden]"),
    (re.compile(r"(?<![\w-])eyJ[\w-]{8,}+\.[\w-]{8,}+\.[\w-]*"), MASK),
    (re.compile(r"(?<!\w)(\w++://[^\s:/@]*+):[^\s\"'<>]{1,1000}@"), r"\1:[hidden]@"),
    (re.compile(r"(?<=[\w/])\?[^\s\"'<>?=]+=[^\s\"'<>]*"), f"?{MASK}"),
    (
        re.compile(
            r"(?<!\w)((?>\w*?(?:passw(?:or)?d|secret|token|(?:api|audit|signing)_?key|sessionid|recovery_?code|totp))\w*+"
            r"[\"']?\s*+[=:]\s*+[\"']?+)[^\s\"'&,;}]+",
            re.IGNORECASE,
        ),
        r"\1[hidden]",
    ),
)
EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]++(?:@|%40)([\w-]++\.)+[a-z]{2,}\b", re.IGNORECASE)
SOCIAL_SECURITY = re.compile(r"(?<![\d.,-])(?!000|666|9\d\d)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?![\d-])")
# Only grouped as printed on a card: amounts and account symbols are long digit strings too.
CARD = re.compile(r"(?<![\d.,-])(?:\d{4}([ -])\d{4}\1\d{4}\1\d{1,7}|\d{4}([ -])\d{6}\2\d{5})(?![\d-])")
# Names of our own making may stay: `constraint "one_batch"` tells what went wrong.
QUOTED = re.compile(
    r"(?:\b(?P<known>attribute|column|constraint|function|object|relation|table|type) (?=[\"'][\w.]+[\"']))?"
    r"(?<!\w)(?:[bru]{0,2}'(?:[^'\\]|\\.)*'(?!\w)|[bru]{0,2}\"(?:[^\"\\]|\\.)*\"|“[^”]*”|`[^`]*`)",
    re.DOTALL,
)
LONGEST = 2_000
"""Signs of an error that are kept."""
PLAIN_SEGMENT = re.compile(r"[a-z0-9_.-]{0,64}|[A-Z]{1,3}-\d+", re.ASCII)
"""What ids, numbers and names of things look like in an address."""


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


def redact_quoted(text: str) -> str:
    """`redact`, and without what stands in quotes: there libraries repeat the value that they did not like."""
    shown = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return redact(QUOTED.sub(lambda found: found[0] if found["known"] else MASK, shown))


def redact_error(error: BaseException) -> str:
    """What an error says, without the values it says it about.

    They stand in quotes, in the lines after the first (PostgreSQL's DETAIL), and, where the value itself was wrong,
    behind a colon. No pattern knows the name of a person, so none of that is kept.
    """
    said = (str(error).splitlines() or [""])[0]
    return redact_quoted(said.partition(":")[0] if isinstance(error, ValueError | LookupError) else said)


def redact_path(path: str) -> str:
    """The path of an address without what is no id, number or name of a thing."""
    return redact("/".join(part if PLAIN_SEGMENT.fullmatch(part) else MASK for part in path.split("/")))


def redact_value(value: Any) -> Any:
    """JSON values, and what becomes one: mappings and sequences all the way down, secrets found by their name too."""
    match value:
        case str():
            return redact(value)
        case Mapping():
            return {str(name): _named(str(name), inner) for name, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [redact_value(inner) for inner in value]
    return value


def _named(name: str, value: Any) -> Any:
    if not SECRET_NAMES.search(name):
        return redact_value(value)
    return mask_secret(value) if isinstance(value, str) and "pass" not in name.lower() else MASK


def luhn(number: str) -> bool:
    """Whether the check digit of a payment card number fits (ISO/IEC 7812-1, annex B)."""
    digits = [int(sign) for sign in number if sign.isdigit()][::-1]
    return (sum(digits[::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])) % 10 == 0
