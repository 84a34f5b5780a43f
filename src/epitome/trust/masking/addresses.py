"""Street addresses, as far as rules go: a number and a street in English, a road and a house number in Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterator

from epitome.trust.masking.found import Found
from epitome.trust.masking.hints import places

_STREET = (
    r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Boulevard|Blvd|Close|Crescent|Cres|Terrace|Ter|Way|Highway|Hwy|"
    r"Parkway|Pkwy|Square|Sq|Court|Ct|Place|Pl|Row|Walk|Gardens|Grove|Mews|Hill|Quay|Circle|Trail|Path|Rise|Green|View|"
    r"Wharf)\b(?:(?<=\bSt|\bRd|\bLn|\bDr|\bCt|\bPl|\bSq)\.|(?<=Ave)\.|(?<=Blvd)\.)?"
)
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
_NAME = r"(?:St\.|[A-Z]\.|[A-Z][\w'’]*|\d{1,3}(?:st|nd|rd|th)|of|the)"
_UNIT = r"(?:Apt|Apartment|Flat|Unit|Suite|Ste|Room|Floor|Bldg|#)\.? ?#?\w{1,6}"
_POSTCODE = r"(?:[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]{2},? \d{5}(?:-\d{4})?|\d{5}(?:-\d{4})?)"
_TOWN = rf"(?:,\s|\n)(?:[A-Z][\w'’.]*[ ]){{0,2}}[A-Z][\w'’.]*(?:,? {_POSTCODE})\b"
_ENGLISH = re.compile(
    rf"\d(?<![\w.,/-]\d)\d{{0,4}}[A-Za-z]?(?:[-/]\d{{1,5}}[A-Za-z]?)?,? (?!{_MONTH}\b)(?:{_NAME} ){{1,4}}{_STREET}"
    rf"(?: (?:North|South|East|West|N|S|E|W|NE|NW|SE|SW)\b\.?)?(?:,? {_UNIT})?(?:{_TOWN}|,? {_POSTCODE}\b)?"
)
_BOX = re.compile(r"\bP\.? ?O\.? Box \d{1,6}\b", re.IGNORECASE)

_INSIDE = r"号楼(?![下上前后])|号院|院|楼(?![下上前后])|栋|幢|座|单元|层|室|号|户"
_HOUSE = re.compile(
    r"\d\d{0,4}(?:[-—之]\d{1,4})?(?:号|弄|栋|幢|座)"
    rf"(?:[\dA-Za-z\u4e00-\u9fff-]{{0,3}}?\d{{0,5}}(?:{_INSIDE})|(?<=[栋幢座元楼层弄院])[A-Za-z]?\d{{3,4}}(?!\d)){{0,5}}"
)
_ROAD = re.compile(
    r"(?:大街|大道|马路|公路|胡同|新村|小区|花园|家园|公寓|路|街|巷|弄|里|道|村|屯|组|苑|园|庄|坊|湾)"
    r"(?:[东西南北中]?[一二三四五六七八九十]?段|[一二三四五六七八九十东西南北]?[区期])?$"
)
_RUN = re.compile(r"[\u4e00-\u9fffA-Za-z0-9]*$")
_LEAD = re.compile(
    r".*(?:地址|住址|住所地?|住在|现住|家住|户籍地|居住于|居住在|居住|位于|坐落于|座落于|寄往|寄到|寄至|送到|送至|前往|"
    r"来到|搬到|住|写着|在|到|至|是|为)"
)
_PROVINCE = re.compile(
    "北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|"
    "甘肃|青海|内蒙古|广西|西藏|宁夏|新疆|香港|澳门"
)
BEFORE = 40
"""Characters before a house number that may belong to its address."""


def addresses(text: str) -> Iterator[Found]:
    """Number, street and what follows (flat, town, postcode); province, town, road, house and room."""
    boxes = (_BOX.match(text, at) for at in places(text, ("po box", "p.o. box", "p. o. box", "p o box")))
    for match in (*_ENGLISH.finditer(text), *boxes):
        if match:
            yield Found(*match.span(), "address", re.sub(r"[\W_]+", " ", match[0].lower()).strip())
    end = 0
    for house in _HOUSE.finditer(text):
        start = _begins(text, max(end, house.start() - BEFORE), house.start())
        if start is not None:
            end = house.end()
            yield Found(start, end, "address", text[start:end])


def _begins(text: str, first: int, house: int) -> int | None:
    """Where the address before a house number begins; None if no road stands before it."""
    run = _RUN.search(text, first, house)
    assert run is not None
    before = run[0]
    if not _ROAD.search(before):
        return None
    start = 0
    if province := list(_PROVINCE.finditer(before)):
        start = province[0].start()
    elif lead := _LEAD.match(before):
        start = lead.end() if len(before) - lead.end() >= 2 else 0
    return run.start() + start if len(before) - start >= 2 else None
