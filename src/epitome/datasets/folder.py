"""Folders of data: files named by split, what the library `datasets` wrote, and texts beside their summaries."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from epitome.documents.source import not_readable
from epitome.documents.table import BadRow, Row, is_table, rows
from epitome.documents.text import decode
from epitome.errors import SourceError, UsageError

File = TypeVar("File")

METADATA = "metadata.jsonl"
"""Beside texts: a row with `file_name` and what else is known of each document."""

_SPLIT = re.compile(
    r"(?:^|[^a-z0-9])(train|training|validation|valid|val|dev|test|testing|eval|evaluation)(?=$|[^a-z0-9])"
)
_SAME = {
    "training": "train",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "testing": "test",
    "eval": "test",
    "evaluation": "test",
}
_SHARD = re.compile(r"[-_.]?\d+([-_.]of[-_.]\d+)?$")
_SUMMARY = re.compile(r"(.+)\.summary(?:\.(\d+))?\.txt", re.DOTALL)


def splits(folder: Path) -> dict[str, list[Path]]:
    """The tables of each split, in order of name; empty where the folder has none.

    A split is told by the name of the file (`train.jsonl`, `dev-00000-of-00002.parquet`), else of the folder
    it is in (`train/data-00000-of-00001.arrow`, as `datasets` writes it). Tables that only a number tells apart
    belong together. Raises SourceError where the folder cannot be read.
    """
    if found := _tables(folder):
        return found
    inner = [path for path in entries(folder) if path.is_dir() and not path.name.startswith(".")]
    for path in inner:
        within = _tables(path)
        if path.name == "data" and within:  # where the hub keeps the files
            return within
        for name, paths in within.items():
            split = split_of(path.name) if len(within) == 1 else f"{path.name}/{name}"
            found.setdefault(split, []).extend(paths)
    return found


def choose(source: str, found: dict[str, list[File]], split: str | None) -> list[File]:
    """The files of one split; `dev` and `validation` are the same. Raises UsageError where it must be named."""
    if split is None and len(found) == 1:
        return next(iter(found.values()))
    if split in found:
        return found[split]
    alike = [
        paths for name, paths in found.items() if split and _SAME.get(name, name) == _SAME.get(split, split)
    ]
    if len(alike) == 1:
        return alike[0]
    problem = f"{source} has no split {split!r}" if split else f"{source} has several splits"
    raise UsageError(problem, hint=f"name one with --split: {', '.join(found)}")


def split_of(name: str) -> str:
    """The split that a name without suffix tells, else the name without its number."""
    if known := _SPLIT.search(name.lower()):
        return known[1]
    return _SHARD.sub("", name) or name


def _tables(folder: Path) -> dict[str, list[Path]]:
    """The tables that lie in this folder itself, by split."""
    written = _written(folder)
    found: dict[str, list[Path]] = {}
    for path in entries(folder):
        # `datasets` leaves the caches of its steps beside the data.
        data = path.name in written if written is not None else path.name != METADATA
        if data and is_table(path) and path.is_file():
            found.setdefault(split_of(path.stem), []).append(path)
    return found


def _written(folder: Path) -> set[str] | None:
    """The files that `datasets` says are the data; None where it says nothing."""
    try:
        state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        return {str(file["filename"]) for file in state["_data_files"]}
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None


def entries(folder: Path) -> list[Path]:
    """What lies in a folder, in order of name. Raises SourceError where it cannot be read."""
    try:
        return sorted(folder.iterdir())
    except (OSError, ValueError) as error:
        raise not_readable(folder, error) from error


def has_texts(folder: Path) -> bool:
    """Whether there are texts with summaries beside them: NAME.txt and NAME.summary.txt."""
    return any(_SUMMARY.fullmatch(path.name) for path in entries(folder))


def texts(folder: Path) -> Iterator[tuple[int, Row]]:
    """The rows of a folder of texts, numbered from 1 in order of name.

    NAME.txt is a document, NAME.summary.txt its gold summary, NAME.summary.2.txt a further one; NAME is the id.
    """
    documents: dict[str, Path] = {}
    golds: dict[str, list[tuple[int, Path]]] = {}
    for path in entries(folder):
        if summary := _SUMMARY.fullmatch(path.name):
            golds.setdefault(summary[1], []).append((int(summary[2] or 1), path))
        elif path.suffix == ".txt" and path.is_file():
            documents[path.stem] = path
    known = _metadata(folder)
    for number, name in enumerate(sorted(documents.keys() | golds.keys()), 1):
        yield number, _row(folder, name, number, documents.get(name), sorted(golds.get(name, [])), known)


def _row(
    folder: Path,
    name: str,
    number: int,
    document: Path | None,
    golds: list[tuple[int, Path]],
    known: dict[str, dict[str, Any]],
) -> Row:
    if document is None:
        return BadRow(number, f"{golds[0][1]}: there is no {name}.txt beside it")
    if not golds:
        return BadRow(number, f"{document}: there is no {name}.summary.txt beside it")
    try:
        read = [_read(document), *(_read(path) for _, path in golds)]
    except SourceError as error:
        return BadRow(number, error.message)
    labels = known.get(f"{name}.txt", {})
    return {"id": name} | labels | {"document": read[0], "summaries": read[1:]}


def _read(path: Path) -> str:
    try:
        text, warnings = decode(path.read_bytes(), str(path))
    except OSError as error:
        raise not_readable(path, error) from error
    if broken := [line for line in warnings if "broken" in line]:
        raise SourceError(broken[0])
    return text


def _metadata(folder: Path) -> dict[str, dict[str, Any]]:
    if not (folder / METADATA).is_file():
        return {}
    found = {}
    for row in rows(folder / METADATA):
        if isinstance(row, BadRow):
            raise SourceError(row.reason, hint=f"{METADATA} must be whole")
        found[str(row.pop("file_name", ""))] = row
    return found
