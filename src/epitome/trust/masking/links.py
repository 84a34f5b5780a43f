"""Web addresses that name a user."""

from __future__ import annotations

import re
from collections.abc import Iterator

from epitome.trust.masking.found import Found
from epitome.trust.masking.hints import places

_HINTS = ("://", "www.", ".com/", ".org/", ".net/", ".me/", ".cn/", ".io/", ".edu/", ".uk/", ".social/")
_BEFORE = re.compile(
    r"(?:https?|ftp|sftp|ssh|git)$|(?:[A-Za-z0-9-]{1,63}\.){0,4}[A-Za-z0-9-]{0,63}$", re.IGNORECASE
)
_REST = re.compile(r"[!-~]+")
_HOUSES = (
    "github|gitlab|twitter|x|facebook|fb|instagram|tiktok|linkedin|medium|t|telegram|threads|pinterest|keybase|paypal|venmo|weibo|"
    "bitbucket|codeberg|vk|soundcloud|twitch|snapchat|zhihu|douban"
)
"""Whose pages belong to a user each."""
_OWN = "about|help|search|login|privacy|terms|explore|features|pricing|topics|settings|home|share|intent|hashtag|p|s"
"""Pages of the house itself."""
_USER = re.compile(
    r"//[^/?#@]+@|/~[\w.-]+|/@[\w.-]+"
    r"|[?&#/](?:user(?:name|id)?|users|profiles?|people|members?|author|email|account|login|uid|u|in)[=/][^/?#&]+"
    rf"|(?:^|[/.])(?:{_HOUSES})\.(?:com|me|org|cn|tv)/(?!(?:{_OWN})\b)[\w.@-]+",
    re.IGNORECASE,
)


def links(text: str) -> Iterator[Found]:
    """Addresses with a name or password before the host, of somebody's page or profile."""
    reached = 0
    for at in places(text, _HINTS):
        if at < reached:
            continue
        before, rest = _BEFORE.search(text, max(reached, at - 128), at), _REST.match(text, at)
        if before is None or rest is None:
            continue
        reached = rest.end()
        said = text[before.start() : reached].rstrip(".,;:!?)]}>\"'")
        if _USER.search(said):
            yield Found(before.start(), before.start() + len(said), "url", said.lower().removesuffix("/"))
