"""Admin screens of tenants, people and memberships."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminPasswordWidget

from tenants import commands
from tenants.access.roles import Permission
from tenants.accounts import services
from tenants.accounts.models import Membership, Tenant, User
from tenants.console.access import administering, is_platform_staff, may_enter
from tenants.console.bases import PlatformAdmin, TenantAdmin
from tenants.context import current_tenant_id

admin.site.unregister([Group, EmailAddress, Authenticator])


@admin.register(Tenant)
class TenantScreen(PlatformAdmin):
    """All tenants for platform staff; their own for a tenant's administrators, to look at."""

    list_display = ("name", "slug", "environment", "time_zone", "public_reads", "is_active", "created_at")
    list_filter = (("is_active", BooleanRadioFilter),)
    search_fields = ("name", "slug")
    ordering = ("name",)
    fields = ("slug", "name", "environment", "time_zone", "public_reads", "is_active")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tenant]:
        found: QuerySet[Tenant] = super().get_queryset(request)
        return found if is_platform_staff(request) else found.filter(id=current_tenant_id())

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may_enter(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Tenant | None = None) -> tuple[str, ...]:
        return ("slug",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Tenant, form: forms.ModelForm, change: bool) -> None:
        """By service, so that the log tells of it."""
        values = {name: getattr(obj, name) for name in self.fields if name != "slug"}
        if change:
            services.tenant_change(obj, **values)
        else:
            obj.pk = services.tenant_create(slug=obj.slug, **values).pk


class UserForm(forms.ModelForm):
    """A person's account. Without a password they set one by mail."""

    password = forms.CharField(required=False, widget=UnfoldAdminPasswordWidget, help_text="Blank: set by mail.")

    class Meta:
        model = User
        fields = ("email", "name", "is_staff")


@admin.register(User)
class UserScreen(PlatformAdmin):
    """All accounts."""

    list_display = ("email", "name", "is_staff", "is_active", "last_login", "created_at")
    list_filter = (("is_staff", BooleanRadioFilter), ("is_active", BooleanRadioFilter))
    search_fields = ("email", "name")
    ordering = ("email",)
    fields = ("email", "name", "is_staff", "is_active")

    def get_form(self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **kwargs) if obj else UserForm

    def get_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        return self.fields if obj else ("email", "name", "password", "is_staff")

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        return ("email",) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: User, form: forms.ModelForm, change: bool) -> None:
        """By service, so that the log tells of it."""
        if change:
            services.user_change(obj, name=obj.name, is_staff=obj.is_staff, is_active=obj.is_active)
            return
        password = form.cleaned_data["password"] or None
        obj.pk = services.user_create(email=obj.email, name=obj.name, is_staff=obj.is_staff, password=password).pk


class MemberForm(forms.ModelForm):
    """A member is named by address, so that no list of other tenants' people is shown."""

    email = forms.EmailField(label="E-mail address", widget=UnfoldAdminEmailInputWidget)

    class Meta:
        model = Membership
        fields = ("role",)


@admin.register(Membership)
class MembershipScreen(TenantAdmin):
    """Who belongs to the tenant, in which role."""

    permission = Permission.CONFIGURE_PEOPLE
    list_display = ("user", "email", "role", "created_at")
    list_filter = (("role", ChoicesDropdownFilter),)
    list_select_related = ("user", "tenant")
    search_fields = ("user__email", "user__name")
    ordering = ("user__email",)
    fields = ("user", "role", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        found: QuerySet[Membership] = super().get_queryset(request)
        return found.filter(tenant_id=current_tenant_id())

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **kwargs if obj else {**kwargs, "form": MemberForm})

    def get_fields(self, request: HttpRequest, obj: Membership | None = None) -> tuple[str, ...]:
        return self.fields if obj else ("email", "role")

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> tuple[str, ...]:
        return ("user", "created_at") if obj else ()

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Platform staff only; others invite people, who join by themselves: adding would tell who has an account."""
        return is_platform_staff(request) and super().has_add_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_view_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Membership, form: forms.ModelForm, change: bool) -> None:
        """By service, so that the log tells of it."""
        caller = administering(request)
        if change:
            commands.member_role_set(caller, obj.pk, role=obj.role)
            return
        user = services.user_named(form.cleaned_data["email"])
        added = commands.member_add(caller, user=user, role=obj.role)
        obj.pk, obj.user, obj.tenant = added.pk, user, added.tenant

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        commands.member_remove(administering(request), obj.pk)

    def email(self, membership: Membership) -> str:
        return membership.user.email
