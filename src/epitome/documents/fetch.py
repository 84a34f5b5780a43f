"""Web pages and files by URL: bounded in time and size, and never into a private network by accident.

Every hop of a redirect is resolved here, every address it resolves to is checked, and the connection goes to
an address that was checked: a name that changes its mind between check and connect (DNS rebinding) gains
nothing. Behind a proxy that the environment names, the proxy resolves again: there the check is a courtesy.
"""

from __future__ import annotations

import ipaddress
import socket
import time
import urllib.request
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from epitome import settings
from epitome.errors import OfflineError, SourceError

if TYPE_CHECKING:
    import httpx

MAX_REDIRECTS = 8
_AGENT = "Mozilla/5.0 (compatible; Epitome; reads one page for its user)"
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_ENCODINGS = {"gzip", "deflate", "identity"}
_SUFFIXES = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "application/pdf": ".pdf",
    "text/markdown": ".md",
    "text/plain": ".txt",
    "text/vtt": ".vtt",
    "application/epub+zip": ".epub",
    "application/x-subrip": ".srt",
}


@dataclass(frozen=True, slots=True)
class Page:
    """What a URL led to."""

    data: bytes
    suffix: str
    """By content type, else by the address's own suffix."""
    encoding: str | None
    """The charset the server declares."""


def fetch(url: str, *, allow_private: bool, timeout: float, max_bytes: int) -> Page:
    """Download `url`. Raises SourceError, or OfflineError where `EPITOME_OFFLINE` forbids it."""
    import httpx

    deadline = time.monotonic() + timeout
    seen: list[str] = []
    here = url
    try:
        while True:
            if here in seen or len(seen) > MAX_REDIRECTS:
                raise SourceError(f"{url}: redirects in a circle or without end", hint="open it in a browser")
            seen.append(here)
            answer = _hop(httpx.URL(here), url, allow_private, deadline, max_bytes)
            if isinstance(answer, Page):
                return answer
            here = answer
    except httpx.TimeoutException:
        raise _slow(url, timeout) from None
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError):
        raise SourceError(
            f"{url}: not a valid web address", hint="it should look like https://host/page"
        ) from None
    except httpx.HTTPError as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise SourceError(
            f"{url}: cannot be reached: {reason}", hint="check the address and the network"
        ) from error


def _slow(url: str, timeout: float) -> SourceError:
    return SourceError(
        f"{url}: no complete answer within {timeout:g} s", hint="try again, or give it more time"
    )


def _hop(target: httpx.URL, named: str, allow_private: bool, deadline: float, max_bytes: int) -> Page | str:
    """One request: the page, or where it redirects to."""
    import httpx

    if target.scheme not in {"http", "https"} or not target.host:
        raise SourceError(
            f"{named}: leads to {target}, which is no web address", hint="only http and https are read"
        )
    addresses = checked_addresses(
        target.host, target.port or (443 if target.scheme == "https" else 80), named, allow_private
    )
    through = proxy(target)
    for number, address in enumerate(addresses):
        left = deadline - time.monotonic()
        if left <= 0:
            raise httpx.ReadTimeout("deadline")
        client = httpx.Client(timeout=left, trust_env=False, proxy=through, headers={"User-Agent": _AGENT})
        url, headers, extensions = (target, {}, {}) if through else pinned(target, address)
        headers |= {"Accept-Encoding": "gzip, deflate"}
        request = client.build_request("GET", url, headers=headers, extensions=extensions)
        try:
            with client, closing(client.send(request, stream=True)) as response:
                return _answer(response, target, named, deadline, max_bytes)
        except httpx.ConnectError:
            if number == len(addresses) - 1:
                raise
    raise SourceError(f"{named}: the name leads to no address", hint="check the address")


def _answer(
    response: httpx.Response, target: httpx.URL, named: str, deadline: float, max_bytes: int
) -> Page | str:
    import httpx

    status = response.status_code
    if response.has_redirect_location:
        return str(target.join(response.headers["location"]))
    if status >= 400:
        phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
        raise SourceError(
            f"{named}: the server answered {status} {phrase}".rstrip(), hint="check the address"
        )
    packed = response.headers.get_list("content-encoding", split_commas=True)
    if len(packed) > 1 or not {name.strip().lower() for name in packed} <= _ENCODINGS:
        # Packed twice, a kilobyte becomes gigabytes before the first of them can be counted.
        raise SourceError(
            f"{named}: packed as {', '.join(packed)!s:.60}, which was not asked for", hint="do not open it"
        )
    data = bytearray()
    for chunk in response.iter_bytes():
        data += chunk
        if len(data) > max_bytes:
            raise SourceError(
                f"{named}: larger than the limit of {max_bytes / 1024 / 1024:.3g} MB",
                hint="download the part you need and name the file",
            )
        if time.monotonic() > deadline:
            raise httpx.ReadTimeout("deadline")
    if not bytes(data).strip():
        raise SourceError(f"{named}: the server answered with an empty page", hint="open it in a browser")
    kind = response.headers.get("content-type", "").split(";")[0].strip().lower()
    suffix = _SUFFIXES.get(kind) or PurePosixPath(target.path).suffix.lower()
    return Page(bytes(data), suffix, response.charset_encoding)


def checked_addresses(host: str, port: int, named: str, allow_private: bool) -> list[str]:
    """The addresses of `host`, all of them allowed, or SourceError. Offline, no name is looked up."""
    host = host.strip("[]")
    literal = _literal(host)
    if settings.offline():
        local = host == "localhost" or (literal is not None and literal.is_loopback)
        if not (local and allow_private):
            raise OfflineError(
                f"{named}: EPITOME_OFFLINE=1 forbids opening it", hint="download it first, or unset it"
            )
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise SourceError(
            f"{named}: the host {host} cannot be found", hint="check the address and the network"
        ) from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not allow_private:
        for address in addresses:
            if not _public(address):
                raise SourceError(
                    f"{named}: {host} is an address of this machine or a private network ({address})",
                    hint="allow_private=True (--allow-private) opens it all the same",
                )
    return addresses


def _literal(host: str) -> Any:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _public(address: str) -> bool:
    """Whether an address lies on the open Internet, looking through the ways IPv6 wraps an IPv4 address."""
    parsed = ipaddress.ip_address(address.split("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo[1] if parsed.teredo else None)
        if inner is None and parsed in _NAT64:
            inner = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
        if inner is not None:
            return _public(str(inner))
    return parsed.is_global and not parsed.is_multicast


def pinned(target: httpx.URL, address: str) -> tuple[httpx.URL, dict[str, str], dict[str, str]]:
    """URL, headers and extensions of a request to `target` that goes to this one address of it, which was checked."""
    host = {"Host": target.netloc.decode("ascii")}
    return target.copy_with(host=address), host, {"sni_hostname": target.host}


def proxy(target: httpx.URL) -> str | None:
    """The proxy the environment names for `target`; this machine's own addresses never go through one."""
    proxies = urllib.request.getproxies()
    literal = _literal(target.host)
    if target.host == "localhost" or (literal is not None and literal.is_loopback):
        return None
    if urllib.request.proxy_bypass(target.host):
        return None
    return proxies.get(target.scheme) or proxies.get("all")
