"""Phrases of capital words in Latin letters, and what each word may be: a given name, a surname, a title, a thing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from epitome.trust.masking.lists import text as listed
from epitome.trust.masking.lists import words

CAPITAL = "A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĒĖĘĚĞĢĪĮİĶĹĽŁŃŇŐŒŔŘŚŞŠŢŤŪŮŰŲŹŻŽ"
LETTER = "A-Za-zÀ-ÖØ-öø-ɏ"
_SHORT = r"(?:Mr|Mrs|Ms|Mx|Dr|Drs|Prof|Rev|Hon|Sgt|Capt|Lt|Col|Gen|Maj|Sen|Rep|Gov|Messrs|St|Jr|Sr)\."
_DOTTED = rf"(?:[{CAPITAL}]\.-?){{1,4}}+(?![{CAPITAL}]\.)"
_WORD = rf"[{CAPITAL}][{LETTER}]*+(?:(?!['’]s\b)['’-][{LETTER}]++)*+"
_TOKEN = rf"(?:{_SHORT}|{_DOTTED}|{_WORD})"
_PARTICLE = "|".join(listed("english", "particles").split())
LONGEST = 12
"""Words of a phrase that is looked at as one."""
# Not inside an address or a placeholder.
_PHRASE = re.compile(
    rf"(?<![{LETTER}\d_@/.#])(?![A-Z]{{2,8}}_\d)"
    rf"{_TOKEN}(?:[ \u00a0](?:(?:{_PARTICLE})[ \u00a0]){{0,2}}{_TOKEN}){{0,{LONGEST - 1}}}+"
)
_PART = re.compile(rf"{_TOKEN}|[a-z]+")
_INITIALS = re.compile(rf"{_DOTTED}|[{CAPITAL}]")
_MARK = re.compile(
    rf"^[ \t>*_\[-]*({_TOKEN}(?:[ \u00a0](?:(?:{_PARTICLE}) ){{0,2}}{_TOKEN}){{0,3}}+)"
    r"[ \t]*(?:\([^()\n]{1,30}\))?[*_\]]*[ \t]?[:：]",
    re.MULTILINE,
)
SUFFIXES = frozenset(("jr", "sr", "jr.", "sr.", "ii", "iii", "iv"))
MONTHS = frozenset(("april", "may", "june", "august"))


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a phrase."""

    start: int
    end: int
    low: str
    """In lower case, with a plain apostrophe and without the point of an abbreviation."""
    loud: bool
    """All capitals, and no initials."""


Phrase = list[Token]


def phrases(text: str) -> list[list[Token]]:
    """Neighbouring capital words, with "van", "de" and the like between them."""
    return [list(_tokens(match)) for match in _PHRASE.finditer(text)]


def marks(text: str) -> list[tuple[str, list[Token]]]:
    """What stands at the beginning of a line before a colon, as it is written and in words."""
    return [(match[1], list(_tokens(match, 1))) for match in _MARK.finditer(text)]


def words_in(text: str, start: int, end: int) -> list[Token]:
    """The words of a stretch, capital or not."""
    found = re.finditer(rf"[{LETTER}\d]+(?:['’.-][{LETTER}\d]+)*\.?", text[start:end])
    return [_token(match, start) for match in found]


def parts(tokens: Phrase) -> tuple[str, ...]:
    """The words of a name without particles and "Jr"."""
    left_out = words("english", "particles") | SUFFIXES
    return tuple(token.low for token in tokens if token.low not in left_out)


def _tokens(match: re.Match[str], group: int = 0) -> Iterator[Token]:
    offset = match.start(group)
    return (_token(part, offset) for part in _PART.finditer(match[group]))


def _token(match: re.Match[str], offset: int) -> Token:
    word = match[0]
    low = word.lower().replace("’", "'")
    if low.endswith(".") and len(low) > 2 and "." not in low[:-1]:
        low = low[:-1]
    loud = len(word) > 1 and word.isupper() and "." not in word
    return Token(offset + match.start(), offset + match.end(), low, loud)


# -- what a word may be


def namely(token: Token) -> bool:
    """Whether a capital word may be part of a name."""
    low = token.low
    return low in words("english", "given_doubtful") or not (
        low.startswith("i'")
        or low in words("english", "common")
        or low in words("english", "things")
        or low in words("english", "titles")
        or low in words("english", "before_places")
    )


def surname(low: str) -> bool:
    """Whether a word is a surname of the lists, or ends as only surnames do."""
    return low in words("english", "surnames") or _shape().search(low) is not None


def final(low: str) -> bool:
    """Whether a word behind a given name is its surname, whatever else it may be."""
    return low in words("english", "surnames_doubtful") or surname(low)


@cache
def given_names() -> frozenset[str]:
    """Given names, those that are words or places too."""
    return words("english", "given") | words("english", "given_doubtful") | words("english", "given_places")


def known(low: str) -> bool:
    """Whether a word alone is a name by the lists."""
    return low.split("-")[0] in given_names() or surname(low)


def initials(low: str) -> bool:
    """Whether a word is one capital, or several with points."""
    return _INITIALS.fullmatch(low.upper()) is not None


def loud(phrase: Phrase) -> bool:
    """Whether all of it is in capitals."""
    return all(token.loud or len(token.low) <= 2 for token in phrase)


def firm(phrase: Phrase, at: int) -> bool:
    """Whether the words from here on are a firm that bears somebody's name."""
    return any(" ".join(token.low for token in phrase[at : at + count]) in _firms() for count in (3, 2, 1))


@cache
def _firms() -> frozenset[str]:
    entries = listed("english", "no_persons").replace("\n", " | ").split("|")
    return frozenset(" ".join(entry.split()) for entry in entries if entry.strip())


@cache
def _shape() -> re.Pattern[str]:
    return re.compile(listed("english", "shapes"))
