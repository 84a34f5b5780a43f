"""EPUB books: the chapters in the spine's order (EPUB 3.3, W3C 2023), with the standard library and lxml."""

from __future__ import annotations

import posixpath
import zipfile
from typing import Any
from urllib.parse import unquote

from epitome.documents.archive import broken, member, open_zip
from epitome.documents.blocks import Block, compose
from epitome.documents.markup import blocks as tree_blocks
from epitome.errors import SourceError
from epitome.types import Document

_PAGES = frozenset({"application/xhtml+xml", "text/html", "application/x-dtbook+xml"})


def read_epub(data: bytes, name: str) -> Document:
    """An EPUB file's bytes. Pages outside the linear reading order and the table of contents are left out.

    Raises SourceError for a broken or encrypted book, a zip bomb, and one that declares XML entities.
    """
    archive = open_zip(data, name, "EPUB")
    if "META-INF/encryption.xml" in archive.namelist() and _locked(archive, name):
        raise SourceError(f"{name}: the book is protected (DRM)", hint="Epitome reads unprotected EPUB only")
    root = _xml(member(archive, "META-INF/container.xml", name, "EPUB"), name)
    packages = [found.get("full-path", "") for found in root.iter("{*}rootfile")]
    if not packages:
        raise broken(name, "EPUB")
    package = _xml(member(archive, packages[0], name, "EPUB"), name)
    body: list[Block] = []
    for path in _spine(package, posixpath.dirname(packages[0])):
        body += tree_blocks(_page(member(archive, path, name, "EPUB"), name))
    if not any(block.text for block in body):
        raise SourceError(f"{name}: the book has no text", hint="books made of page images cannot be read")
    language = _first(package, "language")[:2].lower()
    return compose(body, title=_first(package, "title"), source=name, language=language or None)


def _locked(archive: zipfile.ZipFile, name: str) -> bool:
    """Whether pages are encrypted; obfuscated fonts, which many open books have, do not count."""
    listed = _xml(member(archive, "META-INF/encryption.xml", name, "EPUB"), name)
    paths = (found.get("URI", "").lower() for found in listed.iter("{*}CipherReference"))
    return any(path.endswith((".xhtml", ".html", ".htm", ".xml", ".opf")) for path in paths)


def _spine(package: Any, folder: str) -> list[str]:
    items = {
        item.get("id"): item
        for item in package.iter("{*}item")
        if item.get("media-type") in _PAGES and "nav" not in (item.get("properties") or "").split()
    }
    order = [found.get("idref") for found in package.iter("{*}itemref") if found.get("linear") != "no"]
    return [
        posixpath.normpath(posixpath.join(folder, unquote(items[key].get("href", ""))))
        for key in order
        if key in items
    ]


def _first(package: Any, tag: str) -> str:
    found = next(package.iter("{http://purl.org/dc/elements/1.1/}" + tag), None)
    return "" if found is None else (found.text or "").strip()


def _xml(data: bytes, name: str) -> Any:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise broken(name, "EPUB") from error
    if root is None:
        raise broken(name, "EPUB")
    return root


def _page(data: bytes, name: str) -> Any:
    from lxml import etree, html

    try:
        root = html.fromstring(data, parser=html.HTMLParser(encoding="utf-8", no_network=True))
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise broken(name, "EPUB") from error
    for found in root.iter("body"):
        return found
    return root
