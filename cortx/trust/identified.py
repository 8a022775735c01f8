"""P8: identity is strict."""

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import jwt
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from cortx.trust.asked import Answer, ask
from cortx.trust.ground import Ground
from cortx.trust.promise import Measured, Promise
from tenants.access.problems import BadCredential, Revoked
from tenants.access.tokens import Issued, tokens_open, tokens_refresh
from tenants.accounts.models import Membership, Tenant, User
from tenants.accounts.services import membership_add, user_create
from tenants.scoping import new_id

ASKED = "/api/v1/records"
Said = dict[str, Any]


def measure(ground: Ground) -> Measured:
    """A person who exists for the length of a transaction, their token, and forgeries of it."""
    with transaction.atomic():
        issued = tokens_open(user=person(ground.tenant), tenant=ground.tenant)
        genuine = answer_to(issued.access).status
        said = jwt.decode(issued.access, options={"verify_signature": False})
        refusals = {name: answer_to(text) for name, text in forgeries(said)}
        late = revoked(issued)
        transaction.set_rollback(True)
    accepted = [name for name, answer in refusals.items() if not is_plain(answer)]
    faults = [
        f"accepted, or refused with another answer: {', '.join(accepted)}" if accepted else "",
        f"the genuine token was answered with {genuine}" if genuine != 200 else "",
        late,
    ]
    reason = "; ".join(fault for fault in faults if fault)
    figure = f"{len(accepted)} of {len(refusals)} forgeries accepted; {'1 request' if not late else 'more'} to revoke"
    return Measured(figure, not reason, reason)


def person(tenant: Tenant) -> User:
    """A new analyst of the tenant; the caller rolls them back."""
    user = user_create(email=f"{new_id()}@trust-check.invalid")
    membership_add(tenant=tenant, user=user, role=Membership.Role.ANALYST)
    return user


def answer_to(token: str) -> Answer:
    """What the API answers to whoever sends it."""
    return ask("GET", ASKED, headers={"Authorization": f"Bearer {token}"})


def is_plain(answer: Answer) -> bool:
    """Refused in the words that every refusal has."""
    detail = answer.json["detail"] if answer.status == 401 else ""
    return detail == BadCredential().detail and "www-authenticate" in answer.headers


def forgeries(said: Said) -> Iterator[tuple[str, str]]:
    """Tokens that only nearly are what was issued."""
    past = timezone.now() - timedelta(minutes=1)
    yield "another key", signed(said, key="x" * 64)
    yield "no algorithm", unsigned(said)
    for algorithm in sorted({"HS256", "HS384", "HS512"} - {settings.JWT_ALGORITHM}):
        yield algorithm, signed(said, algorithm=algorithm)
    yield "expired", signed({**said, "exp": past})
    yield "another issuer", signed({**said, "iss": "elsewhere"})
    yield "another audience", signed({**said, "aud": "elsewhere"})
    yield "another type", signed({**said, "typ": "refresh"})
    yield "another person", signed({**said, "sub": str(new_id())})
    yield "another pair", signed({**said, "jti": str(new_id())})
    for name in ("iss", "aud", "exp", "typ", "jti", "tenant_id"):
        yield f"without {name}", signed({key: value for key, value in said.items() if key != name})
    yield "a key of its own", signed(said, key="x" * 64, headers={"jku": "http://example.invalid/", "kid": "../key"})
    body, _, signature = signed(said).rpartition(".")
    yield "a signature cut short", f"{body}.{signature[:-4]}"
    yield "words changed", ".".join([body.split(".")[0], encoded({**said, "tenant_id": str(new_id())}), signature])


def signed(said: Said, *, key: str = "", algorithm: str = "", headers: Said | None = None) -> str:
    """A token; signed with the installation's own key and algorithm unless told."""
    return jwt.encode(said, key or settings.JWT_SECRET_KEY, algorithm or settings.JWT_ALGORITHM, headers=headers)


def unsigned(said: Said) -> str:
    """A token that says it needs no signature."""
    return f"{encoded({'alg': 'none', 'typ': 'JWT'})}.{encoded(said)}."


def encoded(document: Said) -> str:
    """JSON in base64url, as RFC 7515 has it."""
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def revoked(issued: Issued) -> str:
    """What is wrong with how a sign-in ends when its refresh token comes a second time; empty when nothing is."""
    newer = tokens_refresh(issued.refresh)
    try:
        tokens_refresh(issued.refresh)
    except Revoked:
        statuses = [answer_to(pair.access).status for pair in (issued, newer)]
    else:
        return "a refresh token was taken twice"
    return "" if statuses == [401, 401] else f"tokens of a revoked sign-in were answered with {statuses}"


PROMISE = Promise(
    key="P8",
    name="Identity is strict",
    tried="A genuine access token and forgeries of it over the API, a refresh token sent twice",
    target="0 forgeries accepted; revoked on the next request",
    measure=measure,
)
