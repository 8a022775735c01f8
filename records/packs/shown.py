"""What the pages of packs show: versions with their states, what changed, who has to act."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.urls import reverse

from records.dashboards.words import words_of
from records.datasets.models import Dataset
from rulepacks.catalog.archives import archive_folder
from rulepacks.catalog.models import PackVersion
from rulepacks.catalog.selectors import version_order, versions
from rulepacks.engine.diff import pack_changes
from tenants.access.identity import Identity
from tenants.access.roles import Permission
from tenants.approvals.models import Approval
from tenants.approvals.selectors import approval_of, approvals_needed, has_expired, history_of, is_short, waiting
from tenants.models import Tenant
from tenants.policies.selectors import policy_of

Status = PackVersion.Status
STATES = {
    Status.DRAFT: ("Draft", "info"),
    Status.CANDIDATE: ("In review", "warning"),
    Status.PUBLISHED: ("Published", "pass"),
    Status.WITHDRAWN: ("Retired", "info"),
}
TABS = ("rules", "changes", "versions")


@dataclass(frozen=True)
class State:
    """A version's state as people call it; "In use" is a published one that judges a dataset."""

    text: str
    kind: str


@dataclass(frozen=True)
class PackRow:
    """A pack with its newest version, and what waits for somebody."""

    name: str
    title: str
    version: PackVersion
    state: State
    rules: int
    used_by: list[str]
    waits: bool
    url: str


@dataclass(frozen=True)
class Turn:
    """Whose turn it is with a version, and what the caller may do about it; `enough` with all approvals given."""

    text: str
    may_submit: bool = False
    may_approve: bool = False
    may_return: bool = False
    may_publish: bool = False
    not_you: str = ""
    alone: bool = False
    enough: bool = False


def state_of(version: PackVersion, used_by: Iterable[str] = ()) -> State:
    """The state in words."""
    text, kind = STATES[Status(version.status)]
    return State("In use" if version.status == Status.PUBLISHED and any(used_by) else text, kind)


def pack_rows(tenant: Tenant) -> list[PackRow]:
    """Packs by name, each with the version of the highest number."""
    newest: dict[str, PackVersion] = {}
    for version in versions():
        known = newest.get(version.pack.name)
        if known is None or version_order(version.version) > version_order(known.version):
            newest[version.pack.name] = version
    used, asked = _used(), {one.object_id for one in waiting(policy_of(tenant).approvals)}
    rows = []
    for name, version in sorted(newest.items()):
        by = used.get(name, {})
        rows.append(PackRow(
            name, str(version.summary.get("title", "")), version, state_of(version, by.get(version.version, ())),
            len(rules_of(version)), sorted({one for each in by.values() for one in each}),
            version.id in asked, reverse("pack", args=[tenant.slug, name, version.version]),
        ))  # fmt: skip
    return rows


def rules_of(version: PackVersion) -> list[dict[str, Any]]:
    """What the pack says of its rules, without the built-in one about cells that cannot be read."""
    return [rule for rule in version.summary.get("rules", []) if rule["type"] != "parse"]


def _used() -> Mapping[str, Mapping[str, list[str]]]:
    """Titles of the datasets each version judges, by pack and version."""
    found: dict[str, dict[str, list[str]]] = {}
    for dataset in Dataset.objects.filter(active_version__isnull=False).select_related("active_version__pack"):
        version = dataset.active_version
        found.setdefault(version.pack.name, {}).setdefault(version.version, []).append(str(dataset))
    return found


def version_context(version: PackVersion, identity: Identity, tab: str, slug: str) -> dict[str, Any]:
    """Everything the page of a version shows."""
    siblings = sorted(versions().filter(pack=version.pack), key=lambda one: version_order(one.version), reverse=True)
    used = _used().get(version.pack.name, {})
    base = base_of(version, siblings)
    changes = changes_between(base, version) if base else []
    asked = approval_of(version)
    rules = rules_of(version)
    return {
        "version": version,
        "words": words_of(version),
        "state": state_of(version, used.get(version.version, ())),
        "used_by": used.get(version.version, []),
        "rules": rules,
        "uncited": [rule["code"] for rule in rules if not rule.get("authority")],
        "siblings": [(one, state_of(one, used.get(one.version, ())), reverse("pack", args=[slug, one.pack.name,
                      one.version])) for one in siblings],
        "base": base,
        "changes": changes,
        "approval": asked,
        "history": history_of(version),
        "turn": turn_of(version, asked, identity),
        "tab": tab if tab in TABS else ("changes" if base and version.status == Status.CANDIDATE else "rules"),
    }  # fmt: skip


def base_of(version: PackVersion, siblings: list[PackVersion]) -> PackVersion | None:
    """What a version is compared with: the published one with the highest number below its own."""
    mine = version_order(version.version)
    below = [one for one in siblings if one.status == Status.PUBLISHED and version_order(one.version) < mine]
    return below[0] if below else None


def changes_between(old: PackVersion, new: PackVersion) -> list[str]:
    """What changed, as sentences."""
    return list(_changes(old.archive, old.content_hash, new.archive, new.content_hash))


@lru_cache(maxsize=64)
def _changes(old: str, old_hash: str, new: str, new_hash: str) -> tuple[str, ...]:
    return tuple(str(change) for change in pack_changes(archive_folder(old, old_hash), archive_folder(new, new_hash)))


def turn_of(version: PackVersion, asked: Approval | None, identity: Identity) -> Turn:
    """Who has to act now. Approving stays in sight for all, with the reason why somebody cannot."""
    drafts, approves = identity.may(Permission.DRAFT), identity.may(Permission.APPROVE)
    publishes = identity.may(Permission.ACTIVATE)
    if version.status == Status.DRAFT:
        return Turn(_sent_back(asked) or "Not submitted yet", may_submit=drafts)
    if version.status != Status.CANDIDATE or asked is None:
        return Turn(f"Approved by {approvers(asked)}" if asked and asked.approver else "")
    if has_expired(asked):
        return Turn("The request for approval has run out", may_submit=drafts)
    assert identity.tenant is not None
    policy = policy_of(identity.tenant).approvals
    if asked.sole_operator and not policy.sole_operator:
        return Turn("Approved by its author, which the policy does not allow any more", may_return=approves)
    if asked.status == Approval.Status.APPROVED and not is_short(asked, policy):
        who = f"Approved by {approvers(asked)}" + (", who wrote it, as the only member" if asked.sole_operator else "")
        waits = "" if publishes else "; an owner or admin publishes it"
        return Turn(who + waits, may_return=approves, may_publish=publishes, enough=True)
    own = identity.user is not None and identity.user.pk in (asked.author_id, asked.editor_id)
    alone = own and approves and policy.sole_operator and _alone(identity)
    not_you = ""
    if not approves:
        not_you = "Needs the role owner, admin or reviewer"
    elif own and not alone:
        not_you = "You wrote this version; another member approves it"
    elif identity.user is not None and identity.user.pk == asked.approver_id:
        not_you = "You approved it; another member has to"
    given = f"{asked.given} of {approvals_needed(asked, policy)} approvals"
    return Turn(given, may_approve=not not_you, may_return=approves, not_you=not_you, alone=alone)


def approvers(asked: Approval) -> str:
    """Who approved."""
    return " and ".join(str(person) for person in (asked.approver, asked.second_approver) if person)


def _sent_back(asked: Approval | None) -> str:
    return f"Changes requested: {asked.reason}" if asked and asked.status == Approval.Status.REFUSED else ""


def _alone(identity: Identity) -> bool:
    assert identity.tenant is not None
    return identity.tenant.memberships.filter(user__is_active=True).count() == 1
