"""What stands in a masked text for an entity: `<PERSON_1>`. Written in one way, read in many."""

from __future__ import annotations

import re
from collections.abc import Callable, Container

from epitome.trust.masking.found import KINDS, Kind

_WORD = re.compile(r"\w", re.ASCII)
_LABELS = "|".join(kind.upper() for kind in KINDS)
_ANY = re.compile(rf"(?:{_LABELS})[ _#-]{{0,2}}\d{{1,9}}", re.ASCII | re.IGNORECASE)
_READ = re.compile(
    rf"[<＜«‹《\[({{]\s?(?P<inside>{_LABELS})[ _#-]{{0,2}}(?P<number>\d{{1,9}})(?:\s?[>＞»›》\])}}])?"
    rf"|(?<![A-Za-z0-9_])(?P<bare>{_LABELS})[_-](?P<count>\d{{1,9}})(?![\d])[>＞]?",
    re.ASCII | re.IGNORECASE,
)


def label(kind: Kind, number: int) -> str:
    """`PERSON_1`."""
    return f"{kind.upper()}_{number}"


def placeholder(name: str) -> str:
    """How a label stands in a masked text."""
    return f"<{name}>"


def bare(name: str, before: str, after: str) -> str:
    """How a label stands in a text for a model: `PERSON_1`, which small ones copy far more often (LOG.md).

    With its brackets where a letter or digit is its neighbour, as in 张伟5岁.
    """
    return placeholder(name) if _WORD.match(before) or _WORD.match(after) else name


def plain(text: str, known: Container[str]) -> str:
    """The text with the known labels written as `<PERSON_1>`, however they were written."""
    return replaced(text, lambda name: placeholder(name) if name in known else None)


def taken(text: str) -> set[str]:
    """The labels that a text has already, however they are written: they are given to nobody."""
    return {_label(match[0]) for match in _ANY.finditer(text)}


def labels(text: str) -> list[str]:
    """The labels of a text's placeholders, in order."""
    return [_read(match) for match in _READ.finditer(text)]


def replaced(text: str, what: Callable[[str], str | None]) -> str:
    """The text with each placeholder replaced by what its label stands for; None leaves it.

    `<Person_1>`, `[PERSON 1]` and `PERSON_1` are read as `<PERSON_1>` is.
    """

    def one(match: re.Match[str]) -> str:
        said = what(_read(match))
        return match[0] if said is None else said

    return _READ.sub(one, text)


def _read(match: re.Match[str]) -> str:
    kind, number = match["inside"] or match["bare"], match["number"] or match["count"]
    return f"{kind.upper()}_{int(number)}"


def _label(written: str) -> str:
    kind = re.match("[A-Za-z]+", written)
    number = re.search(r"\d+$", written)
    assert kind is not None
    assert number is not None
    return f"{kind[0].upper()}_{int(number[0])}"
