"""From an element tree (HTML, XHTML, trafilatura's own) to blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from epitome.documents.blocks import Block, clean

_HEADING = re.compile(r"h([1-6])$")
_PARAGRAPHS = frozenset({"p", "pre", "code", "dd", "dt", "figcaption", "caption", "address", "summary", "ab"})
_ITEMS = frozenset({"li", "item"})
_LISTS = frozenset({"ul", "ol", "list", "menu"})
_ROWS = frozenset({"tr", "row"})
_CELLS = frozenset({"td", "th", "cell"})
_BREAKS = frozenset({"br", "lb"})
_SKIPPED = frozenset(
    {"script", "style", "noscript", "template", "svg", "math", "iframe", "object", "graphic", "nav"}
)


class Walker:
    """Collects blocks in document order; text outside any paragraph element becomes a paragraph too."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._parts: list[str] = []

    def walk(self, element: Any) -> None:
        """Collect `element` and what lies below it, but not its tail."""
        tag = _tag(element)
        if tag is None or tag in _SKIPPED:
            return
        if tag in _BREAKS:
            self._parts.append("\n")
        elif level := _level(element, tag):
            self._flush()
            self._inside(element)
            self._flush(level)
        elif tag in _LISTS:
            self._flush()
            self._list(element)
        elif tag == "table":
            self._flush()
            self._table(element)
        elif tag in _PARAGRAPHS or tag not in _INLINE:
            self._flush()
            self._inside(element)
            self._flush()
        else:
            self._inside(element)

    def _inside(self, element: Any) -> None:
        self._parts.append(_flow(element.text, element))
        for child in element:
            self.walk(child)
            self._parts.append(_flow(child.tail, element))

    def _flush(self, level: int = 0) -> None:
        text = clean("".join(self._parts).replace("\x00", ""))
        self._parts.clear()
        if level:
            text = " ".join(text.split())
            if text:
                self.blocks.append(Block(text, level=level))
            return
        self.blocks += [Block(part) for part in text.split("\n\n") if part]

    def _list(self, element: Any) -> None:
        lines: list[str] = []
        for number, item in enumerate(_below(element, _ITEMS, _LISTS), 1):
            text = " ".join(clean("".join(_texts(item))).split())
            if text:
                lines.append(f"{number}. {text}" if _tag(element) == "ol" else f"- {text}")
        if lines:
            self.blocks.append(Block("\n".join(lines)))

    def _table(self, element: Any) -> None:
        lines: list[str] = []
        for row in _below(element, _ROWS, frozenset({"table"})):
            cells = [" ".join("".join(_texts(cell)).split()) for cell in row if _tag(cell) in _CELLS]
            if any(cells):
                lines.append(" | ".join(cell for cell in cells if cell))
        if lines:
            self.blocks.append(Block(clean("\n".join(lines))))


_INLINE = frozenset(
    {
        "a",
        "abbr",
        "b",
        "bdi",
        "bdo",
        "big",
        "cite",
        "data",
        "del",
        "dfn",
        "em",
        "font",
        "hi",
        "i",
        "ins",
        "kbd",
    }
    | {
        "label",
        "mark",
        "q",
        "ref",
        "rt",
        "ruby",
        "s",
        "samp",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
    }
    | {
        "time",
        "tt",
        "u",
        "var",
        "wbr",
        "img",
        "picture",
        "source",
        "input",
        "button",
        "select",
        "option",
        "rb",
    }
)


def _tag(element: Any) -> str | None:
    """The local name; None for comments and processing instructions."""
    tag = element.tag
    return tag.rsplit("}", 1)[-1].lower() if isinstance(tag, str) else None


def _level(element: Any, tag: str) -> int:
    if tag == "head" and element.get("rend"):
        tag = element.get("rend")
    match = _HEADING.match(tag)
    return int(match[1]) if match else 0


def _flow(text: str | None, element: Any) -> str:
    if not text:
        return ""
    return text if _tag(element) == "pre" else re.sub(r"\s+", " ", text)


def _texts(element: Any) -> Iterator[str]:
    """All text below, a space around block elements so that words do not run together."""
    if _tag(element) is None or _tag(element) in _SKIPPED:
        return
    yield element.text or ""
    for child in element:
        space = "" if _tag(child) in _INLINE else " "
        yield space
        yield from _texts(child)
        yield space
        yield child.tail or ""


def _below(element: Any, wanted: frozenset[str], stop: frozenset[str]) -> Iterator[Any]:
    """Elements named in `wanted` below `element`, not looking into nested ones named in `stop`."""
    for child in element:
        tag = _tag(child)
        if tag in wanted:
            yield child
        elif tag is not None and tag not in stop:
            yield from _below(child, wanted, stop)


def blocks(element: Any) -> list[Block]:
    """The blocks of an element tree."""
    walker = Walker()
    walker.walk(element)
    walker._flush()
    return walker.blocks
