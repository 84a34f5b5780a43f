"""A masked text and the way back from it. The mapping stays on this machine; whoever has it has the personal data."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from epitome.errors import SourceError
from epitome.trust.masking.found import KINDS, Found
from epitome.trust.masking.placeholders import bare, label, labels, placeholder, replaced, taken

APART = "\n\n"
"""Between texts that are masked as one."""


@dataclass(frozen=True, slots=True)
class Place:
    """One placeholder: where it stands in the masked text, and what of the original it stands for."""

    start: int
    end: int
    original_start: int
    original_end: int
    label: str


@dataclass(slots=True)
class Register:
    """Who has which number. One register for all texts that shall share a mapping."""

    numbers: dict[tuple[str, str], str] = field(default_factory=dict)
    """(kind, key) -> label."""
    said: dict[str, str] = field(default_factory=dict)
    """Label -> the fullest wording of the entity."""
    counts: Counter[str] = field(default_factory=Counter)
    reserved: set[str] = field(default_factory=set)
    """Labels that stand in the texts themselves."""

    def label(self, found: Found, wording: str) -> str:
        """The entity's label, a new one for a new entity."""
        entity = (found.kind, found.key)
        if entity not in self.numbers:
            number = self.counts[found.kind] + 1
            while label(found.kind, number) in self.reserved:
                number += 1
            self.counts[found.kind] = number
            self.numbers[entity] = label(found.kind, number)
        name = self.numbers[entity]
        known = self.said.get(name)
        if known is None or (found.kind == "person" and len(wording) > len(known)):
            self.said[name] = wording
        return name

    def entities(self) -> dict[str, int]:
        """How many there are of each kind."""
        counts = Counter(name.rsplit("_", 1)[0].lower() for name in self.said)
        return {kind: counts[kind] for kind in KINDS if counts[kind]}


class Masked:
    """A text with placeholders for personal data.

    >>> from epitome.trust.masking import Masker
    >>> masked = Masker()("Write to Sarah Lee, sarah@example.org. Sarah answers.")
    >>> masked.text
    'Write to <PERSON_1>, <EMAIL_1>. <PERSON_1> answers.'
    >>> masked.restore("PERSON_1 answers by e-mail.")
    'Sarah Lee answers by e-mail.'
    """

    def __init__(
        self, text: str, found: Sequence[Found], register: Register, *, for_model: bool = False
    ) -> None:
        self.original = text
        self.register = register
        self.places: list[Place] = []
        pieces: list[str] = []
        at = size = 0
        for one in found:
            name = register.label(one, text[one.start : one.end])
            before, after = text[max(0, one.start - 1) : one.start], text[one.end : one.end + 1]
            written = bare(name, before, after) if for_model else placeholder(name)
            size += one.start - at
            pieces += [text[at : one.start], written]
            self.places.append(Place(size, size + len(written), one.start, one.end, name))
            size += len(written)
            at = one.end
        self.text = "".join(pieces) + text[at:]
        self._starts = [place.start for place in self.places]
        self._original_starts = [place.original_start for place in self.places]

    @property
    def counts(self) -> dict[str, int]:
        """How many entities of each kind are masked."""
        return self.register.entities()

    def restore(self, text: str) -> str:
        """The text with what the placeholders stand for; those that nobody was given stay.

        The masked text itself comes back letter for letter, also where what stands around the placeholders was
        changed. In any other text a person is named as fully as the original does anywhere.
        """
        return restored(text, self.register.said, self._wordings())

    def _wordings(self) -> list[tuple[str, str]]:
        return [
            (place.label, self.original[place.original_start : place.original_end]) for place in self.places
        ]

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Where in the original a stretch of the masked text stands; half a placeholder counts as the whole."""
        return self._original(start, False), self._original(end, True)

    def _original(self, offset: int, as_end: bool) -> int:
        at = bisect_right(self._starts, offset) - 1
        if at < 0:
            return offset
        place = self.places[at]
        if offset == place.start:
            return place.original_start
        if offset < place.end:
            return place.original_end if as_end else place.original_start
        return place.original_end + offset - place.end

    def whole(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the masked text, widened to whole placeholders."""
        for place in (self._at(start), self._at(end - 1)):
            if place is not None:
                start, end = min(start, place.start), max(end, place.end)
        return start, end

    def _at(self, offset: int) -> Place | None:
        """The placeholder that holds a character of the masked text."""
        at = bisect_right(self._starts, offset) - 1
        return self.places[at] if at >= 0 and offset < self.places[at].end else None

    def masked_offset(self, offset: int) -> int:
        """Where in the masked text a character of the original stands, or the placeholder that it went into."""
        at = bisect_right(self._original_starts, offset) - 1
        if at < 0:
            return offset
        place = self.places[at]
        return place.start if offset < place.original_end else place.end + offset - place.original_end

    def cut(self, pieces: Sequence[str]) -> Iterator[str]:
        """The masked text in the pieces that it was joined of, `APART` between them."""
        at = 0
        for piece in pieces:
            yield self.text[self.masked_offset(at) : self.masked_offset(at + len(piece))]
            at += len(piece) + len(APART)

    def mapping(self) -> dict[str, Any]:
        """What a map file holds: `entities`, and the wordings in order, so that the text comes back exactly."""
        return {"entities": dict(self.register.said), "wordings": self._wordings()}


def restored(text: str, entities: dict[str, str], wordings: Sequence[tuple[str, str]]) -> str:
    """The text with what its placeholders stand for: each its own wording where they are those of the masked text."""
    known = [name for name in labels(text) if name in entities]
    if known == [name for name, _ in wordings]:
        each = iter(wordings)
        return replaced(text, lambda name: next(each)[1] if name in entities else None)
    return replaced(text, entities.get)


def read_mapping(written: str, name: str) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Entities and wordings of a map file. Raises `SourceError` for anything else."""
    try:
        table = json.loads(written)
        entities = {str(label): str(said) for label, said in table["entities"].items()}
        return entities, [(str(label), str(said)) for label, said in table["wordings"]]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise SourceError(
            f"{name}: this is no mapping of epitome mask", hint="name the file that --map wrote"
        ) from error


def reserve(register: Register, text: str) -> None:
    """Give nobody a label that stands in the text itself."""
    register.reserved |= taken(text)
