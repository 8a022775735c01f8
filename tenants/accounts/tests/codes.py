"""An authenticator app for tests."""

import time

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value

from tenants.models import User

PERIOD = 30


def code_of(secret: str, later: int = 0) -> str:
    """What the app shows now, or `later` periods from now."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // PERIOD + later)))


def app_set_up(user: User) -> str:
    """The secret of an app set up for the person."""
    secret = str(generate_totp_secret())
    TOTP.activate(user, secret)
    return secret


def recovery_codes_made(user: User) -> list[str]:
    """Codes to use in place of the app."""
    return list(RecoveryCodes.activate(user).get_unused_codes())
