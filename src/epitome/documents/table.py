"""Rows of tables: JSONL, CSV, TSV, Parquet and Arrow, one at a time, in memory that does not grow with the file.

The text kinds may be compressed (`rows.jsonl.gz`).
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import re
import sys
import zlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any, cast

from epitome.documents.source import not_readable
from epitome.documents.text import decode
from epitome.errors import SourceError

_JSONL = frozenset({".jsonl", ".ndjson"})
_SEPARATED = {".csv": ",", ".tsv": "\t"}
_PARQUET = frozenset({".parquet", ".pq"})
_ARROW = frozenset({".arrow"})
_KNOWN = _JSONL | _SEPARATED.keys() | _PARQUET | _ARROW
_SAMPLE = 1 << 18
_UNDECODED = re.compile("[\udc80-\udcff]")
"""Bytes that were no UTF-8, as `surrogateescape` keeps them."""
_BATCH = 64
"""Rows of a Parquet or Arrow file in memory at once: documents can be long."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be read; the rows after it can."""

    number: int
    """Line in a text file (from 1, as editors count), row in a Parquet or Arrow file."""
    reason: str


Row = dict[str, Any] | BadRow


def is_table(path: str | Path) -> bool:
    """Whether the name's suffix is a table's: .jsonl, .ndjson, .csv, .tsv (each also .gz), .parquet, .pq, .arrow."""
    return suffix(path) in (_JSONL | _SEPARATED.keys() if packed(path) else _KNOWN)


def packed(path: str | Path) -> bool:
    """Whether the name ends on .gz."""
    return Path(path).suffix.lower() == ".gz"


def suffix(path: str | Path) -> str:
    """The suffix that tells a file's kind, in lower case: before .gz, if that is the last one."""
    return Path(Path(path).stem if packed(path) else path).suffix.lower()


def opened(path: Path) -> IO[bytes]:
    """The file's bytes, unpacked if it is packed."""
    return cast("IO[bytes]", gzip.open(path)) if packed(path) else path.open("rb")


def rows(path: str | Path, limit: int | None = None) -> Iterator[Row]:
    """The rows of a table, lazily and in order; the first `limit` of them, bad ones counted.

    JSONL rows keep their JSON types, CSV and TSV values are strings (the first line names the columns),
    Parquet and Arrow values are Python's. A line that cannot be read is a BadRow with its line number; blank
    lines are passed over. Raises SourceError at once where the file is missing, empty, binary, or of no known
    kind.
    """
    found = numbered(path, limit)
    return (row for _, row in found)


def numbered(path: str | Path, limit: int | None = None) -> Iterator[tuple[int, Row]]:
    """`rows`, each with the line of the text file it begins on, or its number in a Parquet or Arrow file."""
    path = Path(path)
    kind = suffix(path)
    if not is_table(path):
        raise SourceError(f"{path}: not a table", hint="tables are .jsonl, .csv, .tsv and .parquet files")
    sample = _sample(path)
    if kind in _PARQUET | _ARROW:
        found = _columnar(path)
    elif kind in _JSONL:
        found = _jsonl(path, _line_encoding(sample, path))
    else:
        found = _separated(path, _line_encoding(sample, path), _SEPARATED[kind])
    return islice(_whole(found, path) if packed(path) else found, limit)


def _whole(found: Iterator[tuple[int, Row]], path: Path) -> Iterator[tuple[int, Row]]:
    """The rows of a packed file; where it breaks off, or is damaged, that is said as a last row."""
    number = 0
    try:
        for number, row in found:
            yield number, row
    except (OSError, EOFError, zlib.error) as error:
        reason = f"{path}:{number + 1}: this row and all after it are broken: {error}"
        yield number + 1, BadRow(number + 1, reason)


def columns(path: str | Path) -> list[str]:
    """The names of the columns: of the header or schema, or in JSONL all keys of the first 100 rows."""
    path = Path(path)
    kind = suffix(path)
    if kind in _PARQUET | _ARROW:
        _sample(path)
        schema, batches = _open_columnar(path)
        batches.close()
        return list(schema.names)
    if kind in _SEPARATED:
        encoding = _line_encoding(_sample(path), path)
        with io.TextIOWrapper(opened(path), encoding, newline="", errors="replace") as stream:
            return _header(csv.reader(stream, delimiter=_SEPARATED[kind]), path)
    names: dict[str, None] = {}
    for row in rows(path, limit=100):
        if not isinstance(row, BadRow):
            names.update(dict.fromkeys(row))
    return list(names)


def _sample(path: Path) -> bytes:
    try:
        with opened(path) as stream:
            sample = stream.read(_SAMPLE)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise SourceError(f"{path}: the packed file is damaged ({error})", hint="pack it again") from error
    except (OSError, ValueError) as error:
        raise not_readable(path, error) from error
    if not sample.strip():
        raise SourceError(f"{path}: the table is empty", hint="check that it was saved")
    return sample


def encoding_of(sample: bytes, path: Path) -> str:
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


def _line_encoding(sample: bytes, path: Path) -> str:
    """UTF-8 where most lines are: a few that are not are bad rows, not another encoding."""
    if not sample.startswith((b"\xff\xfe", b"\xfe\xff")) and 0 not in sample:
        lines = [line for line in sample.splitlines()[:-1] or [sample] if line.strip()]
        bad = sum(isinstance(_text(line, "utf-8"), UnicodeDecodeError) for line in lines)
        if 2 * bad < len(lines) or len(lines) == 1:
            return "utf-8-sig"
    return encoding_of(sample, path)


def _jsonl(path: Path, encoding: str) -> Iterator[tuple[int, Row]]:
    # Lines of bytes: a line in a wrong encoding spoils itself alone. UTF-16 has no such lines.
    if encoding.startswith("utf-16") or encoding.startswith("utf-32"):
        with io.TextIOWrapper(opened(path), encoding, errors="replace") as stream:
            yield from _json_lines(stream, path)
        return
    with opened(path) as raw:
        yield from _json_lines((_text(line, encoding) for line in raw), path)


def _text(line: bytes, encoding: str) -> str | UnicodeDecodeError:
    try:
        return line.decode(encoding)
    except UnicodeDecodeError as error:
        return error


def _json_lines(lines: Any, path: Path) -> Iterator[tuple[int, Row]]:
    for number, line in enumerate(lines, 1):
        if isinstance(line, str) and not line.strip():
            continue
        try:
            if isinstance(line, UnicodeDecodeError):
                raise line
            row = json.loads(line)
            wrong = f"a JSON object was expected, not {type(row).__name__}"
        except json.JSONDecodeError as error:
            row, wrong = None, f"not JSON: {error.msg} at column {error.colno}"
        except UnicodeDecodeError as error:
            row, wrong = None, f"not valid {error.encoding} at byte {error.start}"
        except RecursionError:
            row, wrong = None, "JSON nested too deeply"
        except ValueError as error:  # a number of thousands of digits
            row, wrong = None, f"not JSON that can be read: {error}"
        yield number, row if isinstance(row, dict) else BadRow(number, f"{path}:{number}: {wrong}")


def _header(reader: Any, path: Path) -> list[str]:
    csv.field_size_limit(sys.maxsize)  # the default of 128 KiB is shorter than many documents
    try:
        return next(reader, [])
    except csv.Error as error:
        raise SourceError(
            f"{path}: the first line names no columns: {error}", hint="write it again"
        ) from error


def _separated(path: Path, encoding: str, delimiter: str) -> Iterator[tuple[int, Row]]:
    # In UTF-8 a byte that fits nothing is kept as a mark, so that its row can be named.
    errors = "surrogateescape" if encoding.startswith("utf-8") else "replace"
    with io.TextIOWrapper(opened(path), encoding, newline="", errors=errors) as stream:
        reader = csv.reader(stream, delimiter=delimiter)
        names = _header(reader, path)
        while True:
            number = reader.line_num + 1
            try:
                values = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield number, BadRow(number, f"{path}:{number}: {error}")
                continue
            if not values:
                continue
            if len(values) != len(names):
                wrong = f"{len(values)} fields where the header names {len(names)}"
            elif any(map(_UNDECODED.search, values)):
                wrong = "not valid utf-8"
            else:
                yield number, dict(zip(names, values, strict=True))
                continue
            yield number, BadRow(number, f"{path}:{number}: {wrong}")


def _open_columnar(path: Path) -> tuple[Any, Generator[Any]]:
    """The schema of a Parquet or Arrow file, and its record batches."""
    try:
        import pyarrow
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise SourceError(f"{path}: this needs the package pyarrow", hint="pip install pyarrow") from error
    kind = "Parquet" if suffix(path) in _PARQUET else "Arrow"
    try:
        if kind == "Parquet":
            file = parquet.ParquetFile(path, memory_map=True)
            return file.schema_arrow, _batches(file, file.iter_batches(batch_size=_BATCH))
        # `datasets` writes streams; a file, which begins with its name, can be read from any place.
        mapped = pyarrow.memory_map(str(path))
        if mapped.read(6) == b"ARROW1":
            reader = pyarrow.ipc.open_file(mapped)
            found = (reader.get_batch(at) for at in range(reader.num_record_batches))
        else:
            mapped.seek(0)
            found = reader = pyarrow.ipc.open_stream(mapped)
        return reader.schema, _batches(mapped, found)
    except (pyarrow.ArrowException, OSError) as error:
        raise SourceError(f"{path}: the {kind} file is broken", hint="write it again") from error


def _batches(file: Any, found: Any) -> Generator[Any]:
    with file:
        for batch in found:
            for at in range(0, len(batch), _BATCH):
                yield batch.slice(at, _BATCH)


def _columnar(path: Path) -> Iterator[tuple[int, Row]]:
    _, batches = _open_columnar(path)
    import pyarrow

    done = 0
    try:
        for batch in batches:
            for row in _as_rows(batch):
                done += 1
                yield done, row if isinstance(row, dict) else BadRow(done, f"{path}:{done}: {row}")
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        reason = f"{path}:{done + 1}: this row and all after it are broken: {error}".splitlines()[0]
        yield done + 1, BadRow(done + 1, reason)
    finally:
        batches.close()


def _as_rows(batch: Any) -> list[dict[str, Any] | str]:
    """The rows of a batch; for one that has no Python value (text that is no UTF-8, say) what is wrong with it."""
    import pyarrow

    try:
        return list(batch.to_pylist())
    except (pyarrow.ArrowException, ValueError, OverflowError) as error:
        if len(batch) == 1:
            return [str(error).splitlines()[0]]
        return [row for at in range(len(batch)) for row in _as_rows(batch.slice(at, 1))]


def fields(row: Row) -> dict[str, Any]:
    """The columns of a row; of a bad one its line."""
    return {"line": row.number} if isinstance(row, BadRow) else dict(row)


def as_line(fields: dict[str, Any]) -> str:
    """A row as a line of JSONL. NaN and infinities, which JSON lacks, are null."""
    return json.dumps(_plain(fields), ensure_ascii=False, default=str) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _plain(held) for key, held in value.items()}
    return [_plain(held) for held in value] if isinstance(value, list) else value
