"""Other names and other numbers."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from epitome.evaluate.perturb.names import replaced_names
from epitome.trust.numbers import Number, numbers

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# March and May are words as well: months only beside a day or a year, or after a preposition.
_MONTH = re.compile(
    rf"\b(?:{'|'.join(one for one in _MONTHS if one not in ('March', 'May'))})\b"
    r"|(?<=\d )(?:March|May)\b|\b(?:March|May)\b(?= \d)|(?<=\b[Ii]n )(?:March|May)\b"
)
_DAY = re.compile(rf"\b(?:{'|'.join(_DAYS)})\b")
_WEEKDAY = re.compile(r"(?<=星期|礼拜)[一二三四五六日天]|(?<=周)[一二三四五六日](?![年岁期])")
_YEAR = re.compile("(?:19|20)[0-9]{2}|[一二][〇零一二三四五六七八九]{3}")
# Words of a number by what may stand in their place without a change of grammar.
_LIKE = {
    word: scale.split()
    for scale in (
        "two three four five six seven eight nine",
        "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen",
        "twenty thirty forty fifty sixty seventy eighty ninety",
        "fourth fifth sixth seventh eighth ninth tenth",
    )
    for word in scale.split()
}
_HAN = "〇一二三四五六七八九"


def entities(text: str, lang: str, rng: random.Random, rate: float) -> str:
    """Names swapped with other names of the text or with made-up ones, numbers and dates changed, all consistently.

    The same name or number is the same other one wherever it stands, also where only a part of a name does. The
    document then tells another story, and a summary with the old names or numbers was not read from it. Names are
    found by capitals in English and by titles and verbs of saying in Chinese, so some are missed; numbers keep
    their length, unit and rounding. Longpre et al., "Entity-based knowledge conflicts in question answering", 2021;
    Kryscinski et al., "Evaluating the factual consistency of abstractive text summarization", 2020, for the swaps.
    `rate` is the share of names and numbers changed.
    """
    return _dates(_counts(replaced_names(text, lang, rng, rate), lang, rng, rate), lang, rng, rate)


def _counts(text: str, lang: str, rng: random.Random, rate: float) -> str:
    known: dict[str, str] = {}
    shift = rng.randrange(1, 10)
    pieces, at = [], 0
    for number in numbers(text, lang):
        written = text[number.start : number.end]
        if number.weak or number.start < at:
            continue
        if written not in known:
            known[written] = _other(text, number, rng, shift) if rng.random() < rate else written
        pieces += [text[at : number.start], known[written]]
        at = number.end
    return "".join(pieces) + text[at:]


def _other(text: str, number: Number, rng: random.Random, shift: int) -> str:
    written = text[number.start : number.end]
    if _YEAR.fullmatch(written):
        # All years move together, so that what came first still does.
        return _like(written, int(number.values[0]) - shift)
    if most := _most(text, number):
        others = [one for one in range(1, most + 1) if one != number.values[0]]
        return _like(written, rng.choice(others))
    return _redrawn(written, rng)


def _like(written: str, value: int) -> str:
    """A whole number in the writing of another: digits, Chinese digits (二〇二三) or Chinese numerals (二十六)."""
    if re.search("[0-9]", written):
        return re.sub("([0-9]+)(?:st|nd|rd|th)$", _ordinal, re.sub("[0-9]+", str(value), written, count=1))
    if value >= 100:
        return "".join(_HAN[int(digit)] for digit in str(value))
    tens, ones = divmod(value, 10)
    return ("" if tens < 2 else _HAN[tens]) + ("十" if tens else "") + (_HAN[ones] if ones else "")


def _most(text: str, number: Number) -> int:
    """How high a number may go that is a day (28) or a month (12); 0 for any other."""
    if number.values[0] % 1 or not 0 < number.values[0] < 32:
        return 0
    after, before = text[number.end : number.end + 12], text[max(0, number.start - 10) : number.start]
    months = "|".join(_MONTHS)
    if after.startswith("月"):
        return 12
    if after.startswith(("日", "号")):
        return 28
    if re.match(rf"(?:st|nd|rd|th)?\s(?:of\s)?(?:{months})\b", after) or re.search(
        rf"(?:{months})\s$", before
    ):
        return 28
    return 0


def _redrawn(written: str, rng: random.Random) -> str:
    """The number with other digits, or words, of the same size; zeros and units stay, so it is as round as before."""
    changed = re.sub("[1-9]", lambda match: _differing("123456789", match.group(), rng), written)
    # Not two: before a measure word it would have to be 两.
    changed = re.sub(f"[{_HAN[1:]}两]", lambda match: _differing(_HAN[3:], match.group(), rng), changed)
    changed = re.sub("([0-9]+)(?:st|nd|rd|th)$", _ordinal, changed)
    return re.sub(r"[a-z]+", _worded(rng), changed, flags=re.IGNORECASE)


def _ordinal(match: re.Match[str]) -> str:
    number = int(match[1])
    teens = number % 100 in (11, 12, 13)
    return f"{match[1]}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def _worded(rng: random.Random) -> Callable[[re.Match[str]], str]:
    def other(match: re.Match[str]) -> str:
        word = match.group()
        like = _LIKE.get(word.lower())
        if like is None:
            return word
        drawn = rng.choice([one for one in like if one != word.lower()])
        return drawn.capitalize() if word[0].isupper() else drawn

    return other


def _differing(among: str, old: str, rng: random.Random) -> str:
    return rng.choice([one for one in among if one != old])


def _dates(text: str, lang: str, rng: random.Random, rate: float) -> str:
    """Months and days of the week moved on by the same number throughout."""
    if rng.random() >= rate:
        return text
    months, days = rng.randrange(1, 12), rng.randrange(1, 7)
    if lang == "zh":
        week = "一二三四五六日"
        return _WEEKDAY.sub(
            lambda match: week[(week.index(match.group().replace("天", "日")) + days) % 7], text
        )
    text = _MONTH.sub(lambda match: _MONTHS[(_MONTHS.index(match.group()) + months) % 12], text)
    return _DAY.sub(lambda match: _DAYS[(_DAYS.index(match.group()) + days) % 7], text)
