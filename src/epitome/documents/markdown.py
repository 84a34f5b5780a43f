"""Markdown: headings become sections, markup goes, the text stays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from epitome.documents.blocks import Block, clean, compose, tight
from epitome.documents.text import decode
from epitome.types import Document

if TYPE_CHECKING:
    from markdown_it.token import Token

_FRONT_MATTER = re.compile(r"\A---[ \t]*\r?\n(.*?)\r?\n(?:---|\.\.\.)[ \t]*\r?\n", re.DOTALL)
_FRONT_TITLE = re.compile(r"^title:\s*[\"']?(.+?)[\"']?\s*$", re.MULTILINE)
_TAG = re.compile(r"<!--.*?-->|</?[a-zA-Z][^<>]*>", re.DOTALL)


def read_markdown(data: bytes, name: str) -> Document:
    """A Markdown file's bytes (CommonMark with tables). Raises SourceError as `decode` does."""
    text, warnings = decode(data, name)
    title = ""
    if front := _FRONT_MATTER.match(text):
        text = text[front.end() :]
        if named := _FRONT_TITLE.search(front[1]):
            title = named[1]
    body = list(_blocks(text))
    if not title and body and body[0].level == 1:
        title = body[0].text
    return compose(body, title=title, source=name, warnings=warnings)


def _blocks(text: str) -> Iterator[Block]:
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("commonmark", {"maxNesting": 50}).enable("table").parse(text)
    at = 0
    while at < len(tokens):
        token = tokens[at]
        end = _closing(tokens, at)
        inner = tokens[at : end + 1]
        if token.type == "heading_open":
            yield from _block(" ".join(_lines(inner)), int(token.tag[1]))
        elif token.type in {"bullet_list_open", "ordered_list_open"}:
            yield from _block("\n".join(_items(inner)))
        elif token.type == "table_open":
            yield from _block("\n".join(_rows(inner)))
        elif token.type == "blockquote_open":
            for part in _paragraphs(inner):
                yield from _block(part)
        else:
            yield from _block("\n".join(_lines(inner)))
        at = end + 1


def _block(text: str, level: int = 0) -> Iterator[Block]:
    for part in clean(text).split("\n\n"):
        if part:
            yield Block(part.replace("\n", " ") if level else part, level=level)


def _closing(tokens: list[Token], at: int) -> int:
    """Where the element that opens at `at` closes."""
    depth = 0
    for end in range(at, len(tokens)):
        depth += tokens[end].nesting
        if depth == 0:
            return end
    return len(tokens) - 1


def _lines(tokens: list[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type == "inline":
            yield _inline(token)
        elif token.type in {"fence", "code_block"}:
            yield token.content.strip("\n")
        elif token.type == "html_block":
            yield _TAG.sub("", token.content).strip()


def _paragraphs(tokens: list[Token]) -> Iterator[str]:
    yield from _lines(tokens)


def _items(tokens: list[Token]) -> Iterator[str]:
    """One line an item, its marker before it; what follows inside an item goes on its own line."""
    markers: list[str] = []
    fresh = ""
    for token in tokens:
        if token.type == "list_item_open":
            fresh = f"{token.info}{token.markup} " if token.info else "- "
            markers.append(fresh)
        elif token.type == "list_item_close":
            markers.pop()
        elif token.type in {"inline", "fence", "code_block"}:
            text = "\n".join(_lines([token]))
            if text:
                yield fresh + text
            fresh = ""


def _rows(tokens: list[Token]) -> Iterator[str]:
    cells: list[str] = []
    for token in tokens:
        if token.type == "inline":
            cells.append(_inline(token))
        elif token.type == "tr_close":
            yield " | ".join(cell for cell in cells if cell)
            cells = []


def _inline(token: Token) -> str:
    parts: list[str] = []
    children = token.children or []
    for at, child in enumerate(children):
        if child.type in {"text", "code_inline", "image"}:
            parts.append(child.content)
        elif child.type == "hardbreak":
            parts.append("\n")
        elif child.type == "softbreak":
            following = children[at + 1].content if at + 1 < len(children) else ""
            parts.append("" if tight(parts[-1] if parts else "", following) else " ")
        elif child.type == "html_inline" and child.content.lower().startswith("<br"):
            parts.append("\n")
    return "".join(parts)
