"""What one policy says differently from another, as sentences."""

from collections.abc import Iterator, Mapping
from typing import Any

from tenants.policies.schema import Key, keys

Document = Mapping[str, Any]


def policy_changes(before: Document, after: Document) -> list[str]:
    """A sentence for each key, and each rule's severity, that is another."""
    return [*_of_keys(before, after), *_of_severities(before, after)]


def _of_keys(before: Document, after: Document) -> Iterator[str]:
    for key in keys():
        old, new = key.value_in(before), key.value_in(after)
        if old != new:
            yield f"{key.title}: {_told(key, new)} instead of {_told(key, old)}"


def _of_severities(before: Document, after: Document) -> Iterator[str]:
    old, new = _flat(before), _flat(after)
    for place in sorted(old.keys() | new.keys()):
        was, now = old.get(place), new.get(place)
        if was == now:
            continue
        what = f"Findings of {place[1]} in {place[0]}"
        if now is None:
            yield f"{what}: as the pack says, no longer at least {was}"
        else:
            yield f"{what}: at least {now}" + (f" instead of {was}" if was else "")


def _flat(document: Document) -> dict[tuple[str, str], str]:
    rules = document.get("severities", {}).items()
    return {(pack, rule): severity for pack, of in rules for rule, severity in of.items()}


def _told(key: Key, value: Any) -> str:
    if value is None:
        return f"{_plain(key.node['default'])} (default)" if "default" in key.node else "the default"
    return _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)
