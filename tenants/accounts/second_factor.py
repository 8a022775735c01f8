"""The second factor: codes of an authenticator app (TOTP, RFC 6238) and recovery codes, kept encrypted."""

from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa import app_settings
from allauth.mfa.adapter import DefaultMFAAdapter, get_adapter
from allauth.mfa.base.forms import AuthenticateForm, BaseAuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.http import urlencode

from tenants.accounts.models import User
from tenants.accounts.sign_in_log import note
from tenants.context import ANONYMOUS
from tenants.encryption import decrypted, encrypted

PURPOSE = "second factor"


class SecondFactorAdapter(DefaultMFAAdapter):
    """Secrets are stored encrypted."""

    def encrypt(self, text: str) -> str:
        return encrypted(text.encode(), PURPOSE)

    def decrypt(self, encrypted_text: str) -> str:
        return decrypted(encrypted_text, PURPOSE).decode()

    def build_totp_svg(self, url: str) -> str:
        """The picture as an element of the page: the content security policy takes no data addresses."""
        return str(super().build_totp_svg(url)).partition("?>")[2]


class CodeOnce(BaseAuthenticateForm):
    """A form that takes a code."""

    def clean_code(self) -> str:
        """Raises `ValidationError` for a wrong or used code, and after too many for any; the log tells of each."""
        try:
            code = str(super().clean_code())
            if not first_shown(self.user, code):
                raise get_adapter().validation_error("incorrect_code")
        except ValidationError:
            note("user.code_refused", self.user, ANONYMOUS)
            raise
        return code


class CodeForm(CodeOnce, AuthenticateForm):
    """The second page of a sign-in."""


class CodeAgainForm(CodeOnce, ReauthenticateForm):
    """Where somebody who is signed in shows a code."""


def first_shown(user: User, code: str) -> bool:
    """Whether the code was not shown before, for as long as the app's codes are taken.

    The library remembers a used code for one period only, and takes it before and after as well.
    """
    seconds = app_settings.TOTP_PERIOD * (2 * app_settings.TOTP_TOLERANCE + 1)
    # By the installation's key: the cache holds no code, nor anything to guess one from.
    mark = salted_hmac(PURPOSE, f"{user.pk}:{normalize_user_code(code)}", algorithm="sha256").hexdigest()
    return bool(cache.add(f"second-factor-shown:{mark}", True, timeout=seconds))


def second_factor_set(user: User) -> bool:
    """Whether the person has an authenticator app."""
    return bool(Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists())


def second_factor_passed(request: HttpRequest) -> bool:
    """Whether a code was shown in this session."""
    records: list[dict[str, Any]] = get_authentication_records(request, request.user)
    return any(record["method"] == "mfa" for record in records)


def second_factor_page(user: User, back: str) -> str:
    """Where to show a code, or first to set an app up."""
    name = "mfa_reauthenticate" if second_factor_set(user) else "mfa_activate_totp"
    return f"{reverse(name)}?{urlencode({'next': back})}"


def code_accepted(user: User, code: str) -> bool:
    """Whether the code is the app's, or an unused recovery code, which it uses up; True without a second factor."""
    if not second_factor_set(user):
        return True
    found = Authenticator.objects.filter(user=user)
    accepted = any(authenticator.wrap().validate_code(code) for authenticator in found) if code else False
    return accepted and first_shown(user, code)
