"""Facts that can be checked without a model: the numbers and quotations of a summary must be its source's.

Exact by design: a rounded figure, a number written as a word, a sum in other digits all count as contained;
a sum or a count that the writer worked out does not. Names and dates come with the learned checks.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property

from epitome.metrics.content import terms
from epitome.metrics.tokens import words
from epitome.trust.numbers import Number, numbers
from epitome.types import Fact

_QUOTED = re.compile(
    r"“([^“”]{1,600})”|\"([^\"\n]{1,600})\"|«([^«»]{1,600})»|「([^「」]{1,600})」|『([^『』]{1,600})』"
    r"|(?<![\w'’])‘([^‘’\n]{2,300}(?:’\w+[^‘’\n]{0,300})*)’(?!\w)"
)
_MARKS = "\"“”'‘’«»「」『』`*_"
# A writer's own words inside a quotation: [he], (sic), and what was left out.
_EDITED = re.compile(r"\[[^\]]*\]|\(sic\)|\.{3,}|…+|⋯+")
_ROUGHLY = re.compile(
    r"(?:about|around|roughly|approximately|some|almost|nearly|over|than|under|least|most|circa|estimated|"
    r"up to|approaching|close to|exceed\w*|约|近|超过?|逾|接近|不到|至少|多达)\s?[$£€¥]?\s?$",
    re.IGNORECASE,
)


_COUNTED = re.compile(r"[\s-]{1,2}([A-Za-z]{2,})")
_YEAR = re.compile(r"(?:1[5-9]|20)\d\d")


class FactIndex:
    """A source, read once: what numbers it contains, in which units, and its words for looking quotations up.

    >>> index = FactIndex("Sales rose to 1.2 million in 2023, she said.", "en")
    >>> [fact.text for fact in index.unsupported("Sales fell to 1,300,000 in 2023.")]
    ['1,300,000']
    """

    def __init__(self, source: str, language: str = "en") -> None:
        self.source = source
        self.language = language

    def unsupported(self, text: str) -> list[Fact]:
        """The numbers and quotations of `text` that the source does not contain, in order of appearance."""
        flags = self._numbers_in(text) + self._quotations_in(text)
        return sorted(flags, key=lambda fact: (fact.start, fact.end))

    # --- numbers ---

    @cached_property
    def _numbers(self) -> list[Number]:
        return numbers(self.source, self.language)

    @cached_property
    def _by_value(self) -> dict[Decimal, list[Number]]:
        index: dict[Decimal, list[Number]] = defaultdict(list)
        for number in self._numbers:
            for value in number.values:
                index[value].append(number)
        return index

    @cached_property
    def _sorted_values(self) -> list[Decimal]:
        return sorted(self._by_value)

    def _numbers_in(self, text: str) -> list[Fact]:
        return [
            Fact("number", text[n.start : n.end], n.start, n.end, self._nearest_number(n, text))
            for n in numbers(text, self.language)
            if not n.weak and not self._has(n, text)
        ]

    def _has(self, number: Number, text: str) -> bool:
        if self._counted_otherwise(number, text):
            return False
        if any(
            _agree(number, other) for value in self._meant(number, text) for other in self._by_value[value]
        ):
            return True
        written = text[number.start : number.end]
        if written.count(".") == 1 and written.replace(".", ":") in self.source:
            return True  # a time: 10.30 and 10:30
        return self._rounded(number, text)

    def _counted_otherwise(self, number: Number, text: str) -> bool:
        """Whether the source counts the very same thing, and always with another result."""
        what = _counted(text, number)
        same = self._by_counted.get(what, ()) if what else ()
        values = set(self._meant(number, text))
        return (
            bool(same)
            and not any(values & set(other.values) for other in same)
            and not self._rounded(number, text)
        )

    @cached_property
    def _by_counted(self) -> dict[str, list[Number]]:
        index: dict[str, list[Number]] = defaultdict(list)
        for number in self._numbers:
            if not number.weak and (what := _counted(self.source, number)):
                index[what].append(number)
        return index

    def _meant(self, number: Number, text: str) -> list[Decimal]:
        """The values that would support the number, of those the source has."""
        wanted = list(number.values)
        if number.unit == "%":
            wanted += [value / 100 for value in number.values]
        elif 0 < number.values[0] < 1:
            wanted += [value * 100 for value in number.values]
        if text[number.end : number.end + 1] == "s" and number.values[0] % 10 == 0:
            wanted += [number.values[0] + year for year in range(10)]  # the 1990s
        return [value for value in wanted if value in self._by_value]

    def _rounded(self, number: Number, text: str) -> bool:
        """Whether the source has a finer number that rounds to this one.

        "About 300" may be 297 or 312; without such a word only decimals and numbers from 1,000 on may be
        rounded, to two digits at least.
        """
        rough = bool(_ROUGHLY.search(text, max(0, number.start - 16), number.start))
        for value in number.values:
            step = _step(value)
            if not (step < 1 or (rough and value >= 10) or (value >= 1000 and value / step >= 10)):
                continue
            reach = step if rough else step / 2
            low = bisect_left(self._sorted_values, value - reach)
            for candidate in self._sorted_values[low:]:
                if candidate > value + reach:
                    break
                finer = candidate % step != 0
                close = rough or candidate.quantize(step, ROUND_HALF_UP) == value or step >= 10
                if finer and close and any(_agree(number, other) for other in self._by_value[candidate]):
                    return True
        return False

    def _nearest_number(self, number: Number, text: str) -> str:
        """What the source says where it counts the same thing, or else the nearest value."""
        around = _context(text, number)

        def distance(at: int) -> tuple[int, int, float]:
            other = self._numbers[at]
            ratio = (float(other.values[0]) + 1) / (float(number.values[0]) + 1)
            return -len(around & self._contexts[at]), other.unit != number.unit, abs(ratio - 1)

        candidates = [at for at, other in enumerate(self._numbers) if not other.weak]
        if not candidates:
            return ""
        best = self._numbers[min(candidates, key=distance)]
        return _phrase(self.source, best.start, best.end)

    @cached_property
    def _contexts(self) -> list[set[str]]:
        return [_context(self.source, number) for number in self._numbers]

    # --- quotations ---

    @cached_property
    def _words(self) -> list[tuple[str, int, int]]:
        return words(self.source, self.language)

    @cached_property
    def _stream(self) -> str:
        """The source's words without spaces: "do n't" is "don't", and no mark or line break matters."""
        return "".join(word for word, _, _ in self._words)

    def _quotations_in(self, text: str) -> list[Fact]:
        facts = []
        for match in _QUOTED.finditer(text):
            group = match.lastindex or 0
            quoted = match[group]
            if quoted != quoted.strip() or len(quoted) > 0.9 * len(text.strip()) - 2:
                continue
            if not self._has_words(quoted):
                nearest = self._nearest_words(quoted)
                facts.append(Fact("quotation", quoted, match.start(group), match.end(group), nearest))
        return facts

    def loosely_quoted(self, text: str) -> list[Fact]:
        """Single words in quotation marks which the source has, but nowhere marks: perhaps not the one it meant."""
        return [
            Fact("quotation", match[group], match.start(group), match.end(group))
            for match in _QUOTED.finditer(text)
            if (group := match.lastindex or 0)
            and len(words(match[group], self.language)) == 1
            and self._has_words(match[group])
            and not self._marked(match[group])
        ]

    def _marked(self, word: str) -> bool:
        plain = re.escape(word.strip(" .,;:!?"))
        return (
            re.search(rf"[{_MARKS}]\s?{plain}[\s.,;:!?]?[{_MARKS}]", self.source, re.IGNORECASE) is not None
        )

    def _has_words(self, quoted: str) -> bool:
        return all(self._says(part) for part in _EDITED.split(quoted))

    def _says(self, part: str) -> bool:
        return "".join(word for word, _, _ in words(part, self.language)) in self._stream

    def _nearest_words(self, quoted: str) -> str:
        """The stretch of the source, as long as the quotation, that shares most of its words."""
        wanted = {word for word, _, _ in words(quoted, self.language)}
        size = max(1, len(words(quoted, self.language)))
        hits = [word in wanted for word, _, _ in self._words]
        if not any(hits):
            return ""
        running = best = sum(hits[:size])
        at = 0
        for end in range(size, len(hits)):
            running += hits[end] - hits[end - size]
            if running > best:
                best, at = running, end - size + 1
        last = min(at + size, len(self._words)) - 1
        while not hits[at]:
            at += 1
        while not hits[last]:
            last -= 1
        return self.source[self._words[at][1] : self._words[last][2]]


def unsupported(text: str, source: str | FactIndex, language: str = "en") -> list[Fact]:
    """The numbers and quotations of `text` that `source` does not contain, each with the nearest thing it
    says.

    Pass a `FactIndex` to check several texts against one source without reading it again.
    """
    index = source if isinstance(source, FactIndex) else FactIndex(source, language)
    return index.unsupported(text)


def _agree(claim: Number, source: Number) -> bool:
    """Whether the units of two equal numbers allow them to be the same thing."""
    if claim.unit == source.unit or not claim.unit:
        return True
    if claim.unit == "%":
        # "20 people" does not support 20 %; a bare 20, as in a table or a list, may.
        return not source.unit and (source.bare or source.values[0] % 1 != 0)
    return not source.unit


def _step(value: Decimal) -> Decimal:
    """The unit of the last digit that is not a zero: 1,200 is given to the hundreds, 3.5 to the tenths."""
    exponent = value.normalize().as_tuple().exponent
    return Decimal((0, (1,), exponent)) if isinstance(exponent, int) else Decimal(1)


def _counted(text: str, number: Number) -> str:
    """The word right after a number, which is what it counts; empty if there is none, and after a year."""
    year = _YEAR.fullmatch(text, number.start, number.end)
    match = None if year else _COUNTED.match(text, number.end)
    said = terms(match[1]) if match else []
    return said[0] if said else ""


def _context(text: str, number: Number) -> set[str]:
    around = text[max(0, number.start - 30) : number.start] + " " + text[number.end : number.end + 30]
    return {word for word, _, _ in words(around) if len(word) > 3 or not word.isascii()}


_PIECE = r"[^\s，。；：！？、“”]"
"""Chinese has no spaces: a phrase ends at its marks."""


def _phrase(text: str, start: int, end: int) -> str:
    """The number with a word before and two after it."""
    before = re.search(rf"{_PIECE}{{1,20}}\s?$", text[max(0, start - 20) : start])
    after = re.match(rf"{_PIECE}{{0,12}}(?:\s{_PIECE}{{1,20}}){{0,2}}", text[end : end + 50])
    left = start - len(before.group()) if before else start
    right = end + len(after.group()) if after else end
    return text[left:right].strip()
