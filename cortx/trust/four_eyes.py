"""P9: nobody approves their own work."""

from collections.abc import Callable

from django.db import Error, models, transaction
from django.db.models import F, Q

from cortx.trust.declared import missing
from cortx.trust.ground import Ground
from cortx.trust.identified import person
from cortx.trust.promise import Measured, Promise
from tenants.accounts.models import Tenant, User
from tenants.approvals.models import Approval
from tenants.approvals.services import approval_give, approval_request
from tenants.context import tenant_scope
from tenants.problems import Refusal

CONTENT = "0" * 64


def measure(ground: Ground) -> Measured:
    """Own approvals by every way there is, another's, a second one; and what the database holds already."""
    with transaction.atomic(), tenant_scope(ground.tenant.id):
        author, other, third = (person(ground.tenant) for _ in range(3))
        passed, tries = bypasses(ground.tenant, author, other, third)
        transaction.set_rollback(True)
    given, own, alone = approvals_stored()
    lost = missing(models.CheckConstraint)
    faults = [
        f"not as promised: {', '.join(passed)}" if passed else "",
        f"{own} approvals were given by their author" if own else "",
        f"the database lacks {', '.join(lost)}" if lost else "",
    ]
    reason = "; ".join(fault for fault in faults if fault)
    told = f"bypasses: {len(passed) + own} in {tries} tries and {given:,} approvals given"
    return Measured(f"{told}; on record as only member: {alone:,}", not reason, reason)


def bypasses(tenant: Tenant, author: User, other: User, third: User) -> tuple[list[str], int]:
    """What did not end as promised, and how many tries there were. Somebody else's approval has to go through."""
    asked = approval_request(subject=tenant, content_hash=CONTENT, author=author, editor=other)
    stored = Approval.objects.filter(id=asked.id)

    def give(user: User, *, content_hash: str = CONTENT, sole_operator: bool = False) -> Callable[[], object]:
        return lambda: approval_give(
            subject=tenant, content_hash=content_hash, person=user, sole_operator=sole_operator
        )

    tries: dict[str, Callable[[], object]] = {
        "by its author": give(author),
        "by its last editor": give(other),
        "by its author as an only member of several": give(author, sole_operator=True),
        "of other content": give(third, content_hash="1" * 64),
        "by its author in SQL": lambda: stored.update(approver=author, status=Approval.Status.APPROVED),
        "by its last editor in SQL": lambda: stored.update(approver=other, status=Approval.Status.APPROVED),
    }
    passed = [name for name, attempt in tries.items() if carried_out(attempt)]
    if passed:
        return passed, len(tries)
    refused = [] if carried_out(give(third), keep=True) else ["by somebody else, refused"]
    again = ["a second time"] if carried_out(give(third)) else []
    return [*refused, *again], len(tries) + 2


def carried_out(attempt: Callable[[], object], *, keep: bool = False) -> bool:
    """Whether it went through; what it did is taken back unless `keep`."""
    try:
        with transaction.atomic():
            attempt()
            transaction.set_rollback(not keep)
    except (Refusal, Error):
        return False
    return True


def approvals_stored() -> tuple[int, int, int]:
    """Approvals given in all tenants, those by who made the content, and those of only members on record."""
    given = own = alone = 0
    by_maker = Q(approver=F("author")) | Q(approver=F("editor"))
    for tenant_id in Tenant.objects.values_list("id", flat=True):
        with tenant_scope(tenant_id):
            counts = Approval.objects.exclude(approver=None).aggregate(
                given=models.Count("id"),
                own=models.Count("id", filter=by_maker & Q(sole_operator=False)),
                alone=models.Count("id", filter=Q(sole_operator=True)),
            )
        given, own, alone = given + counts["given"], own + counts["own"], alone + counts["alone"]
    return given, own, alone


PROMISE = Promise(
    key="P9",
    name="Nobody approves their own work",
    tried="Approval by author and last editor, by service and by SQL; all approvals given; the check constraints",
    target="0 bypasses; every check constraint is there",
    measure=measure,
)
