"""Typed readers of environment variables. A bad value stops start-up with a line that names it.

Names are looked up in upper case, then in lower case. A secret may come from a file: `NAME_FILE` names it.
"""

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


def text(name: str, default: str = "") -> str:
    """Value of `name`, or `default` when it is unset or empty."""
    return os.environ.get(name) or os.environ.get(name.lower()) or default


def secret(name: str, default: str = "") -> str:
    """Like `text`, but `NAME_FILE` may name a file that holds the value."""
    file = text(f"{name}_FILE")
    if not file:
        return text(name, default)
    try:
        return Path(file).read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE names {file!r}, which cannot be read: {error.strerror}") from error


def flag(name: str, default: bool = False) -> bool:
    """Boolean: 1/0, true/false, yes/no, on/off."""
    value = text(name).lower()
    if not value:
        return default
    if value in TRUE | FALSE:
        return value in TRUE
    raise ImproperlyConfigured(f"{name} is {value!r}, expected one of 1, 0, true, false, yes, no, on, off")


def integer(name: str, default: int, *, minimum: int = 0) -> int:
    """Whole number not below `minimum`."""
    value = text(name, str(default))
    if not value.lstrip("-").isascii() or not value.lstrip("-").isdigit() or int(value) < minimum:
        raise ImproperlyConfigured(f"{name} is {value!r}, expected a whole number of at least {minimum}")
    return int(value)


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    """One of `allowed`."""
    value = text(name, default).lower()
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} is {value!r}, expected one of {', '.join(allowed)}")
    return value


def listing(name: str, default: str = "") -> list[str]:
    """Comma-separated list, blanks dropped."""
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def numbers(name: str) -> dict[str, int]:
    """Whole numbers above 0 by name: "a=1, b=2"."""
    found = {}
    for part in listing(name):
        key, _, value = part.partition("=")
        if not (value.strip().isascii() and value.strip().isdigit() and int(value)):
            raise ImproperlyConfigured(f"{name} holds {part!r}, expected name=number")
        found[key.strip()] = int(value)
    return found
