"""PDF: characters and their places by PDFium, the page's geometry by `layout`."""

from __future__ import annotations

import ctypes
import math
import re
import threading
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

from epitome.documents import layout
from epitome.documents.blocks import Block, clean, compose
from epitome.documents.headings import mark_headings
from epitome.documents.layout import Line, Paragraph
from epitome.errors import SourceError
from epitome.types import Document, Origin

_PDFIUM = threading.Lock()
"""PDFium is not thread-safe: one document at a time in a process."""

_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"})
_BOLD = re.compile(r"bold|black|heavy|medi(?:um)?\b|cmbx|-b\b|demi", re.IGNORECASE)
READABLE = 0.5
"""Share of tokens that must be words or numbers. Papers full of formulas have 0.83 and more; a font without a
character map leaves symbols (bench/reading.py: 0.2)."""
_TOKEN = re.compile(r"[\W_]*(?:[^\W\d_]+(?:['’\-/.][^\W\d_]+)*|[\d.,:/%-]+)[\W_]*")
_FOREIGN = re.compile("[\x00-\x1f\x7f-\x9f¡-©«-´¶-¹»-¿×÷\ue000-\uf8ff\ufffd]")


@dataclass(slots=True)
class _Char:
    text: str
    left: float
    right: float
    top: float
    bottom: float
    at: int
    spaced: bool
    """A space stands before it."""


def read_pdf(data: bytes, name: str) -> Document:
    """A PDF file's bytes: columns in reading order, running headers, footers and page numbers dropped.

    Words broken at line ends are joined, paragraphs rebuilt over lines, columns and pages, headings told by
    size, weight and numbering. Raises SourceError where the file is encrypted, broken or without text.
    """
    with _PDFIUM:
        pages, heights, metadata = _read(data, name)
    empty = [number for number, page in enumerate(pages, 1) if not page]
    if len(empty) == len(pages):
        raise SourceError(
            f"{name}: the PDF has no text, only pictures of pages (scanned?)",
            hint="run it through OCR first, for example with ocrmypdf",
        )
    _refuse_garbage(pages, name)
    warnings = [f"{name}: no text on page {_listed(empty)} (scanned?)"] if empty else []
    body, title = _blocks(layout.without_furniture(pages, heights))
    if (
        not title
        and " " in metadata
        and not metadata.lower().endswith((".pdf", ".doc", ".docx", ".tex", ".dvi"))
    ):
        title = metadata
    return compose(body, title=title, source=name, warnings=warnings)


def _listed(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:10]))
    return f"{shown} and {len(numbers) - 10} more" if len(numbers) > 10 else shown


# --- PDFium ---


def _read(data: bytes, name: str) -> tuple[list[list[Line]], list[float], str]:
    """Lines and height of each page, and the title in the metadata."""
    import pypdfium2

    try:
        pdf = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower() or "security" in str(error).lower():
            raise SourceError(f"{name}: the PDF is encrypted", hint="save a copy without password") from error
        raise SourceError(
            f"{name}: the PDF is broken", hint="open it in a viewer and print it to a new PDF"
        ) from error
    try:
        lines: list[list[Line]] = []
        heights: list[float] = []
        for number in range(len(pdf)):
            page = _page(pdf, number)
            lines.append(page[0])
            heights.append(page[1])
        if not lines:
            raise SourceError(f"{name}: the PDF has no pages", hint="open it in a viewer")
        return lines, heights, clean(str(pdf.get_metadata_value("Title") or ""))
    finally:
        pdf.close()


def _page(pdf: Any, number: int) -> tuple[list[Line], float]:
    import pypdfium2

    try:
        page = pdf[number]
        try:
            text = page.get_textpage()
            try:
                chars, height = _upright(text, page.get_bbox())
                return list(_lines(text, chars, number + 1)), height
            finally:
                text.close()
        finally:
            page.close()
    except pypdfium2.PdfiumError:
        return [], 792.0


def _upright(text: Any, bounds: tuple[float, float, float, float]) -> tuple[list[_Char], float]:
    """The characters in the page's main direction, turned upright, and the page's height in that direction.

    Spaces become a flag. What stands at another angle (a stamp in the margin) or off the page is left out.
    """
    import pypdfium2.raw as raw

    count = raw.FPDFText_CountChars(text)
    # PDFium counts angles clockwise, `_turned` as mathematicians do.
    angles = [-round(math.degrees(raw.FPDFText_GetCharAngle(text, at)) / 90) % 4 for at in range(count)]
    turn = Counter(angles).most_common(1)[0][0] if angles else 0
    page = _turned(bounds, turn)
    box = raw.FS_RECTF()
    found: list[_Char] = []
    spaced = False
    for at in range(count):
        code = raw.FPDFText_GetUnicode(text, at)
        char = "\u00ad" if code in (0xFFFE, 0x02) else chr(code) if code < 0x110000 else "\ufffd"
        if char.isspace() or code == 0:
            spaced = True
            continue
        if angles[at] != turn or not raw.FPDFText_GetLooseCharBox(text, at, ctypes.byref(box)):
            continue
        left, top, right, bottom = _turned((box.left, box.bottom, box.right, box.top), turn)
        if page[0] <= (left + right) / 2 <= page[2] and page[1] <= (top + bottom) / 2 <= page[3]:
            found.append(_Char(char, left, right, top - page[1], bottom - page[1], at, spaced))
            spaced = False
    return found, page[3] - page[1]


def _turned(box: tuple[float, float, float, float], turn: int) -> tuple[float, float, float, float]:
    """A box given as left, bottom, right, top, after turning back by `turn` quarters and y downwards."""
    left, bottom, right, top = box
    if turn == 1:
        return bottom, left, top, right
    if turn == 2:
        return -right, bottom, -left, top
    if turn == 3:
        return -top, -right, -bottom, -left
    return left, -top, right, -bottom


def _lines(text: Any, chars: list[_Char], page: int) -> Iterator[Line]:
    group: list[_Char] = []
    for char in chars:
        if group and not _beside(group, char):
            yield _line(text, group, page)
            group = []
        group.append(char)
    if group:
        yield _line(text, group, page)


def _beside(group: list[_Char], char: _Char) -> bool:
    """Whether `char` goes on the line: same height, and neither backwards nor across a gap."""
    last = group[-1]
    size = max(char.bottom - char.top, last.bottom - last.top, 1.0)
    overlap = min(char.bottom, last.bottom) - max(char.top, last.top)
    if overlap < 0.35 * min(char.bottom - char.top, last.bottom - last.top):
        return False
    return -0.7 * size < char.left - last.right < 1.5 * size


def _line(text: Any, group: list[_Char], page: int) -> Line:
    written = "".join((" " if char.spaced and at else "") + char.text for at, char in enumerate(group))
    weights = [_is_bold(text, group[at].at) for at in {0, len(group) // 2, len(group) - 1}]
    return Line(
        text=unicodedata.normalize("NFC", written.translate(_LIGATURES)),
        left=group[0].left,
        right=max(char.right for char in group),
        top=median(char.top for char in group),
        bottom=median(char.bottom for char in group),
        size=max(1.0, median(char.bottom - char.top for char in group)),
        bold=all(weights),
        page=page,
    )


def _is_bold(text: Any, at: int) -> bool:
    import pypdfium2.raw as raw

    buffer = ctypes.create_string_buffer(128)
    flags = ctypes.c_int()
    raw.FPDFText_GetFontInfo(text, at, buffer, 128, ctypes.byref(flags))
    return (
        bool(_BOLD.search(buffer.value.decode("utf-8", "replace")))
        or raw.FPDFText_GetFontWeight(text, at) >= 600
    )


def _refuse_garbage(pages: list[list[Line]], name: str) -> None:
    tokens = [token for page in pages for line in page for token in line.text.split()]
    words = sum(bool(_TOKEN.fullmatch(token)) and not _FOREIGN.search(token[1:-1]) for token in tokens)
    if words < READABLE * len(tokens):
        raise SourceError(
            f"{name}: the PDF's fonts do not say which letters they show",
            hint="run it through OCR, for example with ocrmypdf --force-ocr",
        )


# --- paragraphs to blocks ---


def _blocks(pages: list[list[Line]]) -> tuple[list[Block], str]:
    """The blocks of all pages, and the title."""
    lines = [line for page in pages for line in page]
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[round(line.size * 2) / 2] += len(line.text)
    body = sizes.most_common(1)[0][0] if sizes else 10.0
    words = layout.vocabulary(lines)
    found: list[Paragraph] = []
    for page in pages:
        for column in layout.columns(page):
            found += layout.paragraphs(column, body)
    title = mark_headings(found, body)
    return [_block(paragraph, words) for paragraph in _continued(found) if not _tick(paragraph)], title


def _tick(paragraph: Paragraph) -> bool:
    """A number that stands alone labels a chart's axis or a formula."""
    text = paragraph.text
    return len(text) <= 12 and not any(map(str.isalpha, text))


def _continued(found: list[Paragraph]) -> list[Paragraph]:
    """Paragraphs that a column or page break had cut in two are one again; notes in between come after."""
    joined: list[Paragraph] = []
    open_at: int | None = None
    for paragraph in found:
        if open_at is not None and paragraph.opens and _goes_on(joined[open_at], paragraph):
            joined[open_at].lines += paragraph.lines
            continue
        joined.append(paragraph)
        if paragraph.level or not paragraph.small:
            open_at = None if paragraph.level else len(joined) - 1
    return joined


def _goes_on(before: Paragraph, after: Paragraph) -> bool:
    if after.level or after.small or not 0.93 < after.size / before.size < 1.07:
        return False
    last, first = before.lines[-1].text, after.lines[0].text
    if re.search(r"[.!?。！？][\"'”’)\]]*$", last):
        return False
    return first[:1].islower() or before.lines[-1].right > before.right - 1.5 * before.size


def _block(paragraph: Paragraph, words: Counter[str]) -> Block:
    text = ""
    page = paragraph.lines[0].page
    later: list[Origin] = []
    here = page
    for line in paragraph.lines:
        written = clean(line.text + "|")[:-1].rstrip() if not line.text.endswith("\u00ad") else line.text
        text = layout.append_line(text, written, words)
        if line.page != here:
            here = line.page
            later.append(Origin(max(0, len(text) - len(written)), page=here))
    return Block(clean(text), level=paragraph.level, page=page, later=tuple(later))
