"""The document that a request brings, or names by its address."""

from __future__ import annotations

import asyncio

from epitome.documents import from_text, read
from epitome.errors import UsageError
from epitome.serve.asked import Sourced
from epitome.stages import Stage
from epitome.types import Document


async def opened(asked: Sourced) -> Document:
    """The document asked about. Raises `UsageError` for none or two, `SourceError` for one that cannot be read.

    An address that leads into a private network is refused (`documents/fetch.py`), also after a redirect.
    """
    if (asked.text is None) == (asked.url is None):
        raise UsageError("name a text or a url, one of them")
    if asked.url is not None:
        if not asked.url.lower().startswith(("http://", "https://")):
            raise UsageError("url: an http or https address")
        with Stage("read"):
            return await asyncio.to_thread(read, asked.url)
    if not (asked.text or "").strip():
        raise UsageError("text: it is empty")
    with Stage("read"):
        return await asyncio.to_thread(from_text, asked.text or "", title=asked.title)
