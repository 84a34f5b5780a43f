"""The document that a request brings, or names by its address."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from epitome.documents import from_text
from epitome.documents.fetch import fetch
from epitome.errors import SourceError, UsageError
from epitome.serve.asked import Sourced
from epitome.serve.forms import Upload
from epitome.serve.guard import LARGEST
from epitome.serve.reading import Reading
from epitome.stages import Stage
from epitome.types import Document

READING = Reading()
PATIENCE = 30.0
"""Seconds for a page to come."""


async def opened(asked: Sourced, upload: Upload | None = None) -> Document:
    """The document asked about. Raises `UsageError` for none or several, `SourceError` for one that cannot be read.

    What comes from elsewhere is parsed in a process of its own (`serve/reading.py`). An address that leads into a
    private network is refused (`documents/fetch.py`), also after a redirect.
    """
    checked(asked, upload)
    with Stage("read"):
        if upload is not None:
            document = await _uploaded(upload)
        elif asked.url is not None:
            document = await _fetched(asked.url)
        elif asked.document is not None:
            document = asked.document
        else:
            document = await _text(asked.text or "")
    return replace(document, title=asked.title) if asked.title else document


async def _uploaded(upload: Upload) -> Document:
    if not upload.data.strip():
        raise SourceError(f"{upload.name}: the file is empty")
    return await READING.read(upload.data, upload.name, upload.suffix)


async def _fetched(url: str) -> Document:
    page = await asyncio.to_thread(fetch, url, allow_private=False, timeout=PATIENCE, max_bytes=LARGEST)
    return await READING.read(page.data, url, page.suffix, page.encoding)


async def _text(text: str) -> Document:
    return await asyncio.to_thread(from_text, text)


def checked(asked: Sourced, upload: Upload | None = None) -> None:
    """Raise `UsageError` for no document, for several, and for an address that none can lie at."""
    given = [one for one in (asked.text, asked.url, asked.document, upload) if one is not None]
    if len(given) != 1:
        raise UsageError("name a text or a url, or send a file: one of them")
    if asked.url is not None and not asked.url.lower().startswith(("http://", "https://")):
        raise UsageError("url: an http or https address")
    if asked.text is not None and not asked.text.strip():
        raise UsageError("text: it is empty")
