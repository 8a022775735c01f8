"""Why a credential is not taken."""


class BadCredential(Exception):
    """A key or token was sent that is not valid; it is never passed over in silence. No detail: it would help guess."""

    detail = "Invalid authentication credentials"


class Revoked(BadCredential):
    """The token was valid once, and has been taken back."""

    detail = "Token has been revoked"
