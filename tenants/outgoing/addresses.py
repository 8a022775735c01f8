"""Where a request may go that a tenant asked for: public addresses on the internet, by TLS, and nothing inside.

The address is looked up once and the connection goes to what was looked up and checked, or a name could lead to a
public address while it is checked and to ours when it is used (DNS rebinding).
"""

import re
import socket
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

PORTS = {443, 8443}
LONGEST = 500
NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")
# Beside what the standard library knows: relays of 6to4, protocol assignments, an address clouds answer on themselves.
INSIDE = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32")))
# IPv6 is public in 2000::/3 only, so mapped, compatible and NAT64 forms of IPv4 (::ffff:, ::, 64:ff9b::) are outside;
# 6to4 and Teredo carry an IPv4 address within it.
PUBLIC6 = ip_network("2000::/3")
INSIDE6 = tuple(map(ip_network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))

Address = IPv4Address | IPv6Address


class Refused(Exception):
    """A destination that nothing is sent to. Its text says why, and not which address a name leads to."""


class Unreachable(Exception):
    """A destination that did not answer as it should. Its text is for people."""


@dataclass(frozen=True)
class Destination:
    """A URL that may be tried. `path` holds the query too; `allowed`: the operator lets it through unchecked."""

    scheme: str
    host: str
    port: int
    path: str
    allowed: bool

    @property
    def named(self) -> str:
        """As the header `Host` has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == {"https": 443, "http": 80}[self.scheme] else f"{host}:{self.port}"


def destination(url: str) -> Destination:
    """Take a URL apart. Raises `Refused`; the addresses behind its name are `resolve`'s to check."""
    if not url.isascii() or any(sign <= " " or sign in '\\"<>^`{|}\x7f' for sign in url) or len(url) > LONGEST:
        raise Refused(f"a URL of at most {LONGEST} plain characters is expected")
    parts, port = _split(url)
    scheme, host = parts.scheme, parts.hostname or ""
    if scheme not in ("https", "http") or not host:
        raise Refused("a URL that begins with https:// and a host is expected")
    if "@" in parts.netloc or "#" in url:
        raise Refused("a URL without credentials and without a fragment is expected")
    literal = _literal(host)
    port = {"https": 443, "http": 80}[scheme] if port is None else port
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    allowed = place in settings.OUTGOING_HOSTS_ALLOWED
    if not allowed:
        _only_public(scheme, port, literal)
    return Destination(scheme, host, port, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), allowed)


def resolve(to: Destination, seconds: float) -> list[str]:
    """The addresses behind the name, all of them public. Raises `Refused`.

    It says the same of a name that leads inside and of one that leads nowhere, or it would tell which names there are.
    """
    addresses = _looked_up(to, seconds)
    public = to.allowed or all(is_public(ip_address(address.partition("%")[0])) for address in addresses)
    if not addresses or not public:
        raise Refused("no public address was found for the host")
    return addresses


def _looked_up(to: Destination, seconds: float) -> list[str]:
    """Empty when the name is not known, or not found in time."""
    lookup = ThreadPoolExecutor(1)
    try:
        found = lookup.submit(socket.getaddrinfo, to.host, to.port, type=socket.SOCK_STREAM).result(seconds)
    except (OSError, UnicodeError, TookTooLong):
        return []
    finally:
        lookup.shutdown(wait=False)
    return [str(row[4][0]) for row in found]


def is_public(address: Address) -> bool:
    """Whether the address is one of somebody on the internet, and no other way to write one that is not."""
    if isinstance(address, IPv6Address):
        return address in PUBLIC6 and address.is_global and not any(address in network for network in INSIDE6)
    special = address.is_multicast or address.is_reserved or any(address in network for network in INSIDE)
    return address.is_global and not special


def _split(url: str) -> tuple[SplitResult, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Refused("a URL is expected") from error
    return parts, port


def _literal(host: str) -> Address | None:
    """The address a host is written as, None for a name. What is half of both, such as 0x7f.1, is neither."""
    try:
        return ip_address(host)
    except ValueError:
        last = host.rpartition(".")[2]
        if not NAME.fullmatch(host) or len(host) > 253 or last.isdigit() or re.fullmatch("0x[0-9a-f]*", last):
            raise Refused("a host name or an address in its usual form is expected") from None
    return None


def _only_public(scheme: str, port: int, literal: Address | None) -> None:
    if scheme != "https":
        raise Refused("a URL that begins with https:// is expected")
    if port not in PORTS:
        raise Refused(f"one of the ports {', '.join(map(str, sorted(PORTS)))} is expected")
    if literal is not None and not is_public(literal):
        raise Refused("the host is an address that is not public")
