"""Settings: members and keys, as those who may see them and those who may not."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
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


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("screen", [KEYS, "/admin/tenants/apikey/add/"])
def test_a_double_click_issues_one_key_and_shows_it_twice(cast: Cast, screen: str) -> None:
    form = {"name": "loader", "scopes": ["read"], "days": "30", "once": drawn(cast, screen)}
    shown = twice(cast, screen, form)
    assert ApiKey.objects.count() == 1
    assert [status for status, _ in shown] == [200, 200]
    assert len({text for _, text in shown}) == 1
    for other in ({**form, "name": "another"}, {**form, "once": drawn(cast, screen)}):
        assert cast.browser(cast.owner).post(screen, other).status_code == 200
    assert ApiKey.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_a_double_click_replaces_a_key_once_and_shows_the_new_one_twice(cast: Cast) -> None:
    old, _ = key_issue(tenant=cast.tenant, name="loader", scopes=["read"])
    replace, once = f"{KEYS}{old.id}/replace/", drawn(cast, KEYS)
    shown = twice(cast, replace, {"once": once})
    assert ApiKey.objects.count() == 2
    assert ([status for status, _ in shown], len({text for _, text in shown})) == ([200, 200], 1)
    later = cast.browser(cast.owner).post(replace, {"once": drawn(cast, KEYS)})
    assert (later.status_code, b"The key was replaced before" in later.content) == (422, True)
    assert f'action="{replace}"' not in later.content.decode()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_replace_a_key_at_once_one_does(cast: Cast) -> None:
    old, _ = key_issue(tenant=cast.tenant, name="loader", scopes=["read"])
    statuses = [status for status, _ in twice(cast, f"/api/v1/keys/{old.id}/rotate", {})]
    assert (sorted(statuses), ApiKey.objects.count()) == ([201, 409], 2)


def drawn(cast: Cast, path: str) -> str:
    page = cast.browser(cast.owner).get(path).content.decode()
    return str(re.findall(r'name="once" value="(\w{64})"', page)[0])


def twice(cast: Cast, path: str, form: dict[str, Any]) -> list[tuple[int, str]]:
    """The statuses, and the texts of keys, that answer the same at the same moment."""
    browsers, start = [cast.browser(cast.owner) for _ in range(2)], Barrier(2)

    def post(browser: Client) -> tuple[int, str]:
        start.wait()
        try:
            answer = browser.post(path, form)
            return answer.status_code, "".join(re.findall(r"cortx_\w{8}_[\w-]{43}", answer.content.decode())[:1])
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        return [*threads.map(post, browsers)]


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
