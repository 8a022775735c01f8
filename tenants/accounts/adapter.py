"""How allauth behaves here: people are invited, and every sign-in leaves an audit event."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from tenants.accounts.models import User
from tenants.accounts.sign_in_log import account_or_platform, acting, note
from tenants.context import ANONYMOUS

NOTED = {
    "mfa/email/totp_activated": "user.second_factor_set",
    "mfa/email/totp_deactivated": "user.second_factor_removed",
    "mfa/email/recovery_codes_generated": "user.recovery_codes_made",
    "account/email/password_reset": "user.password_reset",
    "account/email/password_changed": "user.password_changed",
    "account/email/password_set": "user.password_changed",
}
"""Notices to a person about their account, and the events they stand for."""


class AccountAdapter(DefaultAccountAdapter):
    """Sign-up is closed."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def login(self, request: HttpRequest, user: User) -> None:
        """Called once all stages of a sign-in have passed."""
        super().login(request, user)
        note("user.signed_in", user, acting(user))

    def logout(self, request: HttpRequest) -> None:
        """Called before the session ends."""
        user = request.user
        super().logout(request)
        if isinstance(user, User):
            note("user.signed_out", user, acting(user))

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """By the account alone: the library adds the header `Host`, any port of which is taken."""
        return str(credentials.get("email", "")).lower()

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Raises `ValidationError` while account or address are locked, in the same words for every account."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            note("user.locked_out", account_or_platform(str(credentials.get("email", ""))), ANONYMOUS)
            raise

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Wrong password or unknown address. Which of both is told to the log only, by the account's id."""
        super().authentication_failed(request, **credentials)
        note("user.sign_in_failed", account_or_platform(str(credentials.get("email", ""))), ANONYMOUS)

    def set_password(self, user: User, password: str) -> None:
        """Another password ends every other session and all tokens."""
        user.sign_in_epoch += 1
        super().set_password(user, password)

    def send_notification_mail(
        self, template_prefix: str, user: User, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """Tell the person, and the log."""
        if action := NOTED.get(template_prefix):
            note(action, user, acting(user))
        super().send_notification_mail(template_prefix, user, context, email)
