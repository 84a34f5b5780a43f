"""Web pages: the main content, by trafilatura; navigation, advertisements and comments stay behind."""

from __future__ import annotations

import logging
import re
from typing import Any

from epitome.documents.blocks import Block, compose, flat
from epitome.documents.languages import certain_language
from epitome.documents.markup import blocks as tree_blocks
from epitome.errors import EpitomeError, SourceError
from epitome.types import Document

_LANGUAGE = re.compile(r"<html[^>]{0,2000}?\slang\s*=\s*[\"']?([a-zA-Z]{2})\b", re.IGNORECASE)


def read_html(data: bytes, name: str, encoding: str | None = None) -> Document:
    """A page's bytes. `encoding` is what the server declared; a mark or meta element in the page goes first.

    Raises SourceError for a page without readable content, EpitomeError where a library is missing.
    """
    trafilatura = _library()
    page = _decoded(data, encoding)
    found = _extract(trafilatura, page, name)
    if found is None:
        raise SourceError(
            f"{name}: no readable content in this page",
            hint="pages that build themselves with scripts must be saved from a browser, or copied as text",
        )
    title = flat(found.title or "")
    body = _without_repeats(tree_blocks(found.body), title)
    text = "\n".join(block.text for block in body)
    if not text.strip():
        raise SourceError(f"{name}: no readable content in this page", hint="copy the text itself")
    return compose(body, title=title, source=name, language=certain_language(text) or _declared(page))


def _library() -> Any:
    try:
        import trafilatura
    except ImportError as error:
        # A fresh install of trafilatura can lack lxml_html_clean, which lxml once contained.
        missing = (
            "lxml_html_clean" if "html.clean" in str(error) or "html_clean" in str(error) else error.name
        )
        raise EpitomeError(
            f"web pages cannot be read: the Python package {missing} is missing",
            hint=f"pip install {missing}",
        ) from error
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    return trafilatura


def _decoded(data: bytes, encoding: str | None) -> bytes | str:
    """Bytes where the page may say itself what it is in; a string where only the server did."""
    declared = re.search(rb"charset\s*=\s*[\"']?[\w-]+", data[:4096], re.IGNORECASE)
    if encoding and not declared and not data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode(encoding, "replace")
        except LookupError:
            pass
    return data


def _extract(trafilatura: Any, page: bytes | str, name: str) -> Any:
    for recall in (False, True):
        try:
            found = trafilatura.bare_extraction(
                page, include_comments=False, include_formatting=True, favor_recall=recall, with_metadata=True
            )
        except Exception as error:
            # It parses hostile input with a dozen helpers; whatever escapes from there is the page's fault.
            raise SourceError(f"{name}: the page cannot be parsed", hint="save it from a browser") from error
        if found is not None and found.body is not None and "".join(found.body.itertext()).strip():
            return found
    return None


def _without_repeats(body: list[Block], title: str) -> list[Block]:
    """Without the page title where it stands as the first heading: `Document.title` has it."""
    kept = [block for block in body if block.text.strip()]
    if kept and kept[0].text.casefold() == title.casefold():
        return kept[1:] or kept
    return kept


def _declared(page: bytes | str) -> str | None:
    head = page[:4096]
    match = _LANGUAGE.search(head if isinstance(head, str) else head.decode("latin-1"))
    return match[1].lower() if match else None
