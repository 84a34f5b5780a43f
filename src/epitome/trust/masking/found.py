"""What a recogniser finds: a stretch of a text, what kind of personal data it is, and whose."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal[
    "person", "email", "phone", "card", "iban", "id", "passport", "ip", "url", "birth", "address"
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Found:
    """Characters `start` to `end`. What has the same `key` is the same entity, however it is written."""

    start: int
    end: int
    kind: Kind
    key: str


Recogniser = Callable[[str], Iterator[Found]]
"""From a text to what is found in it, in any order; what overlaps is sorted out later (`masker.py`)."""
