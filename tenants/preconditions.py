"""`If-Match`: a change that is meant for what its sender has seen, and for nothing newer."""

from django.utils.http import parse_etags

from tenants.problems import Refusal, ValidationProblem, unexpected

HEADER = "If-Match"


class Stale(Refusal):
    """The thing has changed since the caller saw it."""

    status = 412
    code = "stale"


def unchanged_since(header: str | None, etag: str) -> None:
    """Raises `Stale` unless the header, when there is one, names this version; `ValidationProblem` when it names none.

    Weak tags count: a compressed answer carries no other, and ours name content, not bytes.
    """
    if header is None:
        return
    named = parse_etags(header)
    if not named:
        reason = unexpected(header, 'an ETag like W/"…", or *')
        raise ValidationProblem(f"{HEADER}: {reason}", fields={HEADER: reason})
    if named != ["*"] and etag.removeprefix("W/") not in {tag.removeprefix("W/") for tag in named}:
        raise Stale(f"It has changed since: its ETag is {etag}", fields={HEADER: unexpected(header, etag)})
