"""Sentences to learn checking from: true ones of real pairs, and the same with an error put in.

After Kryściński et al. 2020 (FactCC) and Tang et al. 2024 (MiniCheck). What is true is taken from gold summaries, where
numbers, dates and names stand in the document, and from the document itself. English.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from epitome.datasets.pair import Pair
from epitome.documents import sentences
from epitome.metrics.opposites import PAIRS

Span = tuple[int, int]
Swap = tuple[int, int, str]
"""From, to, and what stands there instead."""
GOLDS, OWN = 4, 3
"""Sentences of a pair's gold summaries and of its document, at most; of the latter first those with names, which are
rare in golds and the hardest to tell apart."""
FOREIGN = 0.5
"""How often a pair also gets a sentence of another one's summary."""
_KINDS = {
    "name": 12, "negation": 4, "number": 4, "date": 4, "role": 4, "content": 3, "opposite": 2, "pronoun": 1,
}  # fmt: skip
_MONTHS = "January February March April May June July August September October November December"
_WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"
_DATES = [tuple(_MONTHS.split()), tuple(_WEEKDAYS.split())]
_DATE = re.compile(rf"\b(?:{'|'.join([*_DATES[0], *_DATES[1]])})\b|\b(?:19|20)\d\d\b")
_NUMBER = re.compile(r"(?<![\w.,])\d+(?:,\d{3})*(?:\.\d+)?(?![\w]|[.,]\d)")
_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]{2,}(?:[ -][A-Z][a-z]{2,})*\b")
_ROLE = re.compile(r"#Person\d#|\b[A-Z][a-z]{2,}(?:[ -][A-Z][a-z]{2,})*\b")
_NOT = re.compile(
    r"\b(is|are|was|were|has|have|had|can|could|will|would|did|does|do|should|must) not\b|\b(\w+)n't\b"
)
_VERB = re.compile(r"\b(is|are|was|were|has|have|had|can|could|will|would|should|must)\b(?! not)")
_CONTRACTED = {"ca": "can", "wo": "will", "sha": "shall"}
_PRONOUN_TEXT = (
    "he she, she he, his her, him her, her his, they he, their his, I you, my your, we they, our their"
)
_PRONOUNS = dict(pair.split() for pair in _PRONOUN_TEXT.split(", "))
_LONGEST, _SHORTEST = 60, 5


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence about a pair's document. `wrong` are the spans in which it is not true; none if it is."""

    pair: Pair
    text: str
    kind: str
    """`gold`, `document`, `foreign`, or the kind of error."""
    wrong: tuple[Span, ...] = ()


@dataclass(slots=True)
class _Text:
    """A true sentence, its document, and the names there are around it."""

    text: str
    document: str
    names: Sequence[str]
    draw: random.Random = field(repr=False)


def claims(pairs: Sequence[Pair], seed: int = 0) -> Iterator[Claim]:
    """True and wrong sentences about the pairs' documents; names are taken from all of them."""
    draw = random.Random(seed)
    names = sorted({match[0] for pair in pairs for gold in pair.summaries for match in _NAME.finditer(gold)})
    for pair in pairs:
        golds = [text for gold in pair.summaries for text in _of(gold) if _stands(text, pair.document)]
        own = _of(pair.document)
        true = [(text, "gold") for text in draw.sample(golds, min(GOLDS, len(golds)))]
        shuffled = sorted(draw.sample(own, len(own)), key=lambda text: _NAME.search(text) is None)
        true += [(text, "document") for text in shuffled[:OWN]]
        for text, kind in true:
            yield Claim(pair, text, kind)
            yield from _wrong(pair, _Text(text, pair.document, names, draw), 2 if kind == "gold" else 1)
        if draw.random() < FOREIGN and (other := draw.choice(pairs)) is not pair:
            for text in _of(other.summaries[0])[:1]:
                yield Claim(pair, text, "foreign", ((0, len(text)),))


def _of(text: str) -> list[str]:
    found = (text[start:end] for start, end in sentences(text, "en"))
    return [one for one in found if _SHORTEST <= len(one.split()) <= _LONGEST]


def _stands(text: str, document: str) -> bool:
    """Whether all that looks like a fact is in the document, letter for letter."""
    found = [match[0] for pattern in (_NUMBER, _DATE, _NAME) for match in pattern.finditer(text)]
    return all(_within(one, document) for one in found)


def _within(said: str, document: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(said)}(?!\w)", document) is not None


def _wrong(pair: Pair, true: _Text, most: int) -> Iterator[Claim]:
    """The sentence with errors of different kinds, one a claim."""
    kinds = dict.fromkeys(true.draw.choices(list(_KINDS), list(_KINDS.values()), k=8))
    done = 0
    for kind in kinds:
        swap = _SWAPS[kind](true)
        if swap is None or done == most:
            continue
        start, end, now = swap
        if kind in ("number", "date") and _within(now, true.document):
            continue
        text = true.text[:start] + now + true.text[end:]
        if text != true.text:
            done += 1
            yield Claim(pair, text, kind, ((start, start + len(now)),))


def _number(true: _Text) -> Swap | None:
    dates = {match.start() for match in _DATE.finditer(true.text)}
    found = [match for match in _NUMBER.finditer(true.text) if match.start() not in dates]
    if not found:
        return None
    match = true.draw.choice(found)
    at = true.draw.choice([place for place, sign in enumerate(match[0]) if sign.isdigit()])
    digit = true.draw.choice([one for one in "123456789" if one != match[0][at]])
    return *match.span(), match[0][:at] + digit + match[0][at + 1 :]


def _date(true: _Text) -> Swap | None:
    found = list(_DATE.finditer(true.text))
    if not found:
        return None
    match = true.draw.choice(found)
    if match[0].isdigit():
        return *match.span(), str(int(match[0]) + true.draw.choice([-3, -2, -1, 1, 2, 3]))
    others = next(kind for kind in _DATES if match[0] in kind)
    return *match.span(), true.draw.choice([one for one in others if one != match[0]])


def _name(true: _Text) -> Swap | None:
    """Another name, most often one of the same document."""
    found = list(_NAME.finditer(true.text))
    if not found:
        return None
    match = true.draw.choice(found)
    inside = sorted({one[0] for one in _NAME.finditer(true.document)})
    said = set(true.text.split())
    pool = inside if true.draw.random() < 0.6 else true.names
    others = [one for one in pool if not said & set(one.split())]
    return (*match.span(), true.draw.choice(others)) if others else None


def _negation(true: _Text) -> Swap | None:
    if match := _NOT.search(true.text):
        return *match.span(), match[1] or _CONTRACTED.get(match[2], match[2])
    if match := _VERB.search(true.text):
        return *match.span(), f"{match[0]} not"
    return None


def _content(true: _Text) -> Swap | None:
    """A word of the document that has the same ending, as another of its kind has."""
    found = list(re.finditer(r"\b[a-z]{5,}\b", true.text))
    if not found:
        return None
    match = true.draw.choice(found)
    others = {
        word
        for word in re.findall(r"\b[a-z]{5,}\b", true.document)
        if word[-2:] == match[0][-2:] and word[:4] != match[0][:4] and word not in true.text
    }
    return (*match.span(), true.draw.choice(sorted(others))) if others else None


def _opposite(true: _Text) -> Swap | None:
    found = [match for match in re.finditer(r"[a-z]+", true.text) if match[0] in _OPPOSITES]
    if not found:
        return None
    match = true.draw.choice(found)
    return *match.span(), true.draw.choice(_OPPOSITES[match[0]])


def _role(true: _Text) -> Swap | None:
    """Two names in each other's place."""
    for one, other in pairwise(_ROLE.finditer(true.text)):
        if one[0] != other[0]:
            between = true.text[one.end() : other.start()]
            return one.start(), other.end(), f"{other[0]}{between}{one[0]}"
    return None


def _pronoun(true: _Text) -> Swap | None:
    found = [match for match in re.finditer(r"\b\w+\b", true.text) if match[0] in _PRONOUNS]
    if not found:
        return None
    match = true.draw.choice(found)
    return *match.span(), _PRONOUNS[match[0]]


def _opposites() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one, other in PAIRS:
        found.setdefault(one, []).append(other)
        found.setdefault(other, []).append(one)
    return found


_OPPOSITES = _opposites()
_SWAPS: dict[str, Callable[[_Text], Swap | None]] = {
    "negation": _negation, "name": _name, "number": _number, "date": _date, "content": _content,
    "opposite": _opposite, "role": _role, "pronoun": _pronoun,
}  # fmt: skip
