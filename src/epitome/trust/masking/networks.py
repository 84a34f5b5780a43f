"""IP addresses, version 4 and 6."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address

from epitome.trust.masking.found import Found

_FOUR = re.compile(r"\d(?<![\w.]\d)\d{0,2}(?:\.\d{1,3}){3}(?!\w|\.\d)", re.ASCII)
_SIX = re.compile(
    r"(?<![\w:.])(?=[0-9A-Fa-f:]{0,39}\d)[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}+(?![\w:])", re.ASCII
)
# What else is written with three points.
_VERSION = re.compile(
    r"(?:version|release|build|firmware|section|clause|chapter|paragraph|§|\bv|版本|版|第)[ .:]*$",
    re.IGNORECASE,
)


def networks(text: str) -> Iterator[Found]:
    """Addresses that exist, but for numbers of versions and sections."""
    for pattern in (_FOUR, _SIX):
        for match in pattern.finditer(text):
            if _exists(match[0]) and not _VERSION.search(text, max(0, match.start() - 12), match.start()):
                yield Found(*match.span(), "ip", match[0].lower())


def _exists(said: str) -> bool:
    try:
        address = ip_address(said)
    except ValueError:
        return False
    # `a::1` is more often code than an address.
    return address.version == 4 or len(said.replace(":", "")) >= 4
