"""Examples before a document: pairs that show a model what is wanted, without training.

Each document gets the likest of them, by Okapi BM25 over the words of whole documents; the very likest stands last,
nearest to it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from epitome.documents import from_text
from epitome.errors import UsageError
from epitome.metrics.content import terms
from epitome.summarize.prompts import Text, Turn
from epitome.types import Document

SHOTS = 3
"""Examples before each document if no number is given: the best of none, one and three, by chance or not (LOG.md)."""
NEAR = 12
"""The likest examples among which those are looked for that fit."""
TURNS = 64
"""Tokens kept free for an example's markup, and for the instruction where a prompt template repeats it."""

QUOTED = 200
"""Letters from which a text that stands in another one is no coincidence."""


class Paired(Protocol):
    """A document with what people wrote as its summary, as `epitome.datasets` reads them; the first gold counts."""

    @property
    def document(self) -> str: ...
    @property
    def summaries(self) -> Sequence[str]: ...
    @property
    def title(self) -> str: ...
    @property
    def id(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Example:
    """A pair as it is shown. `id` names it in a Summary."""

    document: str
    summary: str
    title: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """The examples chosen for one document, the likest last."""

    turns: tuple[Turn, ...] = ()
    ids: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    """Summaries of the next likest, which are not shown: what they share with the shown ones is nobody's own."""
    warning: str = ""
    """What was passed over because it is too long; empty if nothing was."""


class Shots:
    """Pairs to choose from, indexed when first asked.

    >>> shots = Shots([("The mill burnt down …", "The mill is gone."), ("The owl hunts …", "Owls hunt.")], most=1)
    >>> shots.shown(document, count, room=800).ids
    ('2',)

    Raises `UsageError` where there is no pair, or an empty one.
    """

    def __init__(self, pairs: Iterable[tuple[str, str] | Paired], most: int = SHOTS) -> None:
        self.examples = [_example(pair, str(number)) for number, pair in enumerate(pairs, 1)]
        self.most = most
        self._indexes: dict[str, _Index] = {}
        self._turns: dict[tuple[int, str], Turn] = {}
        if not self.examples:
            raise UsageError("there is no example", hint="an example is a document and its summary")
        if most < 1:
            raise UsageError(f"{most} examples before a document", hint="1 or more; leave them out for none")

    @cached_property
    def identity(self) -> str:
        """What a text depends on: how many examples, and a hash of all there are to choose from."""
        digest = hashlib.sha256()
        for one in self.examples:
            digest.update(json.dumps([one.document, one.summary, one.title]).encode() + b"\n")
        return f"{self.most}.{digest.hexdigest()[:16]}"

    @property
    def tokens(self) -> int:
        """The longest examples' tokens together, roughly and rather too many: what a context has to hold."""
        sizes = sorted(len(f"{one.document}{one.summary}".encode(errors="replace")) for one in self.examples)
        return sum(size // 3 + TURNS for size in sizes[-self.most :])

    def shown(self, document: Document, count: Callable[[str], int], room: int) -> Shown:
        """The likest examples that have at most `room` tokens together, as `count` counts them.

        An example that is too long is passed over whole for the next one. The document itself is never an example.
        """
        chosen: dict[int, Turn] = {}
        passed = 0
        near = list(self._near(document))
        for at in near:
            if len(chosen) == self.most:
                break
            text, answer = self._turn(at, document.language)
            size = count(text.text) + count(answer) + TURNS
            if size > room:
                passed += 1
                continue
            room -= size
            chosen[at] = text, answer
        last = list(reversed(chosen))
        warning = (
            f"{passed} of the likest examples are too long to stand before this document; shown: {len(chosen)} "
            f"of {self.most}"
            if passed
            else ""
        )
        return Shown(
            tuple(chosen[at] for at in last),
            tuple(self.examples[at].id for at in last),
            tuple(self.examples[at].summary for at in near if at not in chosen),
            warning,
        )

    def _near(self, document: Document) -> Iterator[int]:
        """The likest examples, best first, without the document itself: a copy would give the answer away."""
        language = document.language
        if language not in self._indexes:
            self._indexes[language] = _Index([terms(one.document, language) for one in self.examples])
        own, near = _letters(document.text), 0
        for at in self._indexes[language].ranked(terms(document.text, language)):
            if _same(_letters(self.examples[at].document), own):
                continue
            yield at
            near += 1
            if near == max(NEAR, 2 * self.most):
                return

    def _turn(self, at: int, language: str) -> Turn:
        """An example as documents are shown: read as the product reads a text."""
        key = at, language
        if key not in self._turns:
            one = self.examples[at]
            read = from_text(one.document, language=language).text
            self._turns[key] = Text(read, one.title), " ".join(one.summary.split())
        return self._turns[key]


class _Index:
    """BM25 over whole texts: for every term the texts that have it, each with the term's weight there."""

    def __init__(self, texts: Sequence[list[str]]) -> None:
        self.size = len(texts)
        mean = sum(map(len, texts)) / self.size
        found: dict[str, tuple[list[int], list[float]]] = defaultdict(lambda: ([], []))
        for at, text in enumerate(texts):
            # k1 = 1.2 and b = 0.75, the usual values.
            slow = 1.2 * (0.25 + 0.75 * len(text) / max(mean, 1))
            for term, times in Counter(text).items():
                places, weights = found[term]
                places.append(at)
                weights.append(times * 2.2 / (times + slow))
        self._postings = {term: (np.array(at), np.array(weights)) for term, (at, weights) in found.items()}

    def ranked(self, wanted: Iterable[str]) -> list[int]:
        """All texts, the likest first; those alike in their order."""
        scores = np.zeros(self.size)
        for term in dict.fromkeys(wanted):  # in order, so that the last digits are always the same
            if term not in self._postings:
                continue
            places, weights = self._postings[term]
            scores[places] += np.log(1 + (self.size - len(places) + 0.5) / (len(places) + 0.5)) * weights
        return [int(at) for at in np.argsort(-scores, kind="stable")]


def _example(pair: tuple[str, str] | Paired, number: str) -> Example:
    if isinstance(pair, tuple):
        one = Example(*pair, id=number)
    else:
        one = Example(pair.document, pair.summaries[0], pair.title, pair.id or number)
    if not one.document.strip() or not one.summary.strip():
        raise UsageError(f"example {one.id} is empty", hint="an example is a document and its summary")
    return one


def _same(one: str, other: str) -> bool:
    """Whether two texts, letters alone, are the same, or the one stands in the other: an abstract in its paper."""
    shorter, longer = sorted((one, other), key=len)
    return shorter in longer if len(shorter) >= QUOTED else shorter == longer


def _letters(text: str) -> str:
    """A text without what differs between two copies of it: white space, marks and capitals."""
    return re.sub(r"[\W_]+", "", text.casefold())
