"""Settings: members and keys, as those who may see them and those who may not."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tenants.access.keys import key_issue, key_rotate, key_verify
from tenants.context import tenant_scope
from tenants.invitations.models import Invitation
from tenants.models import ApiKey, Membership
from tenants.problems import StateConflict
from tenants.tests.cast import Cast, member

MEMBERS, KEYS = "/t/agency/settings/members/", "/t/agency/settings/keys/"


def of(cast: Cast, role: str) -> Membership:
    return Membership.objects.get(tenant=cast.tenant, role=role)


def test_an_owner_invites_changes_and_removes(cast: Cast, recorded_queries: Any) -> None:
    owner = cast.browser(cast.owner)
    assert owner.post(MEMBERS, {"email": "Guest@agency.example", "role": "reviewer"}).status_code == 302
    with recorded_queries("members"):
        page = owner.get(MEMBERS).content.decode()
    assert "guest@agency.example is invited" in page
    with tenant_scope(cast.tenant.id):
        invitation = Invitation.objects.get()
    assert (invitation.role, invitation.site) == ("reviewer", "http://testserver/")
    owner.post(f"/t/agency/settings/invitations/{invitation.id}/withdraw/")
    owner.post(f"{MEMBERS}{of(cast, 'analyst').id}/role/", {"role": "reviewer"})
    assert of(cast, "reviewer").user == cast.analyst
    page = owner.post(f"{MEMBERS}{of(cast, 'auditor').id}/remove/", follow=True).content.decode()
    assert "auditor@agency.example is no member any more" in page
    assert "Invited by" not in page


def test_what_is_refused_is_told_on_the_page(cast: Cast) -> None:
    owner = cast.browser(cast.owner)
    assert owner.post(MEMBERS, {"email": "nobody", "role": "analyst"}).status_code == 422
    assert owner.post(MEMBERS, {"email": cast.analyst.email, "role": "analyst"}).status_code == 409
    last = owner.post(f"{MEMBERS}{of(cast, 'owner').id}/remove/")
    assert (last.status_code, b"The last owner of a tenant stays its owner" in last.content) == (409, True)


def test_an_administrator_is_offered_nothing_about_owners(cast: Cast) -> None:
    browser = cast.browser(member(cast.tenant, "admin"))
    page = browser.get(MEMBERS).content.decode()
    assert 'value="owner"' not in page
    assert f"{of(cast, 'owner').id}/remove/" not in page
    assert browser.post(MEMBERS, {"email": "x@y.example", "role": "owner"}).status_code == 403
    assert browser.post(f"{MEMBERS}{of(cast, 'owner').id}/role/", {"role": "analyst"}).status_code == 403


def test_others_see_neither_the_pages_nor_the_way_to_them(cast: Cast) -> None:
    analyst = cast.browser(cast.analyst)
    assert [analyst.get(path).status_code for path in (MEMBERS, KEYS)] == [403, 403]
    assert MEMBERS not in analyst.get("/t/agency/").content.decode()
    assert MEMBERS in cast.browser(cast.owner).get("/t/agency/").content.decode()


def test_an_outsider_finds_nothing_here_and_reaches_nothing_from_there(cast: Cast) -> None:
    outsider = cast.browser(cast.outsider)
    key, _ = key_issue(tenant=cast.tenant, name="loader", scopes=["read"])
    theirs = of(cast, "analyst").id
    assert [outsider.get(path).status_code for path in (MEMBERS, KEYS)] == [404, 404]
    for path in (f"members/{theirs}/remove/", f"keys/{key.id}/revoke/", f"keys/{key.id}/replace/"):
        assert outsider.post(f"/t/elsewhere/settings/{path}").status_code == 404
    assert cast.analyst.email not in outsider.get("/t/elsewhere/settings/members/").content.decode()


def test_a_key_is_issued_and_its_text_shown_once(cast: Cast, recorded_queries: Any) -> None:
    owner = cast.browser(cast.owner)
    shown = owner.post(KEYS, {"name": "loader", "scopes": ["read", "write"], "days": "30"})
    key = ApiKey.objects.get()
    assert f"cortx_{key.prefix}_" in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    assert key.expires_at is not None
    assert key.expires_at - timezone.now() < timedelta(days=30)
    with recorded_queries("keys"):
        page = owner.get(KEYS).content.decode()
    assert f"cortx_{key.prefix}_" not in page
    refused = owner.post(KEYS, {"name": "none", "days": "30"})
    assert (refused.status_code, b"Expected read, write or both" in refused.content) == (422, True)
    assert b'value="none"' in refused.content


def test_a_key_is_replaced_with_a_day_for_both(cast: Cast) -> None:
    old, text = key_issue(tenant=cast.tenant, name="loader", scopes=["read"])
    owner = cast.browser(cast.owner)
    assert owner.post(f"{KEYS}{old.id}/replace/").status_code == 200
    new = ApiKey.objects.exclude(id=old.id).get()
    old.refresh_from_db()
    assert (new.name, new.scopes, new.expires_at) == (old.name, old.scopes, None)
    assert old.expires_at is not None
    assert timedelta(hours=23) < old.expires_at - timezone.now() <= timedelta(hours=24)
    assert key_verify(text)
    owner.post(f"{KEYS}{old.id}/revoke/")
    assert key_verify(text) is None
    assert owner.post(f"{KEYS}{old.id}/replace/").status_code == 422


def test_replacing_never_lets_a_key_live_longer(cast: Cast) -> None:
    soon = timezone.now() + timedelta(hours=1)
    old, _ = key_issue(tenant=cast.tenant, name="loader", scopes=["read"], expires_at=soon)
    new, _ = key_rotate(old, overlap=timedelta(days=1))
    old.refresh_from_db()
    assert old.expires_at == soon
    assert new.expires_at is not None
    assert new.expires_at - timezone.now() <= timedelta(hours=1)
    ApiKey.objects.filter(id=old.id).update(revoked_at=timezone.now())
    with pytest.raises(StateConflict):
        key_rotate(old, overlap=timedelta(days=1))


def test_nobody_is_asked_to_sign_in_first(cast: Cast) -> None:
    assert Client().get(MEMBERS).status_code == 302
