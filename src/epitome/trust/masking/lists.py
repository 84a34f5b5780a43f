"""The lists of `names.toml`, as sets."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def words(language: str, name: str) -> frozenset[str]:
    """The words of one list; hyphens inside stand for spaces where a list has terms."""
    return frozenset(text(language, name).split())


@cache
def text(language: str, name: str) -> str:
    """One list as it is written."""
    value: str = _table()[language][name]
    return value


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(
        files(__name__.rpartition(".")[0]).joinpath("names.toml").read_text(encoding="utf-8")
    )
