"""The embedded broker: a folder of messages."""

from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from celery import Celery
from kombu.utils.json import dumps

from cortx import doorbell


def test_a_message_is_not_there_before_it_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = {"data_folder_in": str(tmp_path), "data_folder_out": str(tmp_path), "control_folder": str(tmp_path)}
    app = Celery(broker="filesystem://", broker_transport_options=folders)
    with app.connection_for_write() as connection:
        channel = connection.default_channel
        assert isinstance(channel, doorbell.Channel)

        def looked_for_meanwhile(payload: Any) -> str:
            with pytest.raises(Empty):
                channel._get("celery")
            return dumps(payload)

        monkeypatch.setattr(doorbell, "dumps", looked_for_meanwhile)
        channel._put("celery", {"body": "x"})
        assert channel._get("celery") == {"body": "x"}
        with pytest.raises(Empty):
            channel._get("celery")
