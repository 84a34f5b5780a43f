"""A file of summaries that some other program wrote, laid beside the data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from epitome.datasets.pair import Pair
from epitome.documents.table import BadRow, columns, is_table, rows
from epitome.errors import SourceError, UsageError

TEXTS = ("summary", "prediction", "output", "generated", "text")
"""Columns that may hold the summary, in this order."""


def is_outputs(path: Path) -> bool:
    """Whether the path is a file of outputs: a table, or text with one summary a line."""
    return path.is_file() and (is_table(path) or path.suffix.lower() in (".txt", ".hypo"))


def read_outputs(path: Path, pairs: Sequence[Pair]) -> list[str | None]:
    """One text a pair, or None where the file has none.

    Rows of a table belong to the pair with their `id`, else to the pair with their `document`; without either, and
    in a text file, the n-th belongs to the n-th pair. Raises `UsageError` where that cannot be, `SourceError` for a
    row that cannot be read: a figure over the rest would be that of another corpus.
    """
    if not is_table(path):
        return _in_order(path, path.read_text(encoding="utf-8-sig", errors="replace").splitlines(), pairs)
    known = columns(path)
    column = next((name for name in TEXTS if name in known), None)
    if column is None:
        raise UsageError(
            f"{path} has no summaries", hint=f"name a column {TEXTS[0]}; it has {', '.join(known)}"
        )
    found = [_readable(row) for row in rows(path)]
    texts = [row.get(column) for row in found]
    for number, text in enumerate(texts, 1):
        if text is not None and not isinstance(text, str):
            raise SourceError(f"{path}: row {number}: {column!r} holds {type(text).__name__}, not text")
    for key in ("id", "document"):
        if key in known and (matched := _matched(path, key, found, texts, pairs)) is not None:
            return matched
    return _in_order(path, texts, pairs)


def _readable(row: dict[str, Any] | BadRow) -> dict[str, Any]:
    if isinstance(row, BadRow):
        raise SourceError(row.reason, hint="a file of outputs must be whole")
    return row


def _matched(
    path: Path, key: str, found: Sequence[dict[str, Any]], texts: Sequence[Any], pairs: Sequence[Pair]
) -> list[str | None] | None:
    """The texts by id or by document; None where the file's have nothing to do with the data's."""
    by_key: dict[str, Any] = {}
    for row, text in zip(found, texts, strict=True):
        name = str(row.get(key))
        if key == "id" and name in by_key:
            raise UsageError(
                f"{path}: the id {name!r} stands in two rows", hint="give each row an id of its own"
            )
        by_key[name] = text
    wanted = [getattr(pair, key) for pair in pairs]
    missing = [name for name in wanted if name not in by_key]
    if len(missing) == len(wanted):
        return None
    if missing:
        shown = " ".join(missing[0].split())[:60]
        raise UsageError(
            f"{path} has no row for {len(missing)} of {len(wanted)} documents, the first {key} {shown!r}",
            hint="a row with an empty summary says that a system failed on it",
        )
    return [by_key[name] for name in wanted]


def _in_order(path: Path, texts: Sequence[str | None], pairs: Sequence[Pair]) -> list[str | None]:
    if len(texts) != len(pairs):
        raise UsageError(
            f"{path} has {len(texts)} rows, and the data {len(pairs)}",
            hint="give its rows the data's `id`, or one row a document in the same order",
        )
    return list(texts)
