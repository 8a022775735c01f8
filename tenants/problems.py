"""Why something asked for was not done: raised by commands and services, answered as problem+json or beside a field."""

from collections.abc import Mapping

SHOWN = 80
"""Characters of a wrong value that are repeated to its sender."""


def unexpected(value: object, expected: str) -> str:
    """E.g. `'x', expected a whole number`."""
    text = repr(value)
    return f"{text if len(text) <= SHOWN else text[:SHOWN] + '…'}, expected {expected}"


class Refusal(Exception):
    """A request that cannot be carried out as asked. `detail` is written for people, `code` for programs."""

    status = 400
    code = "refused"
    retry_after = 0
    """Seconds after which the same may be asked again; 0 when that would not help."""

    def __init__(self, detail: str, *, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.fields = dict(fields or {})


class ValidationProblem(Refusal):
    """Input that is wrong. `fields` says what, by the name of the field or parameter."""

    code = "invalid"


class UnknownReference(Refusal):
    """The thing named does not exist, or belongs to somebody else."""

    status = 404
    code = "not_found"


class NotAllowed(Refusal):
    """The caller's role does not reach that far."""

    status = 403
    code = "permission_denied"


class StateConflict(Refusal):
    """The thing is not in a state that allows this."""

    status = 409
    code = "conflict"


class TooMany(Refusal):
    """Asked too often."""

    status = 429
    code = "rate_limited"


class TooLarge(Refusal):
    """More bytes than the limit allows."""

    status = 413
    code = "too_large"
