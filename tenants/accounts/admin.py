"""Admin screens of tenants, people and memberships."""

from typing import Any

from allauth.account.models import EmailAddress
from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter

from tenants.accounts.models import Membership, Tenant, User
from tenants.accounts.services import (
    member_add,
    membership_change,
    membership_remove,
    tenant_change,
    tenant_create,
    user_change,
    user_create,
)
from tenants.console.access import is_platform_staff, may_configure
from tenants.console.bases import ConsoleAdmin, PlatformAdmin, TenantAdmin
from tenants.console.forms import RefusableForm
from tenants.context import current_tenant_id

admin.site.unregister([Group, EmailAddress])
