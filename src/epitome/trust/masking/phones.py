"""Telephone numbers: international, North American, British, Chinese, and whatever follows the word."""

from __future__ import annotations

import re
from collections.abc import Iterator

from epitome.trust.masking.found import Found

# A run of digits with what stands between them in telephone numbers. Possessive, so that it is entered once.
_RUN = re.compile(
    r"[+(（\d](?<![\w.,/+-].)[(（]?(?:[ \u00a0().（）\-–/]{0,2}\d)*+(?![\w]|[.,:/]\d|-\w)", re.ASCII
)
_SHAPES = (
    r"1[3-9]\d-?\d{4}-?\d{4}",  # Chinese mobiles
    r"1[3-9]\d{9}",
    r"0\d{2,3}-[2-9]\d{6,7}(?:-\d{1,5})?",  # Chinese landlines
    r"[48]00-\d{3,4}-\d{3,4}",
    r"[2-9]\d{2}-[2-9]\d{2}-\d{4}",  # North America
    r"1-[2-9]\d{2}-[2-9]\d{2}-\d{4}",
    r"07\d{3}-\d{3}-?\d{3}|07\d{2}-\d{4}-\d{3}|07\d{9}",  # British mobiles
    r"0(?:20|23|24|28|29|1\d1|11\d)-\d{3,4}-\d{4}|01\d{3}-\d{5,6}|01\d{3}-\d{3}-\d{3}|0[38]\d{2}-\d{3}-\d{4}",
    r"0\d(?:-\d{2}){4}",  # French
)
_SHAPE = re.compile("|".join(f"(?:{shape})" for shape in _SHAPES))
_WORD = re.compile(
    r"(?:\b(?:tel(?:ephone)?|phone|mobile|cell|fax|whatsapp|call(?:ed|s)?|ring|dial|text|contact)\b|电话|手机|热线|传真|致电|拨打|联系方式|座机|微信)"
    r"[^\d\n+(（]{0,24}$",
    re.IGNORECASE,
)
_DATE = re.compile(r"(?:19|20)\d{2}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)?\d{2}")
_ABROAD = re.compile(r"\+|00[1-9]")
LONGEST = 32


def phones(text: str) -> Iterator[Found]:
    """Numbers by their shape, and any of 6 to 15 digits behind `phone`, `call`, 电话 and the like."""
    for match in _RUN.finditer(text):
        said = match[0].rstrip("(（")
        if len(said) > LONGEST or _DATE.fullmatch(said):
            continue
        digits = re.sub(r"\D", "", said)
        if not 6 <= len(digits) <= 16:
            continue
        foreign = _ABROAD.match(said) is not None and len(digits) >= 8
        if foreign or _shaped(said) or _WORD.search(text, max(0, match.start() - 40), match.start()):
            yield Found(match.start(), match.start() + len(said), "phone", _same(digits, said))


def _shaped(said: str) -> bool:
    flat = re.sub(r"[ \u00a0().（）–/-]+", "-", said).strip("-")
    return _SHAPE.fullmatch(flat.removeprefix("86-")) is not None


def _same(digits: str, said: str) -> str:
    """One key for a number with and without its country's code."""
    digits = digits.removeprefix("00") if said.startswith("00") else digits
    if len(digits) == 13 and digits.startswith("86"):
        return digits[2:]
    if (
        len(digits) == 11
        and digits.startswith("1")
        and digits[1] in "23456789"
        and not re.match(r"1[3-9]\d{9}$", said)
    ):
        return digits[1:]
    return "0" + digits[2:] if len(digits) == 12 and digits.startswith("44") else digits
