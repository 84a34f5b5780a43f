"""Months, days, weekdays and seasons of a summary must be its source's. Years are numbers, and checked as such.

A date may say less than the source's, not other things: "in May" follows from "on 3 May 2023", "on 5 May" does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from epitome.types import Fact

_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTH_OF = {name[:3]: at for at, name in enumerate(_MONTHS, 1)}
_NAMES = "|".join(f"{name[:3]}(?:{name[3:]})?" if len(name) > 3 else name for name in _MONTHS).replace(
    "sep(?:tember)?", "sept?(?:ember)?"
)
# "may", "march" and "mar" are words: as months they need a capital, and a day, a year or a preposition beside them.
_ENGLISH = re.compile(
    rf"(?:(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:\s+of)?\s+)?\b(?P<month>{_NAMES})\b\.?"
    r"(?:\s+(?P<after>\d{1,2})(?:st|nd|rd|th)?\b(?!:|\d|\s?(?:am|pm|%|per\b)))?(?:,?\s+(?P<year>(?:1[5-9]|20)\d\d)\b)?",
    re.IGNORECASE,
)
_DOUBTFUL = re.compile(r"(?:may|mar|march|dec|sep|jun|oct|nov|jan)\Z", re.IGNORECASE)
_BESIDE = re.compile(
    r"(?:\b(?:in|since|until|till|by|from|to|of|during|early|late|mid|last|next|this|every|between|through|before|after)"
    r"[\s-]+|[\d/-]\s?)$",
    re.IGNORECASE,
)
_NUMERIC = re.compile(r"\b(\d{1,4})[/.-](\d{1,2})[/.-](\d{1,4})\b")
_SEASONS = "spring|summer|autumn|fall|winter"
_SEASON = re.compile(
    r"\b(?:in|since|until|by|last|next|this|early|late|mid|every|during|from|to)[\s-]+(?:the\s+)?"
    rf"(?P<season>{_SEASONS})\b|\b(?P<dated>{_SEASONS})(?=,?\s+(?:of\s+)?(?:19|20)\d\d\b)",
    re.IGNORECASE,
)
_WEEKDAY = re.compile(r"\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?\b", re.IGNORECASE)
_HAN_NUMBER = "〇零一二三四五六七八九十\\d"
_CHINESE = re.compile(
    rf"(?:(?P<year>[{_HAN_NUMBER}]{{4}})年)?(?P<month>[{_HAN_NUMBER}]{{1,3}})月(?!份?以|个)(?:(?P<day>[{_HAN_NUMBER}]{{1,3}})[日号])?"
)
_HAN_WEEKDAY = re.compile(r"(?:星期|周|礼拜)([一二三四五六日天])")


@dataclass(frozen=True, slots=True)
class Date:
    """A date where it stands in a text, as far as it is given."""

    start: int
    end: int
    month: int = 0
    day: int = 0
    year: int = 0
    weekday: str = ""
    """Or a season."""

    def within(self, other: Date) -> bool:
        """Whether `other` says all that this one does, or at least nothing else."""
        if self.weekday:
            return self.weekday == other.weekday
        if self.month != other.month:
            return False
        return all(
            not own or not its or own == its for own, its in ((self.day, other.day), (self.year, other.year))
        )


class DateIndex:
    """A source's dates.

    >>> index = DateIndex("The court sat on 3 May 2023, a Wednesday.")
    >>> [fact.text for fact in index.unsupported("It sat on 3 June, a Wednesday.")]
    ['3 June']
    """

    def __init__(self, source: str) -> None:
        self.source = source

    @cached_property
    def _dates(self) -> list[Date]:
        return [*dates(self.source), *_written_in_numbers(self.source)]

    def unsupported(self, text: str) -> list[Fact]:
        """The dates that the source does not have, each with the nearest that it has."""
        return [
            Fact("date", text[date.start : date.end], date.start, date.end, self._nearest(date))
            for date in dates(text)
            if not any(date.within(other) for other in self._dates)
        ]

    def _nearest(self, date: Date) -> str:
        same = [one for one in self._dates if bool(one.weekday) == bool(date.weekday)]
        if not same:
            return ""
        best = max(
            same, key=lambda one: (one.month == date.month, one.day == date.day, one.year == date.year)
        )
        return self.source[best.start : best.end]


def dates(text: str) -> list[Date]:
    """Months, with day and year where they stand beside, and weekdays, in order."""
    return sorted([*_english(text), *_chinese(text)], key=lambda date: date.start)


def _english(text: str) -> Iterator[Date]:
    for match in _ENGLISH.finditer(text):
        said = match["month"]
        plain = not match["day"] and not match["after"] and not match["year"]
        if not said[0].isupper() and (plain or _DOUBTFUL.match(said)):
            continue
        if (
            plain
            and _DOUBTFUL.match(said)
            and not _BESIDE.search(text, max(0, match.start() - 12), match.start())
        ):
            continue
        day = int(match["day"] or match["after"] or 0)
        end = match.end() - (len(match[0]) - len(match[0].rstrip(". ")))
        yield Date(
            match.start(), end, _MONTH_OF[said[:3].lower()], day if day <= 31 else 0, int(match["year"] or 0)
        )
    for match in _SEASON.finditer(text):
        name = "season" if match["season"] else "dated"
        yield Date(*match.span(name), weekday=match[name].lower().replace("fall", "autumn"))
    for match in _WEEKDAY.finditer(text):
        yield Date(*match.span(), weekday=match[0].lower().rstrip("s"))


def _chinese(text: str) -> Iterator[Date]:
    for match in _CHINESE.finditer(text):
        month, day, year = (_value(match[name] or "") for name in ("month", "day", "year"))
        if 1 <= month <= 12:
            yield Date(*match.span(), month, day if day <= 31 else 0, year)
    for match in _HAN_WEEKDAY.finditer(text):
        at = "一二三四五六日".index(match[1].replace("天", "日"))
        yield Date(*match.span(), weekday=_WEEKDAYS[at])


def _written_in_numbers(text: str) -> Iterator[Date]:
    """12/03/2021 may be of March or of December: both are taken."""
    for match in _NUMERIC.finditer(text):
        first, second, third = (int(part) for part in match.groups())
        year, rest = (first, (second, third)) if first > 31 else (third, (first, second))
        year = year + 2000 if year < 100 else year
        for month, day in (rest, rest[::-1]):
            if 1 <= month <= 12 and 1 <= day <= 31:
                yield Date(*match.span(), month, day, year)


def _value(written: str) -> int:
    """二〇二三, 十二, 三十 or 12; 0 for nothing."""
    if not written or written.isdigit():
        return int(written or 0)
    digits = {sign: at for at, sign in enumerate("零一二三四五六七八九")} | {"〇": 0}
    if "十" not in written:
        return int("".join(str(digits.get(sign, sign)) for sign in written))
    tens, _, ones = written.partition("十")
    return 10 * (digits.get(tens, 1) if tens else 1) + (digits.get(ones, 0) if ones else 0)
