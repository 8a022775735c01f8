"""Admin screen of API keys."""

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from tenants.access.keys import key_issue, key_revoke
from tenants.access.models import ApiKey
from tenants.access.roles import SCOPES, Permission
from tenants.accounts.models import Tenant
from tenants.console.actions import applied
from tenants.console.bases import TenantAdmin
from tenants.context import current_tenant_id
from tenants.idempotency.forms import FIELD, form_drawn, form_once


class KeyForm(forms.ModelForm):
    """What the key is called and what it allows."""

    scopes = forms.MultipleChoiceField(
        choices=[(scope, scope.capitalize()) for scope in SCOPES], widget=UnfoldAdminCheckboxSelectMultipleWidget
    )

    once = forms.CharField(widget=forms.HiddenInput, initial=form_drawn, required=False)

    class Meta:
        model = ApiKey
        fields = ("name", "scopes", "expires_at")


@admin.register(ApiKey)
class ApiKeyScreen(TenantAdmin):
    """The tenant's keys. The text of a key is shown once, right after it was issued."""

    permission = Permission.CONFIGURE_KEYS
    form = KeyForm
    list_display = ("name", "prefix", "allowed", "created_at", "expires_at", "last_used_at", "revoked_at")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    search_fields = ("name", "=prefix")
    ordering = ("name", "id")
    actions = ("revoke",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        found: QuerySet[ApiKey] = super().get_queryset(request)
        return found.filter(tenant_id=current_tenant_id())

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        later = ("prefix", "created_at", "last_used_at", "revoked_at")
        return ("name", "allowed", "expires_at", *later) if obj else ("name", "scopes", "expires_at", FIELD)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """A key is revoked, never edited."""
        return obj is None and super().has_change_permission(request)

    @display(description="Allows")
    def allowed(self, key: ApiKey) -> str:
        return ", ".join(key.scopes)

    def save_model(self, request: HttpRequest, obj: ApiKey, form: forms.ModelForm, change: bool) -> None:
        """The key is issued where its text is shown."""

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        """Issue the key and show its text: on this page only."""
        tenant = Tenant.objects.get(pk=current_tenant_id())
        text = form_once(
            request,
            lambda: key_issue(tenant=tenant, name=obj.name, scopes=obj.scopes, expires_at=obj.expires_at)[1],
        )
        context = {**self.admin_site.each_context(request), "title": "Key issued", "key": obj, "text": text}
        return TemplateResponse(request, "console/key_issued.html", context)

    @admin.action(description="Revoke")
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        for key in queryset:
            applied(request, f"{key} is revoked.", key_revoke, key)
