"""Actions of the admin: commands, with their outcome told as a message."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from tenants.problems import Refusal


def applied(request: HttpRequest, done: str, command: Callable[..., object], *arguments: object) -> bool:
    """Run the command; say `done`, or why it was refused."""
    try:
        command(*arguments)
    except Refusal as refusal:
        messages.error(request, refusal.detail)
        return False
    messages.success(request, done)
    return True


def followed(url: str) -> HttpResponse:
    """Sends the browser on from a dialog, which is filled by script."""
    return HttpResponse(headers={"HX-Redirect": url})
