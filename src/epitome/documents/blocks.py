"""Blocks: what every reader yields, and how blocks become a Document.

A block is one paragraph or heading with what the format knows about its place. `compose` is the only place
that counts offsets, so sections and origins mean the same for a PDF, a web page and a subtitle file.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from epitome.documents.languages import detect_language
from epitome.types import Document, Origin, Section


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph. Its text may hold single line breaks (list items, verse), never a blank line."""

    text: str
    level: int = 0
    """0 for a paragraph; 1 to 6 for a heading."""
    page: int | None = None
    time: float | None = None
    later: tuple[Origin, ...] = ()
    """Where the place changes inside the block (a page break, a cue); starts count from the block's."""


# Soft hyphen, zero-width space and word joiner, byte-order mark, directional marks, interlinear and object
# placeholders, tag characters, non-characters and lone surrogates: invisible, and each a token of its own.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffc\ufffe\uffff\U000e0000-\U000e007f\ud800-\udfff]"
)
# Joiners carry meaning in Indic and Arabic scripts and in emoji; elsewhere they are debris.
_JOINERS = re.compile("(?<![\u0590-\u1dbf\u2600-\u27bf\ufe0f\U0001f000-\U0001faff])[\u200c\u200d]")
_SPACE = re.compile(r"[^\S\n\r\x0b\x0c\x1c\x1d\x85\u2028\u2029 ]|[\x1e\x1f]")
_BREAKS = (("\r\n", "\n"), ("\r", "\n"), ("\x0b", "\n"), ("\x0c", "\n\n"), ("\x1c", "\n"), ("\x1d", "\n"))
_WIDE_BREAKS = (("\x85", "\n"), ("\u2028", "\n"), ("\u2029", "\n\n"))
_ASCII_SPACES = bytes.maketrans(b"\t\x1e\x1f", b"   ")
_ASCII_DELETED = bytes({*range(9), *range(0x0E, 0x1C), 0x7F})


def clean(text: str) -> str:
    """NFC, no invisible or control characters, single spaces, `\\n` line ends, one blank line at most."""
    if text.isascii():
        # Ten times faster than the patterns below: a log file of 100 MB is no reason to wait.
        text = text.encode("ascii").translate(_ASCII_SPACES, _ASCII_DELETED).decode("ascii")
    else:
        text = _JOINERS.sub("", unicodedata.normalize("NFC", _INVISIBLE.sub("", text)))
        text = _SPACE.sub(" ", unicodedata.normalize("NFC", text))
        for found, wanted in _WIDE_BREAKS:
            text = text.replace(found, wanted)
    for found, wanted in _BREAKS:
        text = text.replace(found, wanted)
    text = _repeated(text, "  ", " ").replace(" \n", "\n").replace("\n ", "\n")
    return _repeated(text, "\n\n\n", "\n\n").strip()


def _repeated(text: str, found: str, wanted: str) -> str:
    while found in text:
        text = text.replace(found, wanted)
    return text


def tight(before: str, after: str) -> bool:
    """Whether two pieces of one line join without a space: Chinese and Japanese on both sides."""
    return _wide(before[-1:]) and _wide(after[:1])


def _wide(char: str) -> bool:
    return "\u3000" <= char <= "\u9fff" or "\uff00" <= char <= "\uffef"


def flat(text: str) -> str:
    """`clean` text on one line."""
    return clean(text).replace("\n\n", " ").replace("\n", " ")


def compose(
    blocks: Iterable[Block],
    *,
    title: str = "",
    source: str = "",
    language: str | None = None,
    warnings: Sequence[str] = (),
) -> Document:
    """Join blocks with blank lines and count where each begins.

    Sections are flat and leave nothing out: each runs from its heading to the end of the last paragraph
    before the next heading of any level, and text before the first heading has a section without a title
    (level 0). A document without headings has no sections. Every paragraph and heading gets an origin.
    """
    parts: list[str] = []
    origins: list[Origin] = []
    headings: list[tuple[int, str, int]] = []
    at = 0
    for block in blocks:
        if not block.text:
            continue
        at += 2 if parts else 0
        number = len(parts) + 1
        origins.append(Origin(at, page=block.page, paragraph=number, time=block.time))
        origins += [Origin(at + place.start, place.page, number, place.time) for place in block.later]
        if block.level:
            headings.append((at, block.text, block.level))
        parts.append(block.text)
        at += len(block.text)
    text = "\n\n".join(parts)
    return Document(
        text=text,
        title=flat(title),
        language=language or detect_language(text),
        sections=_sections(headings, text),
        origins=origins,
        source=source,
        warnings=list(warnings),
    )


def _sections(headings: list[tuple[int, str, int]], text: str) -> list[Section]:
    """The partition of `text` that its headings make; each section ends before the blank line."""
    if not headings:
        return []
    starts = headings if headings[0][0] == 0 else [(0, "", 0), *headings]
    ends = [start - 2 for start, _, _ in starts[1:]] + [len(text)]
    return [
        Section(title=title, level=level, start=start, end=end)
        for (start, title, level), end in zip(starts, ends, strict=True)
    ]
