"""A form that is sent twice as it was drawn once, as by a double click, is carried out once."""

import hashlib
import secrets
from collections.abc import Callable

from django.db import transaction
from django.http import HttpRequest

from tenants.context import current_actor
from tenants.idempotency.services import Answer, answer_once

FIELD = "once"
"""Name of the hidden field, which says what `form_drawn` gave."""


def form_drawn() -> str:
    """What tells one drawing of a form from any other."""
    return secrets.token_hex(32)


@transaction.atomic
def form_once(request: HttpRequest, carry_out: Callable[[], str]) -> str:
    """What `carry_out` says; for the same person, address, drawing and entries again what it said the first time.

    Must run in the bound tenant. A form that says nothing of its drawing is carried out.
    """
    if not request.POST.get(FIELD):
        return carry_out()
    said = [current_actor().id, request.path, *(f"{name}={values}" for name, values in sorted(request.POST.lists())
            if name != "csrfmiddlewaretoken")]  # fmt: skip
    digest = hashlib.sha256("\0".join(said).encode()).hexdigest()
    # The space keeps it apart from whatever is sent as Idempotency-Key.
    answer = answer_once(f"form {digest}", lambda: digest, lambda: Answer(200, {}, carry_out().encode()))
    return answer.body.decode()
