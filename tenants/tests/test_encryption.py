"""What is stored encrypted, and what becomes of it when the installation's key is replaced."""

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from pytest_django import Settings

from tenants.accounts.sessions import SessionStore
from tenants.encryption import Unreadable, decrypted, encrypted, key_id
from tenants.tests.cast import Cast


def test_what_is_encrypted_names_its_key_and_can_be_read_for_its_purpose_only(settings: Settings) -> None:
    text = encrypted(b"secret", "one thing")
    assert text.startswith(f"{key_id(settings.SECRET_KEY)}.")
    assert b"secret" not in text.encode()
    assert decrypted(text, "one thing") == b"secret"
    for wrong in (text[:-4] + "AAAA", text.replace(".", "x.")):
        with pytest.raises(Unreadable):
            decrypted(wrong, "one thing")
    with pytest.raises(Unreadable):
        decrypted(text, "another")


def test_a_former_key_reads_what_it_has_written_as_long_as_it_is_named(settings: Settings) -> None:
    before = encrypted(b"secret", "one thing")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new" * 20, [settings.SECRET_KEY]
    assert decrypted(before, "one thing") == b"secret"
    assert encrypted(b"secret", "one thing").startswith(f"{key_id('new' * 20)}.")
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(Unreadable, match=before.partition(".")[0]):
        decrypted(before, "one thing")


def test_a_text_from_before_keys_had_ids_is_read_with_the_present_key() -> None:
    token = encrypted(b"secret", "one thing").partition(".")[2]
    assert decrypted(token, "one thing") == b"secret"


def test_a_session_is_stored_unreadable_and_an_unreadable_one_is_empty(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.owner)
    stored = Session.objects.get()
    assert stored.get_decoded() == {}
    assert SessionStore().decode(stored.session_data)["_auth_user_id"] == str(cast.owner.id)
    assert client.get("/t/agency/").status_code == 200
    Session.objects.update(session_data="gone")
    assert client.get("/t/agency/").status_code == 302
