"""Which paragraphs of a printed page are headings, by size, weight, numbering and name."""

from __future__ import annotations

import re

from epitome.documents.layout import Paragraph

_NUMBERED = re.compile(
    r"(?:(?:\d{1,2}(?:\.\d{1,2}){0,3}|[IVX]{1,4})\.?|[A-Z](?:\.\d{1,2}){1,3}\.?|[A-Z])\s+(?=[^\W\d_])"
)
_NAMED = re.compile(
    r"(?:\d+\.?\s+)?(?:abstract|introduction|background|related work|methods?|methodology|experiments?|results?|"
    r"evaluation|discussion|conclusions?|conclusions? and future work|future work|summary|limitations|"
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
    numbered = sum(bool(paragraph.level and _NUMBERED.match(paragraph.text)) for paragraph in found) >= 3
    listed = False
    for paragraph in found:
        certain = bool(_NAMED.fullmatch(paragraph.text) or _NUMBERED.match(paragraph.text))
        listed = listed or bool(_REFERENCES.fullmatch(paragraph.text))
        if not certain and (listed or (numbered and paragraph.size < 1.12 * body)):
            paragraph.level = 0
    return _title(found, body)


def _level(paragraph: Paragraph, body: float) -> int:
    text = paragraph.text
    if len(paragraph.lines) > 3 or not 3 <= len(text) <= 120 or not re.search(r"[^\W\d_]{2}", text):
        return 0
    if _NAMED.fullmatch(text):
        return 2
    if _SENTENCE.search(text) or _CAPTION.match(text) or _FORMULA.search(text) or paragraph.small:
        return 0
    large = paragraph.size > 1.12 * body
    bold = all(line.bold for line in paragraph.lines)
    if match := _NUMBERED.match(text):
        plain = not large and not bold
        return (
            0 if plain and not _titled(text[match.end() :]) else min(6, 2 + match[0].strip(". ").count("."))
        )
    if len(text.split()) > 12 or text[0].islower() or not text[0].isalpha():
        return 0
    return 2 if large else 3 if bold else 0


def _titled(text: str) -> bool:
    """Whether a numbered line in body type reads like a heading: a few words, most of them with capitals."""
    words = [word for word in text.split() if len(word) > 3]
    capitals = sum(word[0].isupper() for word in words)
    return (
        text[:1].isupper()
        and len(text.split()) <= 10
        and capitals >= 0.6 * len(words)
        and not re.search(r"\d", text)
    )


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
        if _NAMED.fullmatch(paragraph.text) or (paragraph.level and _NUMBERED.match(paragraph.text)):
            break
        if len(paragraph.text) > 300:
            break
        paragraph.level = 0
    return largest.text
