"""Sentences, as exact character spans.

English and most languages: sentencex (rules and abbreviation lists per language, native code), then a few
repairs that summaries and legal texts need ("Eq. 4", "1. First item", "5 p.m. Monday"). Chinese and Japanese:
own rules, since sentencex leaves semicolons and ellipses inside. A line break always ends a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_LINE = re.compile(r"[^\n]+")

# --- Chinese and Japanese ---

_CJK_END = re.compile(
    r"(?:[。！？；!?;…⋯]|．(?!\d)|(?<![\x00-\x7f])\.(?=\s|$))+"
    r"(?P<closers>[”’」』\"'）)】〕》〉］\]]*)"
)
# Many papers are set with ASCII points: 研究了方法.结果表明. Elsewhere a point between characters parts a foreign name.
_CJK_ASCII_END = re.compile(_CJK_END.pattern.replace(r"\.(?=\s|$)", r"\.(?!\d)"))
# “真的吗？”他问。 is one sentence: the quotation is followed by who said it.
_SAID = re.compile(
    r"[^。！？；，、：,.!?]{0,16}(?:说|问|道|答|称|喊|叫|表示|指出|写|と言った|と述べた|と話した|と語った)"
    r"(?:[。！？，：；]|$)"
)
_INSIDE = frozenset("》〉）)】〕］]")


def _in_title(text: str, first: int, at: int) -> bool:
    """Whether `at` lies between the marks of a title, 《…》, which are never far apart."""
    opened = text.rfind("《", max(first, at - 40), at)
    return opened >= 0 and text.rfind("》", opened, at) < 0 <= text.find("》", at, at + 40)


def _cjk(text: str, start: int, end: int, ending: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    at = start
    for match in ending.finditer(text, start, end):
        if _in_title(text, at, match.start()):
            continue
        closers = match["closers"]
        if closers and match.end() < end:
            # A mark inside a title or an aside ends that, not the sentence: 《你好！》, （见图。）
            if closers[-1] in _INSIDE or _SAID.match(text, match.end()):
                continue
            if text[match.end()] in "，、：；,":
                continue
        yield at, match.end()
        at = match.end()
    yield at, end


# --- all others ---

_ENUMERATOR = re.compile(
    r"(?:[-*•–·▪◦]|[(\[]?(?:\d{1,3}(?:\.\d{1,3})*|[A-Za-z]|[ivxlcIVXLC]{1,6})[.)\]])\s*$"
)
# Abbreviations that a number or name follows: never the end while one does.
_BEFORE_NUMBER = re.compile(
    r"\b(?:Eqs?|Figs?|Secs?|Sect|Tabs?|Chs?|Chap|Vols?|Nos?|Arts?|Paras?|Pts?|Cls?|Regs?|Refs?|Exs?|Apps?|pp?|ss?|"
    r"ff|approx|ca|circa|est|max|min|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.\s*$",
    re.IGNORECASE,
)
_BEFORE_ANYTHING = re.compile(r"\b(?:Mr|Mrs|Ms|Mx|Messrs|vs|v|cf|e\.g|i\.e|viz)\.\s*$")
_BEFORE_NAME = re.compile(
    r"(?:\b(?:Dr|Drs|Prof|Profs|Rev|Hon|St|Mt|Ft|Gen|Lt|Col|Maj|Capt|Cpt|Cmdr|Sgt|Adm|Sen|Rep|Gov|Pres|Supt|Insp)"
    r"|(?:^|[\s(“\"‘.])[A-HJ-Z])\.\s*$"
)
_CLOCK = re.compile(r"\b[ap]\.m\.\s*$", re.IGNORECASE)
_AFTER_CLOCK = re.compile(
    r"(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|Eastern|Central|Mountain|Pacific|Greenwich|[A-Z]{2,4}T)\b"
)
_STARTER = re.compile(
    r"(?:The|An?|S?He|It|They|We|I|You|In|On|At|But|And|So|This|That|These|Those|Then|There|When|While|After|"
    r"Before|As|If|For|His|Her|Their|Its|Our|My|No|Not|One|Two|Some|Many|Most|All|However|Yet|Since|Although)\b"
)
_LOST_CLOSER = re.compile(r"[”’\")\]»]+(?=\s|$)")
# A sentence in brackets or quotes that sentencex runs together with the next one: "(This is it.) Next."
_BRACKETED = re.compile(r"(?<=[.!?][)\]])\s+(?=[A-Z“\"])")


def _joined(before: str, after: str) -> bool:
    """Whether `after` goes on with the sentence that `before` seemed to end."""
    if _LOST_CLOSER.match(after) or _ENUMERATOR.fullmatch(before.strip()):
        return True
    head = after[:1]
    if head.isdigit() and _BEFORE_NUMBER.search(before):
        return True
    if _BEFORE_ANYTHING.search(before):
        return True
    if _CLOCK.search(before) and _AFTER_CLOCK.match(after):
        return True
    if head.islower() and before.rstrip().endswith("."):
        return True
    return bool(head.isalpha() and not _STARTER.match(after) and _BEFORE_NAME.search(before))


def _western(text: str, start: int, end: int, language: str) -> Iterator[tuple[int, int]]:
    from sentencex import get_sentence_boundaries

    line = text[start:end]
    open_at: int | None = None
    open_end = 0
    for found in get_sentence_boundaries(language, line):
        first, last = found["start_index"], found["end_index"]
        before, after = line[max(open_at or 0, open_end - 40) : open_end], line[first : first + 40]
        if open_at is not None and not _joined(before, after):
            yield from _bracketed(text, start + open_at, start + open_end)
            open_at = None
        if open_at is None:
            open_at = first
        open_end = last
    if open_at is not None:
        yield from _bracketed(text, start + open_at, start + open_end)


def _bracketed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    at = start
    if text[start] in "([":
        for match in _BRACKETED.finditer(text, start, end):
            yield at, match.start()
            at = match.end()
    yield at, end


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def sentences(text: str, language: str = "en") -> list[tuple[int, int]]:
    """Spans `(start, end)` of the sentences of `text`, in order, not overlapping, white space trimmed.

    Together they cover every character that is not white space. None crosses a line break, so none crosses a
    paragraph. Time is linear in the length. `language` is an ISO 639-1 code; unknown ones are split like
    English.
    """
    code = language.split("-")[0].lower()
    spans: list[tuple[int, int]] = []
    ending = _CJK_END if "。" in text else _CJK_ASCII_END
    for line in _LINE.finditer(text):
        start, end = line.span()
        found = _cjk(text, start, end, ending) if code in {"zh", "ja"} else _western(text, start, end, code)
        for span in found:
            first, last = _trimmed(text, *span)
            if first < last:
                spans.append((first, last))
    return spans
