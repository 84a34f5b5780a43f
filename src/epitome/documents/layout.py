"""The geometry of a printed page: from placed lines to reading order and paragraphs. No PDF library here.

Coordinates are in points, `top` and `bottom` growing downwards. All thresholds are relative to the type size
and were set on nine ACL papers of 1998 to 2010 (bench/reading.py; figures in bench/results/reading.md).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import pairwise
from statistics import median

from epitome.documents.blocks import tight


@dataclass(slots=True)
class Line:
    """Characters that stand side by side on one page; `page` from 1."""

    text: str
    left: float
    right: float
    top: float
    bottom: float
    size: float
    bold: bool
    page: int

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


@dataclass(slots=True)
class Paragraph:
    """Lines that belong together. `opens` says that it is the first of its column."""

    lines: list[Line]
    opens: bool = False
    right: float = 0.0
    """Where full lines of its column end."""
    level: int = 0
    small: bool = field(default=False)
    """Set smaller than the body: a footnote, a caption, a table."""

    @property
    def size(self) -> float:
        return median(line.size for line in self.lines)

    @property
    def text(self) -> str:
        """The lines with a space between: good for looking at, not for reading."""
        return " ".join(line.text for line in self.lines).strip()


# --- furniture: running headers, footers, page numbers ---

ZONE = 0.13
"""Share of the page height, above and below, where furniture stands."""
_NUMBER = re.compile(
    r"[\s\-–—|•]*(?:page\s*)?(?:\d{1,4}|[ivxlc]{1,6})(?:\s*(?:/|of)\s*\d{1,4})?[\s\-–—|•.]*", re.I
)
_IMPRINT = re.compile(
    r"^(?:in )?proceedings of |\bpages? \d+\s*[-–—]\s*\d+|(?:\(c\)|\bc|©|copyright)\s*(?:©\s*)?[12]\d{3}\b|"
    r"^.{0,2}\s*[12]\d{3} (?:association|acl|ieee|acm|springer|elsevier|the authors)\b|"
    r"\ball rights reserved|^doi:|^https?://doi|^arxiv:\d",
    re.IGNORECASE,
)


def without_furniture(pages: list[list[Line]], heights: list[float]) -> list[list[Line]]:
    """Pages without what repeats at their edges, page numbers and imprints."""
    edges = [_edges(page, height) for page, height in zip(pages, heights, strict=True)]
    keys = [{_key(line) for line in edge} - {""} for edge in edges]
    kept: list[list[Line]] = []
    for number, (page, edge) in enumerate(zip(pages, edges, strict=True)):
        others = [key for at, found in enumerate(keys) if at != number for key in found]
        drop = {id(line) for line in edge if _furniture(line, others)}
        kept.append([line for line in page if id(line) not in drop])
    return kept


def _edges(page: list[Line], height: float) -> list[Line]:
    """The lines in the outer zones; at most the three outermost rows of each."""
    top = sorted((line for line in page if line.bottom < ZONE * height), key=lambda line: line.top)
    low = sorted((line for line in page if line.top > (1 - ZONE) * height), key=lambda line: -line.bottom)
    return [*_rows(top, 3), *_rows(low, 3)]


def _rows(lines: list[Line], count: int) -> Iterator[Line]:
    seen: list[float] = []
    for line in lines:
        if not any(abs(line.middle - middle) < 0.6 * line.size for middle in seen):
            if len(seen) == count:
                return
            seen.append(line.middle)
        yield line


def _key(line: Line) -> str:
    return re.sub(r"[\W\d_]+", "", line.text.casefold())


def _furniture(line: Line, others: list[str]) -> bool:
    text = line.text.strip()
    if _NUMBER.fullmatch(text) or _IMPRINT.search(text):
        return True
    key = _key(line)
    if len(key) < 3:
        return False
    return any(_same(key, other) for other in others)


def _same(key: str, other: str) -> bool:
    """Scanned headers differ by a letter or two from page to page."""
    if key == other or len(key) <= 8:
        return key == other
    matcher = SequenceMatcher(None, key, other)
    return matcher.quick_ratio() > 0.85 and matcher.ratio() > 0.85


# --- reading order ---


def columns(lines: list[Line], depth: int = 0) -> list[list[Line]]:
    """Columns in reading order: what spans the gutter cuts the page into bands, each read left to right."""
    gutter = _gutter(lines) if depth < 3 else None
    if gutter is None:
        return [_merged_rows(lines)] if lines else []
    found: list[list[Line]] = []
    sides: tuple[list[Line], list[Line]] = ([], [])
    spanning: list[Line] = []

    def close() -> None:
        for side in sides:
            found.extend(columns(side, depth + 1))
            side.clear()

    for line in sorted(lines, key=lambda line: line.middle):
        if line.left < gutter - 2 and line.right > gutter + 2:
            if sides[0] or sides[1]:
                if spanning:
                    found.append(_merged_rows(spanning))
                    spanning = []
                close()
            spanning.append(line)
            continue
        if spanning:
            found.append(_merged_rows(spanning))
            spanning = []
        sides[line.left >= gutter - 2].append(line)
    if spanning:
        found.append(_merged_rows(spanning))
    close()
    return found


def _gutter(lines: list[Line]) -> float | None:
    """The x between two columns, or None: most lines keep clear of it, and both sides look like text."""
    if len(lines) < 8:
        return None
    left, right = min(line.left for line in lines), max(line.right for line in lines)
    width = right - left
    best, crossed, centred = None, len(lines), width
    at = left + 0.2 * width
    while at < right - 0.2 * width:
        count = sum(line.left < at - 3 and line.right > at + 3 for line in lines)
        count += sum(at - 3 <= line.left <= at or at <= line.right <= at + 3 for line in lines)
        off = abs(at - left - width / 2)
        if (count, off) < (crossed, centred):
            best, crossed, centred = at, count, off
        at += max(2.0, width / 500)
    if best is None or crossed > 0.35 * len(lines):
        return None
    first = [line for line in lines if line.right <= best + 3]
    second = [line for line in lines if line.left >= best - 3]
    enough = max(4, 0.12 * len(lines))
    if len(first) < enough or len(second) < enough:
        return None
    filled = median(line.right - line.left for line in first) > 0.5 * (best - left)
    return (
        best if filled and median(line.right - line.left for line in second) > 0.5 * (right - best) else None
    )


def _merged_rows(lines: list[Line]) -> list[Line]:
    """Top to bottom; fragments on one row become one line."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: line.middle):
        row = rows[-1] if rows else []
        if row and abs(line.middle - row[0].middle) < 0.45 * max(line.size, row[0].size):
            row.append(line)
        else:
            rows.append([line])
    return [_joined_row(sorted(row, key=lambda line: line.left)) for row in rows]


def _joined_row(row: list[Line]) -> Line:
    widest = max(row, key=lambda line: line.right - line.left)
    text = row[0].text
    for before, after in pairwise(row):
        text += ("" if after.left - before.right < 0.12 * after.size else " ") + after.text
    return Line(
        text=text,
        left=row[0].left,
        right=max(line.right for line in row),
        top=widest.top,
        bottom=widest.bottom,
        size=widest.size,
        bold=all(line.bold for line in row),
        page=row[0].page,
    )


# --- paragraphs ---

_ENDED = re.compile(r"[.!?:;。！？：；][\"'”’)\]]*$")
_NUMBERED = re.compile(r"\d{1,2}(?:\.\d{1,2})*\.?\s")
_BULLET = re.compile(r"[•▪◦‣●○■–—*]\s|\(?[a-z0-9]{1,3}[.)]\s|\[\d{1,3}\]\s")


def paragraphs(column: list[Line], body: float) -> list[Paragraph]:
    """The paragraphs of one column, by indent, gap, size, weight and short last lines."""
    if not column:
        return []
    left = sorted(line.left for line in column)[len(column) // 10]
    right = sorted(line.right for line in column)[-1 - len(column) // 10]
    steps = [after.top - before.top for before, after in pairwise(column) if after.top > before.top]
    leading = median(steps) if steps else 1.2 * body
    found = [Paragraph([column[0]], opens=True, right=right)]
    for at in range(1, len(column)):
        following = column[at + 1] if at + 1 < len(column) else None
        if _begins(column[at - 1], column[at], following, left, right, min(leading, 1.6 * body)):
            found.append(Paragraph([column[at]], right=right))
        else:
            found[-1].lines.append(column[at])
    for paragraph in found:
        paragraph.small = paragraph.size < 0.93 * body
    return _whole_headings(found, body)


def _whole_headings(found: list[Paragraph], body: float) -> list[Paragraph]:
    """Lines of one large heading stand further apart than body lines; they belong together."""
    joined = found[:1]
    for paragraph in found[1:]:
        last = joined[-1]
        near = paragraph.lines[0].top - last.lines[-1].top < 1.7 * last.size
        if near and last.size > 1.12 * body and 0.97 < paragraph.size / last.size < 1.03:
            last.lines += paragraph.lines
        else:
            joined.append(paragraph)
    return joined


def _begins(before: Line, line: Line, after: Line | None, left: float, right: float, leading: float) -> bool:
    size = line.size
    gap = (line.top - before.top) / max(leading, 1.1 * size)
    if gap > 1.35 or not 0.88 < size / before.size < 1.14:
        return True
    short = before.right < right - max(2.5 * size, 0.12 * (right - left))
    ended = bool(_ENDED.search(before.text))
    if before.bold != line.bold:
        # A heading that fills its line still stands apart; words in bold inside a paragraph do not.
        return short or ended or gap > 1.1 or (before.bold and bool(_NUMBERED.match(before.text)))
    if before.bold and line.bold and not _NUMBERED.match(line.text):
        return False
    if line.left > before.left + 0.7 * size:
        first_line = after is None or after.left < line.left - 0.7 * size or after.page != line.page
        return first_line or (short and ended)
    if line.left < before.left - 0.7 * size and before.left > left + 0.5 * size and short:
        return True
    return (short and ended) or bool(_BULLET.match(line.text) and (short or ended))


# --- lines to running text ---

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
HYPHENS = ("-", "\u2010", "\u00ad")


def vocabulary(lines: Iterable[Line]) -> Counter[str]:
    """Words and hyphenated compounds that stand unbroken inside lines."""
    words: Counter[str] = Counter()
    for line in lines:
        found = _WORD.findall(line.text.casefold())
        words.update(found[:-1] if line.text.endswith(HYPHENS) else found)
    return words


def append_line(text: str, line: str, words: Counter[str]) -> str:
    """`text` with the next line joined on; a word broken at the line's end is made whole again."""
    if not text:
        return line
    if not text.endswith(HYPHENS) or len(text) < 2 or not text[-2].isalnum():
        return text + line if tight(text, line) else f"{text} {line}"
    before, after = re.search(r"[^\W\d_]*$", text[-80:-1]), re.match(r"[^\W\d_]*", line)
    first, second = (match[0].casefold() if match else "" for match in (before, after))
    if not line[:1].islower() or not first:
        return text[:-1] + "-" + line
    compound = words[f"{first}-{second}"] > words[first + second]
    # Both halves are words of this document and the whole is not: "error-" "recognition".
    halves = not words[first + second] and words[first] and words[second] and min(len(first), len(second)) > 3
    return text[:-1] + ("-" if compound or halves else "") + line
