"""Reading what `strace` saw: which network addresses a process and its children touched."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address

_CALL = re.compile(r"^(?:\d+\s+)?(?:<\.\.\. )?(?P<name>\w+)[( ]")
_IPV4 = re.compile(r'sin_port=htons\((?P<port>\d+)\), sin_addr=inet_addr\("(?P<address>[^"]+)"\)')
_IPV6 = re.compile(r'sin6_port=htons\((?P<port>\d+)\)[^}]*?inet_pton\(AF_INET6, "(?P<address>[^"]+)"')
_RESOLVER = re.compile(r'sun_path="[^"]*(resolve|mdns|nscd)', re.IGNORECASE)
_DNS_PORTS = {53, 853, 5353, 5355}
_OWN_NAME_ONLY = {"getsockname"}
"""Tells a socket's own address, which is 0.0.0.0 before it is bound; whoever it talks to shows elsewhere."""


def outside_connections(trace: Iterable[str]) -> list[str]:
    """The lines of a trace that reach beyond this machine or ask for a name, in any way.

    `trace` is the output of `strace -f -e trace=%network`. Loopback addresses and Unix sockets are fine,
    except those of a name resolver: who asks for a name is about to leave.
    """
    return [line for line in trace if _leaves(line)]


def _leaves(line: str) -> bool:
    call = _CALL.match(line)
    if call is None or call["name"] in _OWN_NAME_ONLY:
        return False
    if _RESOLVER.search(line):
        return True
    found = [*_IPV4.finditer(line), *_IPV6.finditer(line)]
    return any(int(hit["port"]) in _DNS_PORTS or not _is_loopback(hit["address"]) for hit in found)


def _is_loopback(text: str) -> bool:
    address = ip_address(text)
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address.is_loopback
