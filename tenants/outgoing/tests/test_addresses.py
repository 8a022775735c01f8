"""Nothing is sent inside: hostile URLs, addresses in every spelling, and names that lead to both."""

import socket
from contextlib import suppress
from ipaddress import ip_address
from threading import Event
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from tenants.outgoing.addresses import PORTS, Refused, destination, is_public, resolve

NOWHERE = "no public address was found for the host"
HOSTILE = (
    "", "https", "https://", "https:///x", "https://:443/", "//example.com/", "example.com", "javascript:alert(1)",
    "http://example.com/", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "HTTP://example.com/",
    "https://user@example.com/", "https://user:word@example.com/", "https://example.com@127.0.0.1/",
    "https://example.com#@127.0.0.1/", "https://example.com/#part", "https://example.com\\@127.0.0.1/",
    "https://example.com/a b", "https://example.com/\r\nX: y", "https://example.com/\x00", "https://exämple.com/",
    "https://example.com:22/", "https://example.com:80/", "https://example.com:0/", "https://example.com:99999/",
    "https://example.com:x/", "https://example.com:8080/", "https://example.com./", "https://.example.com/",
    "https://-example.com/", "https://exa_mple.com/", "https://exam%70le.com/", "https://[::1/", "https://[x]/",
    "https://127.0.0.1/", "https://127.1/", "https://2130706433/", "https://0x7f000001/", "https://0x7f.0.0.1/",
    "https://017700000001/", "https://0177.0.0.1/", "https://127.0.0.1.:443/", "https://0/", "https://0.0.0.0/",
    "https://10.0.0.1/", "https://172.16.0.1/", "https://192.168.1.1/", "https://100.64.0.1/", "https://198.18.0.1/",
    "https://169.254.169.254/latest/meta-data/", "https://100.100.100.200/", "https://168.63.129.16/",
    "https://192.0.0.192/", "https://192.88.99.1/", "https://224.0.0.1/", "https://240.0.0.1/",
    "https://255.255.255.255/", "https://[::]/", "https://[::1]/", "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:8.8.8.8]/", "https://[::7f00:1]/", "https://[64:ff9b::7f00:1]/", "https://[64:ff9b:1::a00:1]/",
    "https://[2002:7f00:1::]/", "https://[2001:0:7f00:1::]/", "https://[fe80::1]/", "https://[fe80::1%25lo]/",
    "https://[fd00:ec2::254]/", "https://[fc00::1]/", "https://[ff02::1]/", "https://[2001:db8::1]/",
    f"https://example.com/{'a' * 500}",
)  # fmt: skip


@pytest.mark.parametrize("url", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_url_is_refused_before_anything_is_looked_up(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("looked up"))
    with pytest.raises(Refused):
        destination(url)


@pytest.mark.parametrize(
    "url", ["https://example.com", "https://example.com:8443/in?a=b", "https://8.8.8.8/", "https://[2606:4700::1]/"]
)
def test_public_destinations_are_taken(url: str) -> None:
    assert not destination(url).allowed


@given(st.text(st.characters(codec="ascii"), max_size=30))
def test_whatever_is_written_as_a_url_is_taken_or_refused_and_never_an_error(text: str) -> None:
    with suppress(Refused):
        assert destination(f"https://{text}").port in PORTS


@given(st.ip_addresses(v=4))
def test_an_address_is_as_public_in_ipv6_as_it_is_at_most_in_ipv4(address: Any) -> None:
    value = int(address)
    written = (f"::ffff:{address}", f"::{address}", f"64:ff9b::{address}", f"2002:{value >> 16:x}:{value & 65535:x}::")
    assert not any(is_public(ip_address(form)) for form in written)
    assert address.is_global or not is_public(address)


def led(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    rows = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: rows)


@pytest.mark.parametrize("inside", ["127.0.0.1", "::1", "fe80::1%eth0", "::ffff:10.0.0.1", "169.254.169.254"])
def test_a_name_that_leads_inside_with_one_of_its_addresses_is_refused(
    inside: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    led(monkeypatch, "8.8.8.8", inside)
    assert refusal() == NOWHERE


@pytest.mark.parametrize("error", [socket.gaierror(), UnicodeError(), TimeoutError()], ids=repr)
def test_a_name_that_is_not_known_is_refused_in_the_words_for_one_that_leads_inside(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert refusal() == NOWHERE


def test_a_name_that_is_not_found_in_time_is_refused_in_the_same_words(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found.wait(5))
    assert refusal(0.01) == NOWHERE
    found.set()


def refusal(seconds: float = 1) -> str:
    with pytest.raises(Refused) as refused:
        resolve(destination("https://example.com/"), seconds)
    return str(refused.value)


def test_only_what_was_checked_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    led(monkeypatch, "8.8.8.8", "2606:4700::1")
    assert resolve(destination("https://example.com/"), 1) == ["8.8.8.8", "2606:4700::1"]


def test_the_operator_lets_a_host_and_port_through_and_no_other(settings: Settings) -> None:
    settings.OUTGOING_HOSTS_ALLOWED = ["127.0.0.1:9000", "[::1]:9000"]
    assert destination("http://127.0.0.1:9000/in").allowed
    assert destination("http://[::1]:9000/in").named == "[::1]:9000"
    for url in ("http://127.0.0.1:9001/in", "http://127.0.0.1/", "http://localhost:9000/"):
        with pytest.raises(Refused):
            destination(url)
