"""Rows of tables: JSONL, CSV, TSV and Parquet, one at a time, in memory that does not grow with the file."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from epitome.documents.source import not_readable
from epitome.documents.text import decode
from epitome.errors import SourceError

_JSONL = frozenset({".jsonl", ".ndjson"})
_SEPARATED = {".csv": ",", ".tsv": "\t"}
_PARQUET = frozenset({".parquet", ".pq"})
_SAMPLE = 1 << 18
_BATCH = 64
"""Rows of a Parquet file in memory at once: documents can be long."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be read; the rows after it can."""

    number: int
    """Line in a text file (from 1, as editors count), row in a Parquet file."""
    reason: str


def is_table(path: str | Path) -> bool:
    """Whether the name's suffix is a table's: .jsonl, .ndjson, .csv, .tsv, .parquet or .pq."""
    suffix = Path(path).suffix.lower()
    return suffix in _JSONL or suffix in _SEPARATED or suffix in _PARQUET


def rows(path: str | Path, limit: int | None = None) -> Iterator[dict[str, Any] | BadRow]:
    """The rows of a table, lazily and in order; the first `limit` of them, bad ones counted.

    JSONL rows keep their JSON types, CSV and TSV values are strings (the first line names the columns),
    Parquet values are Python's. A line that cannot be read is a BadRow with its line number; blank lines are
    passed over. Raises SourceError at once where the file is missing, empty, binary, or of no known kind.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if not is_table(path):
        raise SourceError(f"{path}: not a table", hint="tables are .jsonl, .csv, .tsv and .parquet files")
    sample = _sample(path)
    if suffix in _PARQUET:
        found = _parquet(path)
    elif suffix in _JSONL:
        found = _jsonl(path, _json_encoding(sample, path))
    else:
        found = _separated(path, _encoding(sample, path), _SEPARATED[suffix])
    return islice(found, limit)


def columns(path: str | Path) -> list[str]:
    """The names of the columns: of the header or schema, or in JSONL all keys of the first 100 rows."""
    path = Path(path)
    if path.suffix.lower() in _PARQUET:
        _sample(path)
        return list(_open_parquet(path).schema_arrow.names)
    if path.suffix.lower() in _SEPARATED:
        with path.open(encoding=_encoding(_sample(path), path), newline="", errors="replace") as stream:
            return next(csv.reader(stream, delimiter=_SEPARATED[path.suffix.lower()]), [])
    names: dict[str, None] = {}
    for row in rows(path, limit=100):
        if not isinstance(row, BadRow):
            names.update(dict.fromkeys(row))
    return list(names)


def _sample(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            sample = stream.read(_SAMPLE)
    except (OSError, ValueError) as error:
        raise not_readable(path, error) from error
    if not sample.strip():
        raise SourceError(f"{path}: the table is empty", hint="check that it was saved")
    return sample


def _encoding(sample: bytes, path: Path) -> str:
    """The encoding to open the file with: UTF-8 (with or without mark), or what the sample looks like."""
    cut = sample[: sample.rfind(b"\n") + 1] or sample
    if len(sample) == _SAMPLE and b"\n" not in sample:
        return "utf-8-sig"  # one line longer than the sample: nothing can be cut off safely
    _, warnings = decode(cut, str(path))
    for mark, name in (
        (b"\xff\xfe\x00\x00", "utf-32"),
        (b"\x00\x00\xfe\xff", "utf-32"),
        (b"\xff\xfe", "utf-16"),
    ):
        if sample.startswith(mark):
            return name
    if sample.startswith(b"\xfe\xff"):
        return "utf-16"
    guessed = [part.split("read as ")[1].split(" ")[0] for part in warnings if "read as " in part]
    return guessed[0].lower() if guessed else "utf-8-sig"


def _json_encoding(sample: bytes, path: Path) -> str:
    """JSON is UTF-8 by its standard: a few lines that are not are bad rows, not another encoding."""
    if not sample.startswith((b"\xff\xfe", b"\xfe\xff")) and 0 not in sample:
        lines = [line for line in sample.splitlines()[:-1] or [sample] if line.strip()]
        bad = sum(isinstance(_text(line, "utf-8"), UnicodeDecodeError) for line in lines)
        if 2 * bad < len(lines) or len(lines) == 1:
            return "utf-8-sig"
    return _encoding(sample, path)


def _jsonl(path: Path, encoding: str) -> Iterator[dict[str, Any] | BadRow]:
    # Lines of bytes: a line in a wrong encoding spoils itself alone. UTF-16 has no such lines.
    if encoding.startswith("utf-16") or encoding.startswith("utf-32"):
        with path.open(encoding=encoding, errors="replace") as stream:
            yield from _json_lines(stream, path)
        return
    with path.open("rb") as raw:
        yield from _json_lines((_text(line, encoding) for line in raw), path)


def _text(line: bytes, encoding: str) -> str | UnicodeDecodeError:
    try:
        return line.decode(encoding)
    except UnicodeDecodeError as error:
        return error


def _json_lines(lines: Any, path: Path) -> Iterator[dict[str, Any] | BadRow]:
    for number, line in enumerate(lines, 1):
        if isinstance(line, UnicodeDecodeError):
            yield BadRow(number, f"{path}:{number}: not valid {line.encoding} at byte {line.start}")
            continue
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            yield BadRow(number, f"{path}:{number}: not JSON: {error.msg} at column {error.colno}")
            continue
        except RecursionError:
            yield BadRow(number, f"{path}:{number}: JSON nested too deeply")
            continue
        if isinstance(row, dict):
            yield row
        else:
            yield BadRow(number, f"{path}:{number}: a JSON object was expected, not {type(row).__name__}")


def _separated(path: Path, encoding: str, delimiter: str) -> Iterator[dict[str, Any] | BadRow]:
    csv.field_size_limit(sys.maxsize)  # the default of 128 KiB is shorter than many documents
    with path.open(encoding=encoding, newline="", errors="replace") as stream:
        reader = csv.reader(stream, delimiter=delimiter)
        names = next(reader)
        while True:
            number = reader.line_num + 1
            try:
                values = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield BadRow(number, f"{path}:{number}: {error}")
                continue
            if len(values) == len(names):
                yield dict(zip(names, values, strict=True))
            elif values:
                yield BadRow(
                    number, f"{path}:{number}: {len(values)} fields where the header names {len(names)}"
                )


def _open_parquet(path: Path) -> Any:
    try:
        import pyarrow
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise SourceError(f"{path}: Parquet needs the package pyarrow", hint="pip install pyarrow") from error
    try:
        return parquet.ParquetFile(path, memory_map=True)
    except (pyarrow.ArrowException, OSError) as error:
        raise SourceError(f"{path}: the Parquet file is broken", hint="write it again") from error


def _parquet(path: Path) -> Iterator[dict[str, Any] | BadRow]:
    table = _open_parquet(path)
    import pyarrow

    done = 0
    try:
        for batch in table.iter_batches(batch_size=_BATCH):
            for row in batch.to_pylist():
                done += 1
                yield row
    except (pyarrow.ArrowException, OSError) as error:
        yield BadRow(done + 1, f"{path}: row {done + 1} and all after it are broken: {error}".splitlines()[0])
    finally:
        table.close()
