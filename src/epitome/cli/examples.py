"""`--examples FILE --shots K`, as `summarize` and `evaluate` take them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from epitome.documents.source import not_readable
from epitome.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from epitome.datasets.pair import Dataset


def number(file: Path | None, shots: int | None) -> int:
    """How many examples before each document.

    Raises `UsageError` for a number of nothing and `SourceError` for a file that is not there.
    """
    if file is None and shots is not None:
        raise UsageError("--shots counts examples, and there are none", hint="add --examples FILE")
    if file is not None and not file.is_file():
        raise not_readable(file, IsADirectoryError() if file.is_dir() else FileNotFoundError())
    from epitome.summarize.shots import SHOTS

    return shots or SHOTS


def pairs(file: Path, tell: Callable[[str], None] | None) -> Dataset:
    """The pairs in the file; `tell` gets a line where rows are none. Raises `SourceError` where no row is a pair."""
    from epitome.datasets.read import load

    found = load(str(file))
    if found.bad and tell is not None:
        tell(f"{file}: {len(found.bad)} rows are no examples, the first: {found.bad[0].reason}")
    return found
