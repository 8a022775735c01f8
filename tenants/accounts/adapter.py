"""How allauth behaves here: people are invited, and every sign-in leaves an audit event."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.db import transaction
from django.http import HttpRequest

from tenants.accounts.models import Tenant, User
from tenants.accounts.services import PLATFORM_TENANT_ID
from tenants.audit.services import audit_append
from tenants.context import ANONYMOUS, Actor, actor_scope, tenant_scope


class AccountAdapter(DefaultAccountAdapter):
    """Sign-up is closed."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def login(self, request: HttpRequest, user: User) -> None:
        """Called once all stages of a sign-in have passed."""
        super().login(request, user)
        note("user.signed_in", user, Actor("user", str(user.id), str(user)))

    def logout(self, request: HttpRequest) -> None:
        """Called before the session ends."""
        user = request.user
        super().logout(request)
        if isinstance(user, User):
            note("user.signed_out", user, Actor("user", str(user.id), str(user)))

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Wrong password or unknown address. Which of both is told to the log only, by the account's id."""
        super().authentication_failed(request, **credentials)
        user = User.objects.filter(email=str(credentials.get("email", "")).lower()).first()
        note("user.sign_in_failed", user or Tenant.objects.get(id=PLATFORM_TENANT_ID), ANONYMOUS)


def note(action: str, target: User | Tenant, actor: Actor) -> None:
    """One event in the log of the built-in tenant."""
    with transaction.atomic(), tenant_scope(PLATFORM_TENANT_ID), actor_scope(actor):
        audit_append(action, target)
