"""Sessions in the database, encrypted: they hold the secret of an app that is being set up, and the key of a reset."""

from typing import Any

from django.contrib.sessions.backends import db

from tenants.encryption import Unreadable, decrypted, encrypted

PURPOSE = "session"


class SessionStore(db.SessionStore):
    """Django's own, but for how the content is written."""

    def encode(self, session_dict: dict[str, Any]) -> str:
        return encrypted(self.serializer().dumps(session_dict), PURPOSE)

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        """A session that cannot be read is an empty one: its owner signs in again."""
        try:
            found: dict[str, Any] = self.serializer().loads(decrypted(str(session_data), PURPOSE))
        except Unreadable:
            return {}
        return found
