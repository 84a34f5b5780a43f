"""Dates of birth, known by the words beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from epitome.trust.masking.found import Found
from epitome.trust.masking.hints import windows

_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|"
    r"Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_DATE = (
    r"(?:\d{4}[-/.年]\s?\d{1,2}[-/.月]\s?\d{1,2}日?|\d{1,2}[-/. ]{1,2}\d{1,2}[-/. ]{1,2}(?:\d{4}|\d{2})\b|"
    rf"{_DAY}(?: of)?[ -]{_MONTH},?[ -]\d{{2,4}}\b|{_MONTH} {_DAY},? \d{{4}}\b|"
    r"[一二〇○零九八七六五四三]{4}年[一二三四五六七八九十]{1,2}月[一二三四五六七八九十]{1,3}日|\d{4}年\d{1,2}月|"
    r"(?:19|20)\d{6}(?!\d))"
)
_WORDS = (
    r"\bborn(?: on)?|\bdate of birth|\bbirth ?dates?|\bbirthday|\bd\.?o\.?b\b\.?|"
    "出生日期|出生年月日?|出生时间|出生于|出生|生日|生于|诞生于"
)
_BEFORE = re.compile(
    rf"(?:{_WORDS})(?: is| was|是|为|在)?[\s:：,，(（]{{0,4}}(?:on |the )?({_DATE})", re.IGNORECASE
)
_AFTER = re.compile(
    rf"({_DATE})\s?(?:出生|生(?![产效活成日意物长])|诞生|[)）]?,? ?\(?(?:date of birth|dob)\b)", re.IGNORECASE
)
_LIVED = re.compile(rf"\((?:\*|b\. ?|born )\s?({_DATE})", re.IGNORECASE)
_HINTS = ("born", "birth", "dob", "d.o.b", "生", "(*", "(b.", "(b ")
_LIVED = re.compile(rf"\((?:\*|b\. ?|born )\s?({_DATE})", re.IGNORECASE)


def births(text: str) -> Iterator[Found]:
    """The date alone; the words stay."""
    for start, end in windows(text, _HINTS, 30, 60):
        for pattern in (_BEFORE, _AFTER, _LIVED):
            for match in pattern.finditer(text, start, end):
                yield Found(*match.span(1), "birth", re.sub(r"\W+", "-", match[1].lower()).strip("-"))
