"""Signing in by program: address and password, through the same checks and limits as the browser's."""

from allauth.account.adapter import get_adapter
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from tenants.access.identity import memberships_of
from tenants.access.problems import BadCredential
from tenants.access.tokens import Issued, tokens_open
from tenants.accounts.models import User
from tenants.problems import TooMany, ValidationProblem


def sign_in_by_program(request: HttpRequest, *, email: str, password: str, tenant: str) -> Issued:
    """Tokens for the tenant that is named, or for the only one there is.

    Raises `BadCredential`, in the same words whatever is wrong; `TooMany` when the account or the address is locked;
    `ValidationProblem` when the person has to say which tenant.
    """
    try:
        user = get_adapter(request).authenticate(request, email=email, password=password)
    except ValidationError as error:
        raise TooMany(" ".join(error.messages)) from error
    if not isinstance(user, User):
        raise BadCredential
    memberships = memberships_of(user)
    found = [one.tenant for one in memberships if tenant in ("", one.tenant.slug)]
    if not found:
        raise BadCredential
    if len(found) > 1:
        raise ValidationProblem("Name the tenant", fields={"tenant": "required"})
    return tokens_open(user=user, tenant=found[0])
