"""Numbers that a state gives to a person: Chinese resident identity, US social security, UK national insurance."""

from __future__ import annotations

import re
from collections.abc import Iterator

from epitome.trust.masking.found import Found
from epitome.trust.masking.hints import windows

_RESIDENT = re.compile(r"[1-9](?<![0-9A-Za-z].)\d{16}[\dXx](?![0-9A-Za-z])", re.ASCII)
# No area 000, 666 or 9xx, no group 00, no serial 0000 (Social Security Administration).
_SSN = re.compile(
    r"[0-8](?<![\w-].)(?!(?<=0)00|(?<=6)66)\d{2}([- ])(?!00)\d{2}\1(?!0000)\d{4}(?![\w-]|\.\d)", re.ASCII
)
_SSN_NAMED = re.compile(
    r"\b(?:SSN|social security)(?: (?:number|no\.?|#))?[\s:#]*(?:is |was )?(\d{9})(?!\w)",
    re.ASCII | re.IGNORECASE,
)
# HM Revenue and Customs: no D, F, I, Q, U or V; no O second; some pairs are not given.
_NINO = re.compile(
    r"[A-CEGHJ-PR-TW-Z](?<![A-Za-z0-9].)[A-CEGHJ-NPR-TW-Z](?<!BG|GB|KN|NK|NT|TN|ZZ)"
    r" ?\d{2} ?\d{2} ?\d{2} ?[A-D](?![A-Za-z0-9])",
    re.ASCII,
)
_ENGLISH = (
    r"driv(?:ing|er['’]?s?) licen[cs]e|licen[cs]e (?:no|number|#)|NHS (?:no|number)|national insurance|medicare|"
    r"insurance|policy|MRN|medical record|patient|account|employee|staff|student|member(?:ship)?|tax(?:payer)?|TIN|"
    r"identity card|ID card|ID"
)
_CHINESE = "驾驶证|驾照|社保|医保|学号|工号|病历|住院|就诊卡|账户|账号|银行账号|军官证|身份证"
# What is a number of a person only because a word says so.
_NAMED = re.compile(
    rf"(?:\b(?:{_ENGLISH})(?: (?:ID|card))?(?: ?(?:no|number|num|nr|#)\b\.?)?|{_CHINESE})"
    r"(?:号码?)?\s?(?:[:：#为是]|is|was)?\s?",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"(?=[A-Z0-9-]*\d{4})[A-Z0-9]{1,18}(?:[- ]?\d[A-Z0-9]{0,17}){0,5}(?![A-Za-z0-9])", re.ASCII
)
_HINTS = (
    "ssn", "social security", "licence", "license", " no", "number", "#", " id", "insurance", "medicare", "policy",
    "mrn", "record", "patient", "account", "employee", "staff", "student", "member", "tax", "tin", "card",
    "驾", "社保", "医保", "学号", "工号", "病历", "住院", "就诊", "账", "军官", "身份",
)  # fmt: skip
WEIGHTS = [2 ** (17 - at) % 11 for at in range(17)]


def identities(text: str) -> Iterator[Found]:
    """Resident, social security and national insurance numbers, and others after their words."""
    for match in _RESIDENT.finditer(text):
        if resident(match[0]):
            yield Found(*match.span(), "id", match[0].upper())
    for match in _SSN.finditer(text):
        yield Found(*match.span(), "id", re.sub(r"\D", "", match[0]))
    for match in _NINO.finditer(text):
        yield Found(*match.span(), "id", match[0].replace(" ", ""))
    for start, end in windows(text, _HINTS, 24, 64):
        for match in _SSN_NAMED.finditer(text, start, end):
            yield Found(*match.span(1), "id", match[1])
        for named in _NAMED.finditer(text, start, end):
            number = _NUMBER.match(text, named.end())
            if number and len(re.sub(r"\D", "", number[0])) >= 5:
                yield Found(*number.span(), "id", re.sub(r"[- ]", "", number[0]))


def resident(number: str) -> bool:
    """Whether the day of birth exists and the last character is right (GB 11643-1999).

    >>> resident("11010519491231002X"), resident("110105194912310021")
    (True, False)
    """
    month, day = int(number[10:12]), int(number[12:14])
    if not (number[6:8] in ("18", "19", "20") and 1 <= month <= 12 and 1 <= day <= 31):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number[:17], WEIGHTS, strict=True))
    return "10X98765432"[total % 11] == number[17].upper()
