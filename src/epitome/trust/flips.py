"""What a summary turns into its opposite: a "not" put in or left out, a rise made a fall. English.

A sentence is held against the passages it rests on. It is flagged where it negates what they say plainly, or says
plainly what they negate, in words that are otherwise theirs; one put in other words is left to the learned check.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from epitome.metrics.content import terms
from epitome.metrics.opposites import BY_STEM
from epitome.metrics.stem import stem
from epitome.types import Fact

_TOKEN = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)?|\d[\d.,]*|[.!?;:,\n]")
_CUES = frozenset(
    ("not", "no", "never", "none", "cannot", "neither", "nor", "without", "nobody", "nothing", "hardly", "unable",
     "fail", "fails", "failed", "failing", "refuse", "refuses", "refused", "lack", "lacks", "lacked")
)  # fmt: skip
_REACH = 5
"""Words after a cue that it may negate, up to a mark."""
_OVERLAP = 0.6
"""Share of a clause's other content words that a clause of the source must have to speak of the same."""
_NEAR = 8
"""Words on either side that make up the clause."""


@dataclass(frozen=True, slots=True)
class _Word:
    start: int
    end: int
    stem: str
    negated: bool


class _Text:
    """A text's words, each with whether something before it negates it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.words = list(_read(text))
        self.content = frozenset(terms(text))
        self.places: dict[str, list[int]] = defaultdict(list)
        for at, word in enumerate(self.words):
            self.places[word.stem].append(at)

    def around(self, at: int) -> frozenset[str]:
        """Content words of the clause, without the word itself."""
        near = self.words[max(0, at - _NEAR) : at] + self.words[at + 1 : at + 1 + _NEAR]
        return frozenset(word.stem for word in near if word.stem in self.content)


def flips(sentence: str, passages: Sequence[str]) -> list[Fact]:
    """The words of the sentence that the passages say the opposite of, each with what they say.

    >>> flips("The ferry does not run in winter.", ["The ferry runs in winter too."])[0].text
    'not run'
    """
    said = _Text(sentence)
    known = [_Text(passage) for passage in passages]
    return [*_negations(said, known), *_opposites(said, known)]


def _negations(said: _Text, known: Sequence[_Text]) -> Iterator[Fact]:
    for at, word in enumerate(said.words):
        if word.stem not in said.content or word.stem in _CUES:
            continue
        like, unlike = _places(said, at, known)
        if unlike and not like:
            source, other = unlike[0]
            start = _cue_before(said, at) if word.negated else word.start
            yield Fact("negation", said.text[start : word.end], start, word.end, _phrase(source, other))
            return  # one cue reaches over several words, all of which would be named


def _places(
    said: _Text, at: int, known: Sequence[_Text]
) -> tuple[list[tuple[_Text, int]], list[tuple[_Text, int]]]:
    """Where the sources have the word in a clause about the same: with the same polarity, and with the other."""
    around = said.around(at)
    word = said.words[at]
    like: list[tuple[_Text, int]] = []
    unlike: list[tuple[_Text, int]] = []
    for source in known:
        for place in source.places.get(word.stem, ()):
            other = source.words[place]
            shared = len(around & source.around(place)) / len(around) if around else 0.0
            if other.negated == word.negated:
                like.append((source, place))
            elif shared >= _OVERLAP and len(around) >= 2:
                unlike.append((source, place))
    return like, unlike


def _opposites(said: _Text, known: Sequence[_Text]) -> Iterator[Fact]:
    """A word whose opposite stands in the source's clause, where the word itself does not."""
    for at, word in enumerate(said.words):
        if word.stem not in BY_STEM or any(word.stem in source.places for source in known):
            continue
        around = said.around(at)
        for source in known:
            for place in (place for other in BY_STEM[word.stem] for place in source.places.get(other, ())):
                other = source.words[place]
                if (
                    other.negated == word.negated
                    and len(around) >= 2
                    and len(around & source.around(place)) >= _OVERLAP * len(around)
                ):
                    yield Fact(
                        "opposite",
                        said.text[word.start : word.end],
                        word.start,
                        word.end,
                        _phrase(source, place),
                    )
                    return


def _read(text: str) -> Iterator[_Word]:
    left = 0
    for match in _TOKEN.finditer(text):
        word = match[0].lower().replace("’", "'")
        if not word[0].isalnum():
            left = 0 if word != "," else left - 1
            continue
        cue = word in _CUES or word.endswith("n't")
        yield _Word(match.start(), match.end(), stem(word), left > 0 and not cue)
        left = _REACH if cue else left - 1


def _cue_before(said: _Text, at: int) -> int:
    """Where the cue of a negated word begins."""
    for word in reversed(said.words[max(0, at - _REACH - 1) : at]):
        plain = said.text[word.start : word.end].lower().replace("’", "'")
        if plain in _CUES or plain.endswith("n't"):
            return word.start
    return said.words[at].start


def _phrase(source: _Text, at: int) -> str:
    words = source.words[max(0, at - 4) : at + 4]
    return source.text[words[0].start : words[-1].end]
