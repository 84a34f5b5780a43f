"""Whom a name means: mentions of one person get one key, however much of the name they say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from epitome.trust.masking.found import Found


@dataclass(frozen=True, slots=True)
class Mention:
    """A name where it stands. `parts` are its words in lower case; of a Chinese name its surname and the whole."""

    start: int
    end: int
    parts: tuple[str, ...]


def linked(mentions: Iterable[Mention]) -> Iterator[Found]:
    """Each mention with its person's key, in order.

    A part alone means whoever bore it last, before there is one: whoever bears it first afterwards. "J. Smith" is the
    Smith whose given name begins so.
    """
    ordered = sorted(mentions, key=lambda mention: mention.start)
    people = _People(ordered)
    for mention in ordered:
        yield Found(mention.start, mention.end, "person", people.key(mention.parts))


class _People:
    def __init__(self, mentions: Iterable[Mention]) -> None:
        self._later: dict[str, tuple[str, ...]] = {}
        """Part -> the first full name of the text that has it."""
        self._last: dict[str, tuple[str, ...]] = {}
        """Part -> the full name that had it last, so far."""
        self._same: dict[tuple[str, ...], tuple[str, ...]] = {}
        for mention in mentions:
            if len(mention.parts) > 1:
                for part in mention.parts:
                    self._later.setdefault(part, mention.parts)

    def key(self, parts: tuple[str, ...]) -> str:
        if len(parts) == 1:
            full = self._last.get(parts[0]) or self._later.get(parts[0]) or parts
        else:
            full = self._full(parts)
            for part in full:
                self._last[part] = full
        return " ".join(full)

    def _full(self, parts: tuple[str, ...]) -> tuple[str, ...]:
        """The first way this person was named in full."""
        if parts not in self._same:
            near = (
                self._last.get(parts[-1]),
                self._later.get(parts[-1]),
                self._last.get(parts[0]),
                self._later.get(parts[0]),
            )
            known = (self._same.get(one, one) for one in near if one is not None)
            self._same[parts] = next((one for one in known if _one_person(one, parts)), parts)
        return self._same[parts]


def _one_person(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether two full names may be one person's: the same surname, and given names that do not differ."""
    if set(one) >= set(other) or set(other) >= set(one):
        return True
    if one[-1] != other[-1]:
        return False
    first, second = one[0].rstrip("."), other[0].rstrip(".")
    short = min(len(first), len(second)) == 1
    return first == second or (short and first[0] == second[0])
