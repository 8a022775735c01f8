"""Second pairs of eyes: what was asked to be approved, by its content, and who decided."""

from django.db import models
from django.db.models import F, Q

from tenants.scoping import TenantOwned


class Approval(TenantOwned):
    """A request to approve one exact content of one thing. At most one of a thing is open.

    `needed` approvals were asked for, by different people; it is approved with the last of them.

    Whoever made or last edited the content does not approve it: the database refuses it too, unless the tenant had
    no other member, which is noted on the approval.
    """

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        APPROVED = "approved", "Approved"
        REFUSED = "refused", "Changes requested"
        VOID = "void", "Void"
        USED = "used", "Carried out"

    kind = models.CharField(max_length=40)
    object_id = models.UUIDField()
    object_label = models.CharField(max_length=200)
    content_hash = models.CharField(max_length=64)
    status = models.CharField(max_length=8, choices=Status, default=Status.PENDING)
    author = models.ForeignKey("tenants.User", on_delete=models.PROTECT, related_name="+")
    editor = models.ForeignKey("tenants.User", on_delete=models.PROTECT, related_name="+")
    approver = models.ForeignKey("tenants.User", on_delete=models.PROTECT, related_name="+", null=True)
    second_approver = models.ForeignKey("tenants.User", on_delete=models.PROTECT, related_name="+", null=True)
    needed = models.PositiveSmallIntegerField(default=1)
    sole_operator = models.BooleanField(default=False)
    reason = models.CharField(max_length=1000, blank=True)
    requested_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()

    class Meta:
        app_label = "tenants"
        constraints = (
            models.UniqueConstraint(
                fields=("tenant", "kind", "object_id"),
                condition=Q(status__in=("pending", "approved")),
                name="one_open_approval",
            ),
            models.CheckConstraint(
                condition=Q(sole_operator=True)
                | Q(approver=None)
                | (~Q(approver=F("author")) & ~Q(approver=F("editor"))),
                name="approver_is_another",
            ),
            models.CheckConstraint(
                condition=Q(second_approver=None)
                | (
                    ~Q(second_approver=F("author"))
                    & ~Q(second_approver=F("editor"))
                    & ~Q(second_approver=F("approver"))
                ),
                name="second_approver_is_another",
            ),
        )

    def __str__(self) -> str:
        return self.object_label

    @property
    def given(self) -> int:
        """How many people approved it."""
        return sum(person is not None for person in (self.approver_id, self.second_approver_id))
