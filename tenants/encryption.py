"""What is stored encrypted, by keys derived from the installation's own; a copied database is not enough to read it.

A text names the key it was encrypted with, so that `SECRET_KEY` can be replaced: the former one moves to
`SECRET_KEY_FALLBACKS` and reads what it has written.
"""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


class Unreadable(Exception):
    """The text was changed, or its key is gone."""


def encrypted(data: bytes, purpose: str) -> str:
    """`data` as `<key id>.<Fernet token>`, to be read for the same purpose only (at most 16 characters)."""
    key = settings.SECRET_KEY
    return f"{key_id(key)}.{_cipher(key, purpose).encrypt(data).decode()}"


def decrypted(text: str, purpose: str) -> bytes:
    """What was encrypted. A text without a key id is the present key's. Raises `Unreadable`."""
    named, _, token = text.rpartition(".")
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        if named in {"", key_id(key)}:
            try:
                return _cipher(key, purpose).decrypt(token.encode())
            except InvalidToken as error:
                raise Unreadable(f"what was stored for {purpose} is not what was written") from error
    raise Unreadable(f"the key {named} is in neither SECRET_KEY nor SECRET_KEY_FALLBACKS")


def key_id(key: str) -> str:
    """Eight hex digits that tell keys apart and say nothing about them."""
    return hashlib.blake2b(key.encode(), digest_size=4, person=b"key id").hexdigest()


def _cipher(key: str, purpose: str) -> Fernet:
    digest = hashlib.blake2b(key.encode(), digest_size=32, person=purpose.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(digest))
