"""The key that signs checkpoints: one for the installation, in a file or the environment, never in the database."""

import base64
import binascii
import os
import secrets
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

SEED_BYTES = 32


def signing_key() -> Ed25519PrivateKey:
    """The installation's key. Raises `ImproperlyConfigured` when there is none, or when it is none."""
    return _read(settings.AUDIT_KEY or _kept())


def signing_key_ensure() -> None:
    """Make the key, once, where nobody gave one."""
    file = Path(settings.AUDIT_KEY_FILE)
    if settings.AUDIT_KEY or file.exists():
        return
    draft = file.with_name(f"{file.name}-{secrets.token_hex(8)}")
    draft.touch(mode=0o600)
    draft.write_text(base64.b64encode(secrets.token_bytes(SEED_BYTES)).decode())
    # Whoever links first decides, with a whole file.
    with suppress(FileExistsError):
        os.link(draft, file)
    draft.unlink()


def _kept() -> str:
    try:
        return Path(settings.AUDIT_KEY_FILE).read_text()
    except OSError as error:
        raise ImproperlyConfigured(
            f"{settings.AUDIT_KEY_FILE} holds the key that signs the audit log and cannot be read "
            f"({error.strerror}); `manage.py set_up` makes one, or set AUDIT_KEY"
        ) from error


@lru_cache(maxsize=4)
def _read(text: str) -> Ed25519PrivateKey:
    try:
        return Ed25519PrivateKey.from_private_bytes(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError) as error:
        raise ImproperlyConfigured(f"AUDIT_KEY is not {SEED_BYTES} bytes in base64") from error
