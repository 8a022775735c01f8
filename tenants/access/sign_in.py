"""Signing in by program: address, password and code, through the same checks and limits as the browser's."""

from allauth.account.adapter import get_adapter
from allauth.mfa.base.internal.flows import check_rate_limit
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from tenants.access.identity import memberships_of
from tenants.access.problems import BadCredential
from tenants.access.tokens import Issued, tokens_open
from tenants.accounts.models import User
from tenants.accounts.second_factor import code_accepted
from tenants.accounts.sign_in_log import note
from tenants.context import ANONYMOUS
from tenants.problems import TooMany, ValidationProblem


def sign_in_by_program(request: HttpRequest, *, email: str, password: str, code: str, tenant: str) -> Issued:
    """Tokens for the tenant that is named, or for the only one there is.

    Raises `BadCredential`, in the same words whatever is wrong; `TooMany` when the account or the address is locked;
    `ValidationProblem` when the person has to say which tenant.
    """
    try:
        user = get_adapter(request).authenticate(request, email=email, password=password)
        if not isinstance(user, User) or not _code_shown(user, code):
            raise BadCredential
    except ValidationError as error:
        raise TooMany(" ".join(error.messages)) from error
    memberships = memberships_of(user)
    found = [one.tenant for one in memberships if tenant in ("", one.tenant.slug)]
    if not found:
        raise BadCredential
    if len(found) > 1:
        raise ValidationProblem("Name the tenant", fields={"tenant": "required"})
    return tokens_open(user=user, tenant=found[0])


def _code_shown(user: User, code: str) -> bool:
    """Raises `ValidationError` after too many wrong codes, in a browser or here."""
    forget = check_rate_limit(user)
    if code_accepted(user, code):
        forget()
        return True
    note("user.code_refused", user, ANONYMOUS)
    return False
