"""Numbers in a text, whichever way they are written: 1,200,000, 1.2 million, a dozen, 二〇二三年, 一百二十万.

One written form can mean several values ("5m" five metres or five million, "1.234" a decimal or a German
thousand). All are kept: a check that compares texts is right to be content if any of them agrees.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from decimal import Decimal

from epitome.metrics.tokens import by_character


@dataclass(frozen=True, slots=True)
class Number:
    """A number where it stands in a text."""

    start: int
    end: int
    values: tuple[Decimal, ...]
    """What it can mean, the likeliest first."""
    unit: str = ""
    """`%`, a currency or a measure in a canonical spelling; empty if none is known."""
    weak: bool = False
    """Said without counting anything ("one", "first", "a second"): no claim to check."""
    bare: bool = False
    """Nothing follows that it could be counting: 20 in "20 and 30 %", or in a table."""


# --- units ---

_UNITS = {
    "%": r"%|‰|per\s?cents?\b|percent(?:age)?s?\b|pct\b|percentage\spoints?\b|个百分点",
    "dollar": r"US\s?\$|A\$|C\$|\$|dollars?\b|USD\b|美元|美金|cents\b",
    "pound": r"£|pounds?\b|GBP\b|lbs?\b|pence\b|英镑|磅",
    "euro": r"€|euros?\b|EUR\b|欧元",
    "yuan": r"¥|￥|yuan\b|RMB\b|CNY\b|yen\b|JPY\b|元|人民币|日元|円",
    "rupee": r"₹|Rs\.?(?=\s?\d)|rupees?\b|卢比",
    "year": r"years?\b|yrs?\b|岁|周年",
    "month": r"months?\b|个月",
    "week": r"weeks?\b|周(?!年)|星期",
    "day": r"days?\b|天",
    "hour": r"hours?\b|hrs?\b|小时",
    "minute": r"minutes?\b|mins?\b|分钟",
    "second": r"seconds?\b|secs?\b|秒",
    "kilometre": r"km\b|kilomet(?:re|er)s?\b|公里|千米",
    "mile": r"miles?\b|mph\b|英里",
    "metre": r"met(?:re|er)s?\b|米",
    "centimetre": r"cm\b|centimet(?:re|er)s?\b|厘米",
    "millimetre": r"mm\b|millimet(?:re|er)s?\b|毫米",
    "foot": r"feet\b|foot\b|ft\b|英尺",
    "inch": r"inch(?:es)?\b|英寸",
    "kilogram": r"kg\b|kilos?\b|kilograms?\b|公斤|千克",
    "tonne": r"tonn?es?\b|tons?\b|吨",
}
_CURRENCIES = ("dollar", "pound", "euro", "yuan", "rupee")
_BEFORE = re.compile(
    "(?:" + "|".join(f"(?P<{unit}>{_UNITS[unit]})" for unit in _CURRENCIES) + r")\s?$", re.IGNORECASE
)
_GROUPS = {f"u{at}": unit for at, unit in enumerate(_UNITS)}
_AFTER = re.compile(
    r"[\s-]{0,2}(?:" + "|".join(f"(?P<{name}>{_UNITS[unit]})" for name, unit in _GROUPS.items()) + ")",
    re.IGNORECASE,
)
_SYMBOLS = {"$": "dollar", "£": "pound", "€": "euro", "¥": "yuan", "￥": "yuan", "₹": "rupee"}

# --- digits ---

_SCALES = {
    "hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12,
    "k": 10**3, "m": 10**6, "mn": 10**6, "bn": 10**9, "b": 10**9, "tn": 10**12,
    "lakh": 10**5, "crore": 10**7,
    "百": 10**2, "千": 10**3, "万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8,
    "百万": 10**6, "千万": 10**7, "万亿": 10**12,
}  # fmt: skip
_DIGITS = re.compile(
    r"(?P<digits>\d+(?:[.,，]\d+)*)"
    r"(?P<ordinal>(?:st|nd|rd|th)\b)?"
    r"(?:[\s-]?(?P<scale>(?:hundred|thousand|million|billion|trillion|lakh|crore)s?\b|"
    r"万亿|百万|千万|亿|億|万|萬|千(?![米克])|百(?!分)|(?:k|mn?|bn?|tn)(?![\w'])))?",
    re.IGNORECASE,
)
_THOUSANDS = re.compile(r"\d{1,3}(?:[,，]\d{3})+(?:\.\d+)?")
_EUROPEAN = re.compile(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?")
_DECIMAL = re.compile(r"\d+[.,]\d+")
# Part of a name, not a count: seq2seq, H1N1, COVID-19; 2D, 3D.
_IN_NAME = re.compile(r"(?:[A-Za-z]|covid-)$", re.IGNORECASE)
_ITEM = re.compile(r"[.)）](?=\s|[^\d\s])|、(?!\d)")
_DIMENSION = re.compile(r"-?d\b", re.IGNORECASE)
_JOINED = re.compile(r"\s?[-–/:.]\s?|\s(?:to|and|or)\s|\s?[至到~～—]\s?")


def _readings(digits: str) -> tuple[tuple[Decimal, ...], tuple[Decimal, ...]]:
    """What the digits can mean as one number, and the pieces between their separators (dates, versions)."""
    pieces = tuple(Decimal(piece) for piece in re.split("[.,，]", digits))
    values: list[Decimal] = []
    if _THOUSANDS.fullmatch(digits):
        values.append(Decimal(re.sub("[,，]", "", digits)))
    elif _DECIMAL.fullmatch(digits):
        values.append(Decimal(digits.replace(",", ".")))
    elif len(pieces) == 1:
        values.append(pieces[0])
    if _EUROPEAN.fullmatch(digits):
        values.append(Decimal(digits.replace(".", "").replace(",", ".")))
    return tuple(values), pieces


def _digits(text: str) -> list[Number]:
    found = []
    for match in _DIGITS.finditer(text):
        values, pieces = _readings(match["digits"])
        scale = (match["scale"] or "").lower()
        if scale:
            factor = _SCALES.get(scale) or _SCALES[scale.rstrip("s")]
            scaled = tuple(value * factor for value in values)
            # "5m" may be metres, "5k" a race, "3 b" an exhibit: the plain value stays possible.
            values = scaled + values if len(scale) < 3 and scale.isascii() else scaled
        weak = bool(_IN_NAME.search(text, max(0, match.start() - 6), match.start()))
        weak = weak or bool(_DIMENSION.match(text, match.end())) or _counts_items(text, match)
        found.append(Number(match.start(), match.end(), values or pieces, weak=weak))
    return found


def _counts_items(text: str, match: re.Match[str]) -> bool:
    """Whether the number only numbers a point of a list: "1. First", "；2、驳回"."""
    before = text[max(0, match.start() - 2) : match.start()].strip(" (（")[-1:]
    begins = before in ("", "\n", ":", "：", ";", "；", "。", ".", ",")
    return begins and len(match["digits"]) < 3 and bool(_ITEM.match(text, match.end()))


# --- English words ---

_SMALL_LIST = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_SMALL = {word: value for value, word in enumerate(_SMALL_LIST.split())}
_TENS_LIST = "twenty thirty forty fifty sixty seventy eighty ninety"
_TENS = {word: 10 * value for value, word in enumerate(_TENS_LIST.split(), 2)}
_ORDINAL_LIST = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth"
)
_ORDINALS = {word: value for value, word in enumerate(_ORDINAL_LIST.split(), 1)} | {
    word[:-1] + "ieth": value for word, value in _TENS.items()
}
# Words that a source may use where a summary writes the number; never a claim of their own.
_IMPLIED = {
    "both": "2", "couple": "2", "pair": "2", "twice": "2", "double": "2", "doubled": "2", "duo": "2",
    "twins": "2", "thrice": "3", "triple": "3", "trio": "3", "treble": "3", "half": "0.5", "quarter": "0.25",
    "thirds": "3", "once": "1", "single": "1", "decade": "10", "century": "100", "fortnight": "14",
}  # fmt: skip
_ONES = "|".join(word for word in _SMALL if 0 < _SMALL[word] < 10)
_JOIN = r"(?:\s?-\s?|\s)"
"""Between tens and ones; transcripts have spaces around the hyphen."""
_TEEN = "|".join([*_SMALL, *_TENS])
_BELOW_100 = rf"(?:(?:{'|'.join(_TENS)}){_JOIN}(?:{_ONES})|{_TEEN})"
_BELOW_1000 = rf"(?:(?:{_BELOW_100}|an?)[\s-]hundred(?:[\s-](?:and[\s-])?{_BELOW_100})?|{_BELOW_100})"
_BIG = r"(?:thousand|million|billion|trillion|dozen)"
_WORDED = re.compile(
    rf"\b(?:(?:{_BELOW_1000}|an?)[\s-]{_BIG}(?:,?\s(?:and\s)?{_BELOW_1000}[\s-]{_BIG})*(?:,?\s(?:and\s)?{_BELOW_1000})?"
    rf"|{_BELOW_1000})\b",
    re.IGNORECASE,
)
_WORDED_ORDINAL = re.compile(
    rf"\b(?:(?P<tens>{'|'.join(_TENS)}){_JOIN})?(?P<last>{'|'.join(_ORDINALS)})\b", re.IGNORECASE
)
_IMPLIED_WORDS = re.compile(rf"\b(?:{'|'.join(_IMPLIED)})\b", re.IGNORECASE)

_PARTS = {"half": Decimal("0.5"), "quarter": Decimal("0.25"), "quarters": Decimal("0.75")}
_FRACTION = re.compile(
    rf"\b(?:(?P<whole>{_BELOW_100}|\d+)\sand\sa\s(?P<more>half|quarter)(?:\s(?P<times>{_BIG}))?"
    rf"|(?:an?\s|one[\s-]|three[\s-])?(?P<part>half|quarters?)\s(?:of\s)?an?\s(?P<scale>hundred|{_BIG}))\b",
    re.IGNORECASE,
)


def _fraction(match: re.Match[str]) -> Decimal:
    """Two and a half million, a quarter of a million, half a dozen."""
    scale = (match["scale"] or match["times"] or "").lower()
    times = {"": 1, "dozen": 12}.get(scale) or _SCALES[scale]
    if match["part"]:
        return _PARTS[match["part"].lower()] * times
    whole = Decimal(match["whole"]) if match["whole"].isdigit() else Decimal(_worded_value(match["whole"]))
    return (whole + _PARTS[match["more"].lower()]) * times


def _worded_value(phrase: str) -> int:
    total = current = 0
    for word in re.split(r"[\s,-]+", phrase.lower()):
        if word in _SMALL or word in _TENS:
            current += _SMALL.get(word, 0) or _TENS.get(word, 0)
        elif word == "hundred":
            current = max(current, 1) * 100
        elif word == "dozen":
            current = max(current, 1) * 12
        elif word in _SCALES:
            total += max(current, 1) * _SCALES[word]
            current = 0
    return total + current


def _english(text: str) -> list[Number]:
    found = [Number(match.start(), match.end(), (_fraction(match),)) for match in _FRACTION.finditer(text)]
    for match in _WORDED.finditer(text):
        value = _worded_value(match.group())
        # "one" is mostly a pronoun; "zero" mostly a term (zero-shot, zero day).
        found.append(Number(match.start(), match.end(), (Decimal(value),), weak=value < 2))
    for match in _WORDED_ORDINAL.finditer(text):
        rank = _TENS.get((match["tens"] or "").lower(), 0) + _ORDINALS[match["last"].lower()]
        # First, second, third and "Fifth, …" order a speech or name a part more often than they rank.
        found.append(
            Number(
                match.start(),
                match.end(),
                (Decimal(rank),),
                weak=rank < 4 or text[match.end() : match.end() + 1] == ",",
            )
        )
    found += [
        Number(match.start(), match.end(), (Decimal(_IMPLIED[match.group().lower()]),), weak=True)
        for match in _IMPLIED_WORDS.finditer(text)
    ]
    return found


# --- Chinese numerals ---

_HAN = {char: value for value, chars in enumerate(["〇零○", "一壹", "二两贰", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖"]) for char in chars}  # fmt: skip # noqa: E501
_HAN_SCALES = {
    "十": 10,
    "拾": 10,
    "百": 100,
    "佰": 100,
    "千": 1000,
    "仟": 1000,
    "万": 10**4,
    "萬": 10**4,
    "亿": 10**8,
}
_NUMERALS = "".join(_HAN) + "".join(_HAN_SCALES)
_WRITTEN = re.compile(
    rf"(?P<percent>百分之)?(?P<before>第|[几数上近多]?)(?P<number>[{_NUMERALS}]+(?:点[{''.join(_HAN)}]+)?)(?P<vague>[几多余]?)"
)
# What a numeral must be followed by to count something; elsewhere it is part of a word (三角, 万一).
_COUNTED = re.compile(
    r"年|月|日|号|岁|人|个|名|位|元|倍|次|天|周|小时|分钟|秒|米|公里|吨|公斤|户|家|条|件|起|亩|种|项|届|期|章|节|款|级|成|折"
)


def _han_value(numeral: str) -> Decimal:
    """一百二十万 is 1,200,000; 二〇二三 is 2023; 三点五 is 3.5."""
    whole, _, fraction = numeral.partition("点")
    if not any(char in _HAN_SCALES for char in whole):
        value = Decimal("".join(str(_HAN[char]) for char in whole))
    else:
        total = section = digit = 0
        for char in whole:
            if char in _HAN:
                digit = _HAN[char]
            elif (scale := _HAN_SCALES[char]) < 10**4:
                section += max(digit, 1) * scale
                digit = 0
            elif scale == 10**4:
                total += max(section + digit, 1) * scale
                section = digit = 0
            else:
                total = max(total + section + digit, 1) * scale
                section = digit = 0
        value = Decimal(total + section + digit)
    if fraction:
        value += Decimal("0." + "".join(str(_HAN[char]) for char in fraction))
    return value


def _chinese(text: str) -> list[Number]:
    found = []
    for match in _WRITTEN.finditer(text):
        start, end, numeral = match.start("number"), match.end("number"), match["number"]
        if text[start - 1 : start].isdigit() or match["before"] not in ("", "第"):
            continue
        following = text[end : end + 2]
        unit = "%" if match["percent"] else ""
        value = _han_value(numeral)
        if following.startswith("成") and len(numeral) == 1:
            value, unit = value * 10, "%"
        spelled = (
            len(numeral) > 2 and any(c in _HAN for c in numeral) and any(c in _HAN_SCALES for c in numeral)
        )
        counts = bool(unit or match["before"] or spelled or _COUNTED.match(following))
        weak = (
            not counts
            or bool(match["vague"])
            or numeral in ("一", "两", "二", "十", "百", "千", "万", "亿", "千万")
        )
        start = match.start() if match["percent"] else start
        found.append(Number(start, end, (value,), unit=unit, weak=weak))
    return found


# --- together ---


def numbers(text: str, language: str = "en") -> list[Number]:
    """Every number of the text, in order, with the unit beside it; offsets are those of `text`.

    English words and Chinese numerals are read in every language: texts mix them.

    >>> [(str(n.values[0]), n.unit) for n in numbers("Twelve firms lost $1.2 million, or 30 per cent.")]
    [('12', ''), ('1200000.0', 'dollar'), ('30', '%')]
    """
    plain = _same_length(text)
    found = _digits(plain)
    if not by_character(language) or re.search("[A-Za-z]", plain):
        found += _english(plain)
    if re.search(f"[{_NUMERALS}]", plain):
        found += _chinese(plain)
    return _spread([_with_unit(plain, number) for number in _outermost(found)], plain)


def _outermost(found: list[Number]) -> list[Number]:
    """In order, without those that lie in another: the twenty of twenty-first."""
    kept: list[Number] = []
    for number in sorted(found, key=lambda one: (one.start, -one.end)):
        if not kept or number.start >= kept[-1].end:
            kept.append(number)
    return kept


def _same_length(text: str) -> str:
    """Full-width digits and signs as plain ones, every offset kept."""
    return re.sub("[\uff01-\uff5e]", lambda match: unicodedata.normalize("NFKC", match.group()), text)


def _with_unit(text: str, number: Number) -> Number:
    after = _AFTER.match(text, number.end)
    if after and after.lastgroup:
        return replace(number, unit=number.unit or _GROUPS[after.lastgroup])
    before = _BEFORE.search(text, max(0, number.start - 4), number.start)
    if before and before.lastgroup:
        return replace(number, unit=number.unit or before.lastgroup)
    following = text[number.end : number.end + 2].lstrip()
    return replace(number, bare=not following[:1].isalnum())


def _spread(found: list[Number], text: str) -> list[Number]:
    """In "2 to 3 million" and "20-30 %" scale and unit reach back; 2019-20 ends in 2020."""
    for at in range(len(found) - 2, -1, -1):
        left, right = found[at], found[at + 1]
        between = text[left.end : right.start]
        if between in (". ", ", ", " ") and text[left.end - 1].isdigit() and text[right.start].isdigit():
            found[at] = _mended(left, right, text)
        if not _JOINED.fullmatch(text, left.end, right.start):
            continue
        values = left.values
        scale = _scale(text[right.start : right.end])
        if scale and not _scale(text[left.start : left.end]):
            values = (*values, *(value * scale for value in values))
        found[at] = replace(
            left, values=values, unit=left.unit or right.unit, bare=left.bare and not right.unit
        )
        if 1000 <= left.values[0] < 2100 and right.end - right.start == 2 and text[left.end] in "-–/":
            century = left.values[0] // 100 * 100
            found[at + 1] = replace(right, values=(*right.values, century + right.values[0]))
    return found


def _mended(left: Number, right: Number, text: str) -> Number:
    """A number that a reader or a tokeniser broke may be whole: "0. 7 %", "10, 000", "1 000"."""
    tail = re.match(r"\d+", text[right.start : right.end])
    whole = left.values[0]
    if tail is None or whole % 1 != 0 or len(tail.group()) > 3:
        return left
    if text[left.end] == ".":
        value = whole + Decimal(f"0.{tail.group()}")
    elif len(tail.group()) == 3:
        value = whole * 1000 + int(tail.group())
    else:
        return left
    scale = _scale(text[right.start : right.end]) or 1
    return replace(left, values=(*left.values, value, value * scale), unit=left.unit or right.unit)


def _scale(written: str) -> int | None:
    words = re.findall(r"[^\W\d]+", written.lower())
    return _SCALES.get(words[-1].rstrip("s")) if words else None
