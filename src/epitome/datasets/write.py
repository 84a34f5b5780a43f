"""Pairs written down in the formats that `read` reads: reading them back gives the same fingerprint."""

from __future__ import annotations

import base64
import csv
import datetime
import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, Any

from epitome.datasets.folder import METADATA
from epitome.datasets.pair import Pair
from epitome.errors import StoreError, UsageError
from epitome.store.journal import replacing, writing

_SUFFIXES = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".pq": "parquet",
}
KINDS = ("jsonl", "csv", "tsv", "parquet", "datasets", "txt")
"""`datasets`: a folder as its `save_to_disk` writes it. `txt`: a folder of NAME.txt and NAME.summary.txt."""
_BATCH = 64
"""Rows of a Parquet or Arrow batch: documents can be long, and a batch holds at most 2 GB of text."""


def write(pairs: Iterable[Pair], path: Path, kind: str = "") -> int:
    """Write all pairs, whole or not at all; returns how many.

    `kind`: one of `KINDS`, by default told by the suffix. Parquet and `datasets` keep texts, numbers, truth values
    and lists of texts as such, and other values as JSON; CSV has only texts. Raises UsageError where the kind
    cannot be told or a folder is there already, StoreError where it cannot be written.
    """
    kind = kind or _SUFFIXES.get(path.suffix.lower(), "")
    if kind not in KINDS:
        raise UsageError(
            f"{path}: what kind of data is to be written cannot be told",
            hint=f"end its name in .jsonl, .csv, .tsv or .parquet, or say --as {' or '.join(KINDS[-2:])}",
        )
    if kind == "jsonl":
        with replacing(path) as file:
            return _lines(pairs, file)
    if kind == "txt":
        with _new(path) as folder:
            return _texts(pairs, folder)
    with _spooled(pairs) as table:
        if kind in {"csv", "tsv"}:
            with replacing(path) as file:
                _separated(table, file, "," if kind == "csv" else "\t")
        elif kind == "parquet":
            with _new(path) as draft:
                _parquet(table, draft)
        else:
            with _new(path) as folder:
                _datasets(table, folder)
        return table.count


def row_of(pair: Pair) -> dict[str, Any]:
    """The pair's row in values that JSON knows: dates in ISO 8601, bytes in base64, NaN as null."""
    row: dict[str, Any] = _plain(pair.as_row())
    return row


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)


def row_line(row: dict[str, Any]) -> str:
    """The row as a line of JSONL."""
    line = json.dumps(row, ensure_ascii=False)
    try:
        line.encode()
    except UnicodeEncodeError:  # half a character in one of the other columns
        line = json.dumps(row)
    return line + "\n"


def _lines(pairs: Iterable[Pair], file: IO[str]) -> int:
    count = 0
    for pair in pairs:
        file.write(row_line(row_of(pair)))
        count += 1
    return count


@dataclass
class _Table:
    """Rows on disk, and what was seen of their columns: Parquet and CSV must know it before the first row."""

    file: IO[str]
    count: int = 0
    columns: dict[str, str] = field(default_factory=dict)
    """Name to `text`, `int`, `float`, `bool`, `texts` or `json`; empty where all values are missing."""
    single: bool = True
    """Whether each document has one gold summary that cannot be taken for a list of them."""

    def add(self, row: dict[str, Any]) -> None:
        for name, value in row.items():
            self.columns[name] = _both(self.columns.get(name, ""), _kind(value))
        golds = row["summaries"]
        self.single = (
            self.single and len(golds) == 1 and not golds[0].startswith("[") and "summary" not in row
        )
        self.count += 1
        self.file.write(json.dumps(row) + "\n")

    def __iter__(self) -> Iterator[dict[str, Any]]:
        self.file.seek(0)
        for line in self.file:
            row = json.loads(line)
            yield {name: _cell(row.get(name), kind) for name, kind in self.columns.items()}


def _kind(value: Any) -> str:
    if value is None:
        return ""
    for kind, known in (("text", str), ("bool", bool), ("float", float)):
        if isinstance(value, known):
            return kind
    if isinstance(value, int):
        return "int" if -(2**63) <= value < 2**63 else "json"
    texts = isinstance(value, list) and all(isinstance(part, str) for part in value)
    return "texts" if texts else "json"


def _both(one: str, other: str) -> str:
    if not one or not other or one == other:
        return one or other
    return "float" if {one, other} == {"int", "float"} else "json"


def _cell(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind == "json":
        return json.dumps(value, ensure_ascii=False)
    if kind == "text":
        return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()
    return float(value) if kind == "float" else value


@contextmanager
def _spooled(pairs: Iterable[Pair]) -> Iterator[_Table]:
    with tempfile.TemporaryFile("w+", encoding="utf-8") as file:
        table = _Table(file)
        for pair in pairs:
            row = row_of(pair)
            with writing(Path(tempfile.gettempdir())):
                table.add(row)
        yield table


def _separated(table: _Table, file: IO[str], delimiter: str) -> None:
    # With "\n" alone a carriage return inside a field would not be quoted.
    writer = csv.writer(file, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow("summary" if table.single and name == "summaries" else name for name in table.columns)
    for row in table:
        if table.single:
            row["summaries"] = row["summaries"][0]
        texts = [_text(value) for value in row.values()]
        if any("\x00" in text for text in texts):
            raise UsageError(
                f"the row {row['id']!r} has a NUL character, which makes a CSV file binary data",
                hint="write it as .jsonl or .parquet",
            )
        writer.writerow(texts)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _record_batches(table: _Table) -> Iterator[Any]:
    import pyarrow

    schema = _schema(table)
    rows = iter(table)
    while batch := list(islice(rows, _BATCH)):
        yield pyarrow.RecordBatch.from_pylist(batch, schema=schema)


def _schema(table: _Table) -> Any:
    import pyarrow

    types = {
        "int": pyarrow.int64(),
        "float": pyarrow.float64(),
        "bool": pyarrow.bool_(),
        "texts": pyarrow.list_(pyarrow.string()),
    }
    return pyarrow.schema([(name, types.get(kind, pyarrow.string())) for name, kind in table.columns.items()])


def _parquet(table: _Table, path: Path) -> None:
    from pyarrow import parquet

    with parquet.ParquetWriter(path, _schema(table)) as writer:
        for batch in _record_batches(table):
            writer.write_batch(batch)


def _datasets(table: _Table, folder: Path) -> None:
    """What `datasets.load_from_disk` reads: a stream of batches, and two files that describe it."""
    import pyarrow

    folder.mkdir()
    name = "data-00000-of-00001.arrow"
    with pyarrow.ipc.new_stream(str(folder / name), _schema(table)) as stream:
        for batch in _record_batches(table):
            stream.write_batch(batch)
    state: dict[str, object] = {
        "_data_files": [{"filename": name}],
        "_fingerprint": "epitome",
        "_format_columns": None,
        "_format_kwargs": {},
        "_format_type": None,
        "_output_all_columns": False,
        "_split": None,
    }
    (folder / "state.json").write_text(json.dumps(state, indent=2), encoding="utf-8")
    (folder / "dataset_info.json").write_text("{}", encoding="utf-8")


def _texts(pairs: Iterable[Pair], folder: Path) -> int:
    """Numbered, since the order of names is the order of rows; what is no text goes beside them."""
    folder.mkdir()
    count = 0
    with (folder / METADATA).open("w", encoding="utf-8", newline="\n") as known:
        for count, pair in enumerate(pairs, 1):
            name = f"{count:06}"
            (folder / f"{name}.txt").write_bytes(pair.document.encode())
            for at, gold in enumerate(pair.summaries, 1):
                suffix = ".summary.txt" if at == 1 else f".summary.{at}.txt"
                (folder / f"{name}{suffix}").write_bytes(gold.encode())
            row = row_of(pair)
            del row["document"], row["summaries"]
            known.write(row_line({"file_name": f"{name}.txt"} | row))
    return count


@contextmanager
def _new(path: Path) -> Iterator[Path]:
    """A draft that gets the name `path` when it is finished. A file is replaced, a folder is not."""
    if path.is_dir() and any(path.iterdir()):
        raise UsageError(f"{path} is there already and holds something", hint="name a new folder")
    draft = path.with_name(f".{path.name[:200]}.{os.getpid()}.tmp")
    try:
        with writing(path):
            yield draft
            if path.is_dir() and draft.is_file():
                raise StoreError(f"{path} is a folder", hint="name a file")
            draft.replace(path)
    finally:
        if draft.is_dir():
            shutil.rmtree(draft, ignore_errors=True)
        else:
            draft.unlink(missing_ok=True)
