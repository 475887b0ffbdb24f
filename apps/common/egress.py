"""HTTP to addresses that people give. Nothing inside the network can be reached through it.

The name is resolved once, every address it has is checked, and the connection goes to one of those: a name that
resolves otherwise a moment later changes nothing. Redirects are not followed. Time and the size of an answer are
bounded.
"""

import http.client
import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from threading import Timer
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from apps.common.errors import DomainError

TIMEOUT_SECONDS = 10.0
# The system's resolver knows no time limit of its own.
RESOLVE_SECONDS = 3.0
MOST_OF_ANSWER = 2_000
LONGEST_URL = 2_000
PORTS = {"http": 80, "https": 443}
# Addresses of IPv6 that lead to one of IPv4, with the number of bits behind it (RFC 6052, RFC 8215, RFC 3056).
NAT64, NAT64_LOCAL = IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48")
SIX_TO_FOUR = IPv6Network("2002::/16")
UNICAST = IPv6Network("2000::/3")

Address = IPv4Address | IPv6Address


class RefusedAddressError(DomainError):
    """The address is no public one, or not of a form that is called."""

    code = "address_refused"


class UnreachableError(Exception):
    """No answer: there was no connection, or not in time."""


@dataclass(frozen=True)
class Answer:
    """What the other side answered; the text is cut at MOST_OF_ANSWER bytes."""

    status: int
    text: str


def check(url: str) -> None:
    """Check that the address may be called. Raises RefusedAddressError, also for a name that does not resolve."""
    parts = _parts(url)
    try:
        _addresses(parts)
    except UnreachableError as error:
        raise RefusedAddressError(str(error)) from error


def post(url: str, body: bytes, *, headers: dict[str, str]) -> Answer:
    """Post the body. Raises RefusedAddressError, and UnreachableError where no whole answer comes in time."""
    parts = _parts(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = _connection(parts, _addresses(parts))
    try:
        with _at_most(TIMEOUT_SECONDS, connection):
            connection.request("POST", target, body, headers)
            answer = connection.getresponse()
            text = answer.read(MOST_OF_ANSWER).decode(errors="replace").replace("\x00", "\ufffd")
        return Answer(answer.status, text)
    except (OSError, http.client.HTTPException) as error:
        raise UnreachableError(str(error) or type(error).__name__) from error
    finally:
        connection.close()


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise RefusedAddressError("This is not an address.") from error
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise RefusedAddressError("Write the address in plain letters, without spaces.")
    if parts.scheme not in PORTS or not parts.hostname:
        raise RefusedAddressError("The address begins with https:// and the name of a server.")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise RefusedAddressError("The address holds no name, password or # part.")
    return parts


def _addresses(parts: SplitResult) -> list[Address]:
    """Resolve the name and check all its addresses."""
    found = _resolved(str(parts.hostname), parts.port or PORTS[parts.scheme])
    allowed = [any(each in network for network in settings.EGRESS_NETWORKS) for each in found]
    for address, is_allowed in zip(found, allowed, strict=True):
        if not is_allowed and not _is_public(address):
            raise RefusedAddressError("The address leads into a private network.")
    if parts.scheme == "http" and not all(allowed):
        raise RefusedAddressError("Use https:// : what is sent there is confidential.")
    return found


def _resolved(host: str, port: int) -> list[Address]:
    asked = _resolvers().submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    try:
        # An address of IPv6 may name an interface behind a percent sign.
        found = [ip_address(str(where[0]).partition("%")[0]) for *_, where in asked.result(timeout=RESOLVE_SECONDS)]
    except (OSError, UnicodeError, TimeoutError) as error:
        raise UnreachableError(f"The name {host} cannot be resolved.") from error
    return list(dict.fromkeys(found))


@cache
def _resolvers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=8, thread_name_prefix="resolve")


def _is_public(address: Address) -> bool:
    """Return whether the address, and any that is wrapped in it, is a public one."""
    if isinstance(address, IPv6Address):
        inner = list(_wrapped(address))
        if inner:
            return all(_is_public(each) for each in inner)
        if address not in UNICAST:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def _wrapped(address: IPv6Address) -> Iterator[Address]:
    """Yield the addresses of IPv4 to which one of IPv6 leads."""
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    elif address in NAT64:
        yield IPv4Address(int(address) & 0xFFFF_FFFF)
    elif address in NAT64_LOCAL:
        # The network's own translation: wherever it leads, it is not public.
        yield IPv4Address(0)
    elif address in SIX_TO_FOUR:
        yield IPv4Address((int(address) >> 80) & 0xFFFF_FFFF)
    elif address.teredo is not None:
        yield from address.teredo


def _connection(parts: SplitResult, addresses: list[Address]) -> "_Plain | _Secure":
    host, port = str(parts.hostname), parts.port or PORTS[parts.scheme]
    if parts.scheme == "http":
        return _Plain(addresses, host, port)
    return _Secure(addresses, host, port)


class _Plain(http.client.HTTPConnection):
    """Connects to the addresses that were checked."""

    def __init__(self, addresses: list[Address], host: str, port: int) -> None:
        super().__init__(host, port, timeout=TIMEOUT_SECONDS)
        self.addresses = addresses
        # The library lets go of `sock` while the answer is still read.
        self.held: socket.socket | None = None

    def connect(self) -> None:
        self.sock = self.held = _connected(self.addresses, self.port)


class _Secure(http.client.HTTPSConnection):
    """The same, with the certificate of the name."""

    def __init__(self, addresses: list[Address], host: str, port: int) -> None:
        self.tls = ssl.create_default_context()
        super().__init__(host, port, timeout=TIMEOUT_SECONDS, context=self.tls)
        self.addresses = addresses
        self.held: socket.socket | None = None

    def connect(self) -> None:
        plain = _connected(self.addresses, self.port)
        secure = self.tls.wrap_socket(plain, server_hostname=self.host, do_handshake_on_connect=False)
        # Kept before hands are shaken, so that the time limit reaches it.
        self.sock = self.held = secure
        secure.do_handshake()


def _connected(addresses: list[Address], port: int) -> socket.socket:
    problem: OSError = OSError("no address")
    for address in addresses:
        try:
            return socket.create_connection((str(address), port), TIMEOUT_SECONDS / len(addresses))
        except OSError as error:
            problem = error
    raise problem


@contextmanager
def _at_most(seconds: float, connection: "_Plain | _Secure") -> Iterator[None]:
    """Break the connection when the time is over: a server that sends a byte now and then would hold it for hours."""
    ended: list[bool] = []

    def end() -> None:
        ended.append(True)
        if connection.held is not None:
            with suppress(OSError):
                connection.held.shutdown(socket.SHUT_RDWR)

    timer = Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if ended:
            raise UnreachableError(f"No whole answer within {seconds:g} s.")
