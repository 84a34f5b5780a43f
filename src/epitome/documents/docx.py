"""Word documents: paragraphs, headings and tables in reading order."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

from epitome.documents.archive import broken, open_zip, refuse_entities
from epitome.documents.blocks import Block, clean, compose
from epitome.errors import EpitomeError, SourceError
from epitome.types import Document

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_HEADING = re.compile(r"heading ?([1-9])", re.IGNORECASE)


def read_docx(data: bytes, name: str) -> Document:
    """A DOCX file's bytes. Insertions that are tracked count as text, deletions do not.

    Raises SourceError for a broken, encrypted or empty document.
    """
    archive = open_zip(data, name, "DOCX")
    try:
        for info in archive.infolist():
            if info.filename.endswith((".xml", ".rels")):
                with archive.open(info) as stream:
                    refuse_entities(stream.read(), name)  # comments of any length may stand before them
        import docx

        document = docx.Document(io.BytesIO(data))
        body = list(_blocks(document.element.body, _levels(document)))
        title = document.core_properties.title or ""
    except EpitomeError:
        raise
    except (zipfile.BadZipFile, KeyError, ValueError, AttributeError, OSError, NotImplementedError) as error:
        raise broken(name, "DOCX") from error
    except Exception as error:
        # lxml's and python-docx's own errors share no base class with anything above.
        if type(error).__module__.split(".")[0] in {"docx", "lxml", "zlib"}:
            raise broken(name, "DOCX") from error
        raise
    if not any(block.text for block in body):
        raise SourceError(f"{name}: the document has no text", hint="text inside pictures cannot be read")
    if not title and body[0].level == 1:
        title = body[0].text
    return compose(body, title=title, source=name)


def _levels(document: Any) -> dict[str, int]:
    """Heading level by style id; 0 for numbered and bulleted styles is left to `_marker`."""
    levels: dict[str, int] = {}
    for style in document.styles:
        named = style.name or ""
        if named.lower() == "title":
            levels[style.style_id] = 1
        elif match := _HEADING.match(named):
            levels[style.style_id] = min(6, int(match[1]))
    return levels


def _blocks(container: Any, levels: dict[str, int]) -> Iterator[Block]:
    """Paragraphs and tables in order, content controls looked into; runs of list items share a block."""
    items: list[str] = []
    for child in _children(container):
        text = clean("".join(_texts(child))) if child.tag == f"{_W}p" else ""
        style = _attribute(child, "pPr/{0}pStyle") if child.tag == f"{_W}p" else ""
        bullet = child.tag == f"{_W}p" and style.lower().startswith("listbullet")
        if items and not bullet:
            yield Block("\n".join(items))
            items = []
        if child.tag == f"{_W}tbl":
            yield from _table(child)
        elif bullet and text:
            items.append("- " + text.replace("\n", " "))
        elif text:
            level = levels.get(style, 0)
            for part in text.split("\n\n"):
                yield Block(part.replace("\n", " ") if level else part, level=level)
    if items:
        yield Block("\n".join(items))


def _children(container: Any) -> Iterator[Any]:
    for child in container:
        if child.tag in {f"{_W}p", f"{_W}tbl"}:
            yield child
        elif child.tag == f"{_W}sdt":
            for content in child.findall(f"{_W}sdtContent"):
                yield from _children(content)
        elif child.tag in {f"{_W}ins", f"{_W}customXml", f"{_W}smartTag"}:
            yield from _children(child)


def _attribute(paragraph: Any, path: str) -> str:
    found = paragraph.find(f"{_W}{path.format(_W)}")
    return "" if found is None else str(found.get(f"{_W}val", ""))


def _texts(element: Any) -> Iterator[str]:
    """Text in order. Deleted runs hold `delText`, so they drop out; a text box comes once, not twice."""
    for node in element.iterchildren():
        if node.tag == f"{_W}t":
            yield node.text or ""
        elif node.tag == f"{_W}tab":
            yield " "
        elif node.tag in {f"{_W}br", f"{_W}cr"}:
            yield "\n"
        elif node.tag == f"{_W}noBreakHyphen":
            yield "-"
        elif isinstance(node.tag, str) and not node.tag.endswith(("}pPr", "}Fallback", "}rPr", "}instrText")):
            yield from _texts(node)


def _table(table: Any) -> Iterator[Block]:
    """One line a row; a merged cell is said once."""
    lines: list[str] = []
    for row in table.iter(f"{_W}tr"):
        cells = [" ".join(clean("\n".join(_cell(cell))).split()) for cell in row.findall(f"{_W}tc")]
        if any(cells):
            lines.append(" | ".join(cell for cell in cells if cell))
    if lines:
        yield Block("\n".join(lines))


def _cell(cell: Any) -> Iterator[str]:
    for paragraph in cell.findall(f"{_W}p"):
        yield "".join(_texts(paragraph))
