"""Packs as a tenant knows them. A shipped pack is installed into each tenant as its own rows."""

from django.db import models

from tenants.scoping import TenantOwned


class Pack(TenantOwned):
    """A named line of versions, `suite.area.name`."""

    name = models.CharField(max_length=120)
    title = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "rulepacks"
        constraints = (models.UniqueConstraint(fields=("tenant", "name"), name="pack_name_per_tenant"),)

    def __str__(self) -> str:
        return self.name


class PackVersion(TenantOwned):
    """One version: its files lie in storage under their content hash and never change from candidate on."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        CANDIDATE = "candidate", "Candidate"
        PUBLISHED = "published", "Published"
        WITHDRAWN = "withdrawn", "Withdrawn"

    pack = models.ForeignKey(Pack, on_delete=models.PROTECT, related_name="versions")
    version = models.CharField(max_length=40)
    content_hash = models.CharField(max_length=64)
    archive = models.CharField(max_length=300, help_text="Name of the zip archive in storage.")
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    author = models.ForeignKey(
        "tenants.User", on_delete=models.PROTECT, related_name="+", null=True, help_text="Nobody for a shipped pack."
    )
    editor = models.ForeignKey(
        "tenants.User", on_delete=models.PROTECT, related_name="+", null=True, help_text="Whose content it has."
    )
    summary = models.JSONField(default=dict, help_text="Title, labels, inputs, parameters and rules, for display.")
    created_at = models.DateTimeField(auto_now_add=True)
    published_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "rulepacks"
        constraints = (models.UniqueConstraint(fields=("tenant", "pack", "version"), name="pack_version_per_tenant"),)

    def __str__(self) -> str:
        return f"{self.pack.name}@{self.version}"
