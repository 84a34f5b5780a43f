"""Which paragraphs of a printed page are headings, by size, weight, numbering and name."""

from __future__ import annotations

import re

from epitome.documents.layout import Paragraph

_NUMBERED = re.compile(
    r"(?:(?:\d{1,2}(?:\.\d{1,2}){0,3}|[IVX]{1,4})\.?|[A-Z](?:\.\d{1,2}){1,3}\.?|[A-Z])\s+(?=[^\W\d_])"
)
_DIGITS = re.compile(r"(\d{1,2}(?:\.\d{1,2}){0,3})\.?\s")
_NAMED = re.compile(
    r"(?:\d+\.?\s+)?(?:abstract|introduction|background|related work|methods?|methodology|experiments?|"
    r"results?|evaluation|discussion|conclusions?(?: and future work)?|future work|summary|limitations|"
    r"acknowledge?ments?|references|bibliography|appendix(?: \w)?|appendices|摘要|引言|结论|参考文献)[.:]?",
    re.IGNORECASE,
)
_REFERENCES = re.compile(r"(?:\d+\.?\s+)?(?:references|bibliography|参考文献)[.:]?", re.IGNORECASE)
_CAPTION = re.compile(r"(?:figure|fig\.|table|algorithm|listing|图|表)\s*\d", re.IGNORECASE)
_FORMULA = re.compile(r"[=+<>|%@{}~^\\]|\d\.\d|\bet al\b")
_SENTENCE = re.compile(r"[.!?:;,。！？：；，-][\"'”’)\]]*$")


def mark_headings(found: list[Paragraph], body: float) -> str:
    """Set the `level` of each heading: 1 the title, 2 a section, 3 and more below it. Returns the title.

    In a document with numbered sections, a bold line alone is emphasis; after "References", only names and
    numbers make a heading; between title and the first section stand authors, whatever their type size.
    """
    for paragraph in found:
        paragraph.level = _level(paragraph, body)
    _refuse_unordered(found, body)
    numbered = sum(bool(paragraph.level and _NUMBERED.match(paragraph.text)) for paragraph in found) >= 3
    listed = False
    for paragraph in found:
        certain = bool(_NAMED.fullmatch(paragraph.text) or _NUMBERED.match(paragraph.text))
        listed = listed or bool(_REFERENCES.fullmatch(paragraph.text))
        if not certain and (listed or (numbered and paragraph.size < 1.12 * body)):
            paragraph.level = 0
    return _title(found, body)


def _refuse_unordered(found: list[Paragraph], body: float) -> None:
    """A numbered line in plain body type is a heading only where its number is the next one."""
    last: tuple[int, ...] = ()
    for paragraph in found:
        match = _DIGITS.match(paragraph.text)
        if not paragraph.level or not match:
            continue
        number = tuple(map(int, match[1].split(".")))
        follows = number == (*last, 1) or any(number == (*last[:at], last[at] + 1) for at in range(len(last)))
        if follows or (last and not _plain(paragraph, body) and number > last):
            last = number
        elif _plain(paragraph, body):
            paragraph.level = 0


def _plain(paragraph: Paragraph, body: float) -> bool:
    return paragraph.size <= 1.12 * body and not all(line.bold for line in paragraph.lines)


def _level(paragraph: Paragraph, body: float) -> int:
    text = paragraph.text
    if len(paragraph.lines) > 3 or not 3 <= len(text) <= 120 or not re.search(r"[^\W\d_]{2}", text):
        return 0
    if _NAMED.fullmatch(text):
        return 2
    match = _NUMBERED.match(text)
    rest = text[match.end() :] if match else text
    if _SENTENCE.search(text) or _CAPTION.match(text) or _FORMULA.search(rest) or paragraph.small:
        return 0
    if match:
        wordy = not rest[:1].isupper() or re.search(r"\d", rest) or len(rest.split()) > 10
        return 0 if wordy and _plain(paragraph, body) else min(6, 2 + match[0].strip(". ").count("."))
    if len(text.split()) > 12 or text[0].islower() or not text[0].isalpha():
        return 0
    return 2 if paragraph.size > 1.12 * body else 3 if not _plain(paragraph, body) else 0


def _title(found: list[Paragraph], body: float) -> str:
    """The largest type on the first page, if it is larger than the body's."""
    first = [
        paragraph
        for paragraph in found[:12]
        if paragraph.lines[0].page == found[0].lines[0].page and len(paragraph.lines[0].text) > 3
    ]
    if not first:
        return ""
    largest = max(first, key=lambda paragraph: paragraph.size)
    if largest.size < 1.1 * body or len(largest.lines) > 5:
        return ""
    largest.level = 1
    opened = first.index(largest) + 1
    for paragraph in found[found.index(largest) + 1 :][: 40 - opened]:
        if paragraph.lines[0].page != largest.lines[0].page:
            break
        if _NAMED.fullmatch(paragraph.text) or re.match(r"(?:1|I)\.?\s+[^\W\d_]", paragraph.text):
            break
        if len(paragraph.text) > 300:
            break
        paragraph.level = 0
    return largest.text
