"""The broker of an installation without services: kombu's folder of messages, each there whole or not at all."""

import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    """Kombu's own opens a message under its name, then writes it: a worker that looks then reads half, and ends."""

    # Kombu's classes name the message in two ways.
    def _put(self, queue: str, payload: dict[str, Any], **kwargs: Any) -> None:  # type: ignore[override]
        """Write beside the queue, whose messages end in its name, then rename."""
        name = f"{round(time.monotonic() * 1000)}_{uuid4()}.{queue}.msg"
        draft = Path(self.data_folder_out, f"{name}.draft")
        draft.write_text(dumps(payload))
        draft.replace(draft.with_name(name))


class Transport(filesystem.Transport):
    """What the scheme `filesystem` means here."""

    Channel = Channel


def use() -> None:
    """Have kombu take this transport for its own."""
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"
