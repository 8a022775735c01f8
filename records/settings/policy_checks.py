"""What of a policy only this floor can check: rules that exist, and what a shorter retention would forget."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.template.defaultfilters import filesizeformat

from records.datasets.retention import files_counted
from rulepacks.engine.severities import STRICTNESS
from rulepacks.models import Pack, PackVersion
from tenants.idempotency.services import answers_past
from tenants.policies.policy import Policy
from tenants.policies.schema import Mistake, pointer
from tenants.problems import StateConflict, unexpected


class Unconfirmed(StateConflict):
    """Something would be forgotten, and the caller has not said to have seen it."""

    code = "confirm"


def severity_mistakes(document: Mapping[str, Any]) -> Iterator[Mistake]:
    """Packs and rules that are not there, and severities that are not stricter than what their pack says."""
    wanted = document.get("severities", {})
    declared = _declared(wanted)
    for pack, rules in wanted.items():
        if pack not in declared:
            names = ", ".join(Pack.objects.order_by("name").values_list("name", flat=True)) or "none"
            yield Mistake(pointer(["severities", pack]), unexpected(pack, f"an installed pack: {names}"))
            continue
        for code, least in rules.items():
            if reason := _wrong(code, least, declared[pack]):
                yield Mistake(pointer(["severities", pack, code]), reason)


def forgotten(before: Policy, after: Policy, now: datetime) -> str:
    """What the next sweep would forget because of the change, in words; empty when that is nothing."""
    files, answers = "", 0
    if _shorter(before.retention.delivered_files_days, after.retention.delivered_files_days):
        past = files_counted(after, now)
        if past.files:
            of = f"{past.batches:,} batch{'es' if past.batches != 1 else ''} up to B-{past.newest}"
            files = f"{past.files:,} delivered file{'s'[: past.files != 1]} ({filesizeformat(past.size)}) of {of}"
    if _shorter(before.retention.kept_answers_days, after.retention.kept_answers_days):
        answers = answers_past(after, now).count()
    kept = f"{answers:,} answer{'s'[: answers != 1]} to an Idempotency-Key" if answers else ""
    return " and ".join(part for part in (files, kept) if part)


def _shorter(before: int | None, after: int | None) -> bool:
    return after is not None and (before is None or after < before)


def _declared(packs: Iterable[str]) -> dict[str, dict[str, set[str]]]:
    """By pack and rule: every severity that a version of the pack gives it."""
    found: dict[str, dict[str, set[str]]] = {}
    rows = PackVersion.objects.filter(pack__name__in=list(packs)).values_list("pack__name", "summary")
    for pack, summary in rows:
        rules = found.setdefault(pack, {})
        for rule in summary.get("rules", []):
            rules.setdefault(rule["code"], set()).update([rule["severity"], *rule["severities"]])
    return found


def _wrong(code: str, least: str, declared: Mapping[str, set[str]]) -> str:
    if code not in declared:
        return unexpected(code, "the code of a rule of that pack")
    lowest = min(declared[code], key=STRICTNESS.index)
    if STRICTNESS.index(least) <= STRICTNESS.index(lowest):
        return unexpected(least, f"a severity stricter than {lowest}, which the pack says")
    return ""
