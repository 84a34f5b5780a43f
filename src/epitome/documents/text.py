"""Plain text in any encoding, and strings given in Python."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from itertools import pairwise

from epitome.documents.blocks import Block, clean, compose, tight
from epitome.errors import SourceError
from epitome.types import Document

_BOMS = (  # UTF-32 first: its mark begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 1 << 16
_CONTROL = bytes(set(range(0x20)) - set(b"\t\n\v\f\r\x1b\x1c\x1d\x1e\x1f\x1a")) + b"\x7f"
# Text in any encoding has practically no control bytes; compressed and compiled data have 8 to 11 %.
_BINARY_SHARE = 0.02
# A UTF-8 file with a few bad bytes is still UTF-8: this many per thousand characters are shown as U+FFFD.
_BAD_BYTES_PER_THOUSAND = 5


def decode(data: bytes, name: str) -> tuple[str, list[str]]:
    """`data` as text, and warnings for a person (a guessed encoding, replaced bytes).

    A byte-order mark decides, then UTF-8, then charset-normalizer's guess. Raises SourceError on an empty
    input, on binary data and where no encoding fits.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _with_mark(data, encoding, name)
    if not data.strip():
        raise SourceError(
            f"{name}: the file is empty", hint="check that it was saved, and that it is the right one"
        )
    if wide := _wide(data):
        return data.decode(wide, "replace"), [f"{name}: read as {wide.upper()} (guessed)"]
    if _binary(data):
        raise binary(name)
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError:
        return _guess(data, name)


def binary(name: str) -> SourceError:
    """The error for data that is no text in any encoding."""
    return SourceError(
        f"{name}: this is binary data, not text",
        hint="Epitome reads text, Markdown, HTML, PDF, DOCX, EPUB, SRT and VTT; convert it to one of these",
    )


def _with_mark(data: bytes, encoding: str, name: str) -> tuple[str, list[str]]:
    text = data.decode(encoding, "replace")
    if not text.strip("\ufeff \t\r\n"):
        raise SourceError(
            f"{name}: the file is empty", hint="check that it was saved, and that it is the right one"
        )
    broken = text.count("\ufffd")
    if broken > len(text) / 10:
        raise binary(name)
    return text, [f"{name}: {broken} characters are broken and shown as \ufffd"] if broken else []


def _wide(data: bytes) -> str:
    """UTF-16 without a mark: Latin text has a zero in nearly every second byte."""
    sample = data[:_SAMPLE]
    half = len(sample) // 2
    if half < 2:
        return ""
    even, odd = sample[::2].count(0) / half, sample[1::2].count(0) / half
    if odd > 0.7 and even < 0.05:
        return "utf-16-le"
    if even > 0.7 and odd < 0.05:
        return "utf-16-be"
    return ""


def _binary(data: bytes) -> bool:
    sample = data[:_SAMPLE]
    control = len(sample) - len(sample.translate(None, _CONTROL))
    return 0 in sample or control > _BINARY_SHARE * len(sample) + 3


def _guess(data: bytes, name: str) -> tuple[str, list[str]]:
    repaired = data.decode("utf-8", "replace")
    bad = repaired.count("\ufffd")
    wide = sum(char > "\x7f" for char in repaired[:_SAMPLE]) - repaired[:_SAMPLE].count("\ufffd")
    if bad * 1000 <= _BAD_BYTES_PER_THOUSAND * len(repaired) and (
        wide > 4 * bad or bad * 20_000 < len(repaired)
    ):
        return repaired, [f"{name}: {bad} characters are not valid UTF-8 and are shown as \ufffd"]
    from charset_normalizer import from_bytes

    best = from_bytes(_telling(data), threshold=0.2).best()
    if best is None:
        raise _unknown(name)
    try:
        text = data.decode(best.encoding)
    except (UnicodeDecodeError, LookupError):
        raise _unknown(name) from None
    return text, [f"{name}: no UTF-8; read as {best.encoding} (guessed)"]


def _telling(data: bytes) -> bytes:
    """The part to guess an encoding from: the first lines with bytes beyond ASCII, a sample's worth."""
    if len(data) <= _SAMPLE:
        return data
    first = next((at for at, byte in enumerate(data) if byte > 0x7F), 0)
    start = data.rfind(b"\n", 0, first) + 1
    return data[max(start, first - _SAMPLE // 2) :][:_SAMPLE]


def _unknown(name: str) -> SourceError:
    return SourceError(
        f"{name}: the text is in no encoding that Epitome knows or could tell",
        hint="save it as UTF-8 (for example with iconv -t UTF-8)",
    )


# --- paragraphs ---

_ITEM = re.compile(r"(?:[-*+•‣▪◦–—]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)]|\[\d{1,3}\])\s+\S|#{1,6} |>")
_SENTENCE_END = re.compile(r"[.!?。！？…][\"'”’」』)）]*$")


def paragraphs(text: str) -> Iterator[str]:
    """The paragraphs of a text: wrapped lines joined, list items and verse left on lines of their own."""
    for block in clean(text).split("\n\n"):
        if "\n" not in block:
            yield block
            continue
        lines: list[str] = []
        for item in _items(block.split("\n")):
            lines += [_join(item)] if _wrapped(item) else item
        if _one_a_line(lines):
            yield from lines
        else:
            yield "\n".join(lines)


def _items(lines: list[str]) -> Iterator[list[str]]:
    """Groups of lines that begin with a list marker; what stands before the first marker is one group."""
    group: list[str] = []
    for line in lines:
        if group and _ITEM.match(line):
            yield group
            group = []
        group.append(line)
    yield group


def _wrapped(lines: list[str]) -> bool:
    """Whether line breaks are a typewriter's: the next line's first word would not have fitted.

    Nine of ten breaks must be such; dialogues, addresses and verse break elsewhere.
    """
    if len(lines) < 2:
        return False
    width = max(map(len, lines))
    if not 30 <= width <= 132:
        return False
    forced = sum(
        len(line) + 1 + len(following.split(" ", 1)[0]) > width
        or (tight(line, following) and len(line) > width - 3)
        for line, following in pairwise(lines)
    )
    return forced >= 0.9 * (len(lines) - 1)


def _join(lines: list[str]) -> str:
    joined = lines[0]
    for line in lines[1:]:
        joined += line if tight(joined, line) else f" {line}"
    return joined


def _one_a_line(lines: list[str]) -> bool:
    """Prose with one paragraph a line: long lines that end sentences."""
    return len(lines) > 1 and all(len(line) > 132 and _SENTENCE_END.search(line) for line in lines)


def from_text(text: str, title: str = "", source: str = "", language: str | None = None) -> Document:
    """A Document of a string. White space is normalised, wrapped lines are joined; empty is allowed.

    `language` None is detected. Every paragraph (blank line between) has an origin with its number.
    """
    return compose((Block(part) for part in paragraphs(text)), title=title, source=source, language=language)


def read_text(data: bytes, name: str, encoding: str | None = None) -> Document:
    """A text file's bytes; `encoding` is what a server declared. Raises SourceError as `decode` does."""
    text, warnings = _declared(data, encoding) or decode(data, name)
    parts = list(paragraphs(text))
    title = parts[0] if len(parts) > 2 and _headline(parts[0]) else ""
    return compose(map(Block, parts), title=title, source=name, warnings=warnings)


def _headline(text: str) -> bool:
    """Whether the first paragraph reads like a title: one short line that is no sentence."""
    return (
        len(text) <= 120
        and "\n" not in text
        and not _SENTENCE_END.search(text)
        and text[-1:] not in ",;:，；："
    )


def _declared(data: bytes, encoding: str | None) -> tuple[str, list[str]] | None:
    try:
        return (data.decode(encoding), []) if encoding and not _binary(data) else None
    except (UnicodeDecodeError, LookupError):
        return None
