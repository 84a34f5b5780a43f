"""Options that several commands read alike: what is asked of a summary."""

from __future__ import annotations

from epitome.errors import UsageError
from epitome.types import STYLES, Length, Style


def style_named(text: str | None) -> Style | None:
    """The style of that name. Raises `UsageError` for any other."""
    for style in STYLES:
        if text == style:
            return style
    if text is None:
        return None
    raise UsageError(f"--style {text}: no such style", hint=f"one of {', '.join(STYLES)}")


def bounds(text: str | None, name: str) -> Length | None:
    """`N` or `MIN-MAX` as bounds. Raises `UsageError` for anything else."""
    if text is None:
        return None
    from epitome.summarize.budget import length

    return length(text, name)
