"""Pairs from wherever people keep them: a file, a folder, a dataset of the hub, a public set by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from epitome.datasets import folder, hub, public
from epitome.datasets.columns import Columns, Named, resolve
from epitome.datasets.pair import Dataset, Pair
from epitome.datasets.row import as_pair
from epitome.documents.source import not_readable
from epitome.documents.table import BadRow, Row, columns, is_table, numbered, suffix
from epitome.errors import ModelError, SourceError, UsageError

Progress = Callable[[str, int, int], None]
"""Called with what is being fetched, the bytes done and the bytes in all (0: not known)."""


@dataclass(frozen=True, slots=True)
class _Part:
    """One file of a source, or a folder of texts."""

    path: Path
    columns: Columns
    rows: Iterator[tuple[int, Row]]


def read(
    source: str,
    columns: Named | None = None,
    *,
    split: str | None = None,
    limit: int | None = None,
    on_progress: Progress | None = None,
) -> Iterator[Pair | BadRow]:
    """The pairs of `source` in order, and each row that is none, one at a time.

    `source`: a .jsonl, .csv, .tsv or .parquet file; a folder with files named by split, one that `datasets`
    wrote, or one of NAME.txt and NAME.summary.txt; a hub id (`org/name`, `org/name:config`); a public set's
    name. `columns` maps our fields to theirs (default: the usual names are recognised). `split`: needed where
    there are several. `limit`: only the first rows, bad ones counted.

    Raises at once: UsageError where columns or split are not clear, SourceError where nothing can be read,
    ModelError or OfflineError where it would have to be fetched and cannot.
    """
    parts = [_part(path, named) for path, named in _files(source, columns, split, on_progress)]
    return islice(_pairs(parts), limit)


def load(
    source: str,
    columns: Named | None = None,
    *,
    split: str | None = None,
    limit: int | None = None,
    strict: bool = False,
    on_progress: Progress | None = None,
) -> Dataset:
    """All of `read` in memory. Rows that are no pairs are in `Dataset.bad`; with `strict` the first is an error.

    Raises SourceError also where no row is a pair, and what `read` raises.
    """
    data = Dataset([], source)
    for row in read(source, columns, split=split, limit=limit, on_progress=on_progress):
        if isinstance(row, Pair):
            data.pairs.append(row)
        elif strict:
            raise SourceError(row.reason, hint="mend it, or read without --strict to pass over such rows")
        else:
            data.bad.append(row)
    if not data.pairs:
        reasons = f"{len(data.bad)} rows, the first: {data.bad[0].reason}" if data.bad else "it has no rows"
        raise SourceError(f"{source} holds no pair: {reasons}", hint="a pair is a document and its summary")
    return data


def splits(source: str) -> list[str]:
    """The names of the splits of a folder, public set or dataset of the hub; a file has none."""
    if not Path(source).exists():
        if known := public.sets().get(source):
            return public.splits(known)
        if hub.is_id(source):
            return hub.splits(source)
    return list(folder.splits(Path(source))) if _is_folder(Path(source)) else []


def _files(
    source: str, columns: Named | None, split: str | None, on_progress: Progress | None
) -> list[tuple[Path, Named | None]]:
    """The files that make the source, with the columns that are named for them."""
    known = public.sets().get(source)
    if known is None or Path(source).exists():
        return [(path, columns) for path in _paths(source, split, on_progress)]
    return [(path, columns or known.columns) for path in public.tables(known, split, on_progress)]


def _paths(source: str, split: str | None, on_progress: Progress | None) -> list[Path]:
    """The files that make the source, or the folder of texts itself."""
    path = Path(source)
    if not _is_folder(path):
        if not path.exists() and hub.is_id(source):
            return _of_hub(source, split, on_progress)
        if split is not None:
            raise UsageError(f"{source} is one file and has no splits", hint="leave --split out")
        if not path.exists():
            raise not_readable(path, FileNotFoundError())
        if not is_table(path):
            raise SourceError(
                f"{source}: not a table", hint="pairs are read from .jsonl, .csv, .tsv and .parquet files"
            )
        return [path]
    if found := folder.splits(path):
        return folder.choose(source, found, split)
    if folder.has_texts(path):
        return [path]
    named = {folder.split_of(inner.name): [inner] for inner in folder.entries(path) if _has_texts(inner)}
    if not named:
        raise SourceError(
            f"{source}: no data in this folder",
            hint="it needs tables (.jsonl, .csv, .tsv, .parquet, .arrow), or NAME.txt and NAME.summary.txt",
        )
    return folder.choose(source, named, split)


def _of_hub(source: str, split: str | None, on_progress: Progress | None) -> list[Path]:
    try:
        return hub.files(source, split, on_progress)
    except ModelError as error:  # it may have been meant as a path
        raise type(error)(f"there is no file {source}, and {error.message}", hint=error.hint) from error


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError) as error:
        raise not_readable(path, error) from error


def _has_texts(path: Path) -> bool:
    return _is_folder(path) and folder.has_texts(path)


def _part(path: Path, named: Named | None) -> _Part:
    if path.is_dir():
        if named:
            raise UsageError(f"{path} is a folder of texts and has no columns", hint="leave --column out")
        return _Part(
            path,
            resolve(str(path), ["id", "title", "document", "summaries", "domain", "lang"]),
            folder.texts(path),
        )
    names = columns(path)
    if not names:  # nothing in the first rows that has columns at all
        bad = next((row for _, row in numbered(path, 1) if isinstance(row, BadRow)), None)
        raise SourceError(bad.reason if bad else f"{path}: no column has a name", hint="write it again")
    return _Part(path, resolve(str(path), names, named), numbered(path))


def _pairs(parts: list[_Part]) -> Iterator[Pair | BadRow]:
    seen: set[str] = set()
    for part in parts:
        encoded = suffix(part.path) in {".csv", ".tsv"}
        for number, row in part.rows:
            if isinstance(row, BadRow):
                yield row
                continue
            pair = as_pair(row, part.columns, f"{part.path.name}:{number}", encoded=encoded)
            if isinstance(pair, Pair) and pair.id in seen:
                pair = f"the id {pair.id!r:.80} stands in an earlier row"
            if isinstance(pair, Pair):
                seen.add(pair.id)
                yield pair
            else:
                yield BadRow(number, f"{part.path}:{number}: {pair}")
