"""Options that several commands read alike: what is asked of a summary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from epitome.errors import UsageError
from epitome.types import Length

Named = TypeVar("Named", bound=str)


def one_of(known: Sequence[Named], text: str, option: str) -> Named:
    """What `text` names. Raises `UsageError` for anything else."""
    for name in known:
        if text == name:
            return name
    raise UsageError(f"{option} {text}: there is no such thing", hint=f"one of {', '.join(known)}")


def bounds(text: str | None, name: str) -> Length | None:
    """`N` or `MIN-MAX` as bounds. Raises `UsageError` for anything else."""
    if text is None:
        return None
    from epitome.summarize.budget import length

    return length(text, name)
