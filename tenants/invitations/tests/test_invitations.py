"""Invitations: one link, one person, one week."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from tenants.accounts.services import membership_add, membership_change, membership_remove, user_change
from tenants.audit.selectors import audit_events
from tenants.context import tenant_scope
from tenants.invitations.mail import invitation_unsent
from tenants.invitations.models import Invitation
from tenants.invitations.services import (
    LIFETIME,
    MAIL_WORK,
    invitation_accept,
    invitation_send,
    invitation_token,
    invitation_withdraw,
)
from tenants.models import Membership, User, Work
from tenants.problems import StateConflict, UnknownReference, ValidationProblem
from tenants.tasks import mail_invitation
from tenants.tests.cast import Cast
from tenants.tests.factories import PASSWORD

GUEST = "guest@agency.example"
ENDS = {"invitation.accepted", "invitation.void", "membership.changed"}


def invited(cast: Cast, email: str = GUEST, role: str = "analyst") -> Invitation:
    with tenant_scope(cast.tenant.id):
        return invitation_send(email=email, role=role, by=cast.owner, site="https://cortx.example/")


def path(invitation: Invitation) -> str:
    return f"/accounts/invitation/{invitation_token(invitation)}/"


def joined(client: Client, link: str, **form: str) -> int:
    return client.post(link, form).status_code


def log(cast: Cast) -> list[str]:
    with tenant_scope(cast.tenant.id):
        return [event.action for event in audit_events()]


@pytest.mark.django_db(transaction=True)
def test_the_mail_carries_a_link_and_is_sent_once(cast: Cast) -> None:
    invitation = invited(cast)
    work = Work.objects.get(reference=invitation.id)
    mail_invitation(str(work.id))
    mail_invitation(str(work.id))
    [message] = mail.outbox
    assert message.to == [GUEST]
    assert f"https://cortx.example{path(invitation)}" in message.body
    assert invitation_token(invitation)[-64:] not in str(Invitation._base_manager.values())


def test_a_new_person_chooses_a_name_and_a_password_and_is_in(cast: Cast) -> None:
    link, client = path(invited(cast)), Client()
    page = client.get(link)
    assert b"Join Agency" in page.content
    assert "no-store" in page["Cache-Control"]
    response = client.post(link, {"name": "Guest", "password": PASSWORD})
    assert response["Location"] == "/t/agency/"
    assert client.get("/t/agency/").status_code == 200
    member = Membership.objects.get(user__email=GUEST)
    assert (member.role, member.tenant, member.user.name) == ("analyst", cast.tenant, "Guest")
    assert {"invitation.sent", "invitation.accepted", "membership.added"} <= set(log(cast))


def test_a_link_works_once(cast: Cast) -> None:
    link = path(invited(cast))
    joined(Client(), link, name="Guest", password=PASSWORD)
    again = Client().get(link)
    assert again.status_code == 404
    assert joined(Client(), link, name="Other", password=PASSWORD) == 404
    assert Membership.objects.filter(user__email=GUEST).count() == 1


def test_what_is_over_forged_or_nobodys_looks_the_same(cast: Cast) -> None:
    withdrawn, replaced = invited(cast, "a@agency.example"), invited(cast)
    with tenant_scope(cast.tenant.id):
        invitation_withdraw(withdrawn.id)
        with pytest.raises(UnknownReference):
            invitation_withdraw(withdrawn.id)
    with time_machine.travel(timezone.now() + timedelta(minutes=1)):
        good = path(invited(cast))
    links = [
        path(withdrawn),
        path(replaced),
        good[:-2] + ("1/" if good[-2] != "1" else "2/"),
        "/accounts/invitation/x/",
    ]
    links.append(good.replace(cast.tenant.id.hex, cast.other.id.hex))
    answers = [Client().get(link) for link in links]
    with time_machine.travel(timezone.now() + LIFETIME + timedelta(minutes=1)):
        answers.append(Client().get(good))
    assert {answer.status_code for answer in answers} == {404}
    assert len({re.sub(rb'value="\w{64}"', b"", answer.content) for answer in answers}) == 1
    assert Client().get(good).status_code == 200


def test_somebody_with_an_account_signs_in_to_accept(cast: Cast) -> None:
    link = path(invited(cast, cast.outsider.email, "auditor"))
    assert b"Sign in to join" in Client().get(link).content
    assert joined(Client(), link, name="Thief", password=PASSWORD) == 422
    assert joined(cast.browser(cast.analyst), link) == 422
    cast.outsider.refresh_from_db()
    assert cast.outsider.name != "Thief"
    assert joined(cast.browser(cast.outsider), link) == 302
    assert Membership.objects.filter(user=cast.outsider, tenant=cast.tenant, role="auditor").exists()


def test_a_weak_password_is_refused_and_the_link_still_works(cast: Cast) -> None:
    link = path(invited(cast))
    page = Client().post(link, {"name": "Guest", "password": "short"})
    assert page.status_code == 422
    assert b'aria-invalid="true"' in page.content
    assert not User.objects.filter(email=GUEST).exists()
    assert joined(Client(), link, name="Guest", password=PASSWORD) == 302


def test_a_closed_account_is_not_opened_by_an_invitation(cast: Cast) -> None:
    User.objects.create(email=GUEST, is_active=False, password="!")
    assert joined(Client(), path(invited(cast)), name="Guest", password=PASSWORD) == 422


def demoted(cast: Cast, role: str) -> None:
    membership_add(tenant=cast.tenant, user=cast.outsider, role="owner")
    membership_change(Membership.objects.get(tenant=cast.tenant, user=cast.owner), role=role)


@pytest.mark.parametrize(
    ("sender_is", "role", "status"),
    [("admin", "owner", 404), ("admin", "admin", 302), ("analyst", "auditor", 404), ("gone", "auditor", 404),
     ("closed", "auditor", 404)],
)  # fmt: skip
def test_an_invitation_gives_no_more_than_its_sender_may_give_now(
    cast: Cast, sender_is: str, role: str, status: int
) -> None:
    link = path(invited(cast, role=role))
    demoted(cast, sender_is if sender_is in Membership.Role.values else "admin")
    if sender_is == "gone":
        membership_add(tenant=cast.other, user=cast.owner, role="owner")
        membership_remove(Membership.objects.get(tenant=cast.tenant, user=cast.owner))
    if sender_is == "closed":
        user_change(cast.owner, name="", is_staff=False, is_active=False)
    answer = Client().post(link, {"name": "Guest", "password": PASSWORD})
    assert answer.status_code == status
    assert Membership.objects.filter(user__email=GUEST).exists() == (status == 302)
    if status == 404:
        assert f"may no longer invite anybody as {role}" in answer.content.decode()
        assert log(cast)[0] == "invitation.void"
        assert Client().get(link).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_who_accepts_while_the_sender_is_demoted_gets_no_more_than_is_left(cast: Cast) -> None:
    membership_add(tenant=cast.tenant, user=cast.outsider, role="owner")
    token, sender = invitation_token(invited(cast, role="owner")), Membership.objects.get(user=cast.owner)
    start = Barrier(2)

    def accept() -> str:
        try:
            invitation_accept(token, user=None, name="Guest", password=PASSWORD)
        except UnknownReference:
            return "refused"
        return "accepted"

    def demote() -> str:
        membership_change(sender, role="admin")
        return "demoted"

    def together(act: Callable[[], str]) -> str:
        start.wait()
        try:
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        accepted, _ = threads.map(together, (accept, demote))
    [first, second] = [action for action in reversed(log(cast)) if action in ENDS]
    assert (first, second) in {
        ("invitation.accepted", "membership.changed"),
        ("membership.changed", "invitation.void"),
    }
    assert Membership.objects.filter(user__email=GUEST).exists() == (accepted == "accepted")


@pytest.mark.parametrize(("email", "role"), [("nobody", "analyst"), (GUEST, "king")])
def test_only_addresses_are_invited_and_only_into_roles(cast: Cast, email: str, role: str) -> None:
    with pytest.raises(ValidationProblem):
        invited(cast, email, role)


def test_a_member_is_not_invited_again(cast: Cast) -> None:
    with pytest.raises(StateConflict):
        invited(cast, cast.analyst.email)


def test_a_mail_that_never_leaves_is_in_the_log(cast: Cast) -> None:
    invitation = invited(cast)
    with tenant_scope(cast.tenant.id):
        invitation_unsent(invitation.id, "ConnectionRefusedError")
    assert log(cast)[0] == "invitation.unsent"


@pytest.mark.django_db(transaction=True)
def test_a_double_click_invites_once(cast: Cast) -> None:
    def one(_: int) -> object:
        try:
            return invited(cast).id
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        assert len({*threads.map(one, range(4))}) == 1
    assert Work.objects.filter(kind=MAIL_WORK).count() == 1
    with time_machine.travel(timezone.now() + timedelta(minutes=1)):
        assert invited(cast).is_open
    with tenant_scope(cast.tenant.id):
        assert Invitation.objects.filter(withdrawn_at=None).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_who_add_the_same_person_at_once_add_one_member(cast: Cast) -> None:
    def one(_: int) -> str:
        try:
            membership_add(tenant=cast.tenant, user=cast.outsider, role="analyst")
        except StateConflict:
            return "refused"
        finally:
            connection.close()
        return "added"

    with ThreadPoolExecutor(3) as threads:
        assert sorted(threads.map(one, range(3))) == ["added", "refused", "refused"]
