"""The document that a request brings, or names by its address."""

from __future__ import annotations

import asyncio

from epitome.documents import from_text, read
from epitome.errors import UsageError
from epitome.serve.asked import Sourced
from epitome.types import Document


async def opened(asked: Sourced) -> Document:
    """The document asked about. Raises `UsageError` for none or two, `SourceError` for one that cannot be read.

    An address that leads into a private network is refused (`documents/fetch.py`), also after a redirect.
    """
    checked(asked)
    if asked.url is not None:
        return await asyncio.to_thread(read, asked.url)
    return await asyncio.to_thread(from_text, asked.text or "", title=asked.title)


def checked(asked: Sourced) -> None:
    """Raise `UsageError` for no document, for two, and for an address that none can lie at."""
    if (asked.text is None) == (asked.url is None):
        raise UsageError("name a text or a url, one of them")
    if asked.url is not None and not asked.url.lower().startswith(("http://", "https://")):
        raise UsageError("url: an http or https address")
    if asked.url is None and not (asked.text or "").strip():
        raise UsageError("text: it is empty")
