"""A column of a table, summarised: resumable, each document once, every row in its place."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from epitome.documents import from_text
from epitome.documents.table import BadRow, as_line, columns, fields, rows
from epitome.errors import EpitomeError, UsageError
from epitome.store.journal import Journal, replacing
from epitome.summarize.prompts import VERSION
from epitome.types import Document, Request, Summary


class Writer(Protocol):
    """A `Summarizer`, or one that runs elsewhere."""

    @property
    def identity(self) -> str:
        """Two with the same write the same."""

    def as_finished(
        self, sources: Iterable[str | Document], request: Request
    ) -> Iterator[tuple[int, Summary | EpitomeError]]:
        """Each source's summary with its number."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of a table's rows."""

    rows: int
    failed: int
    reused: int
    """Rows that needed no work: done before a kill, or the same document as another row."""


def summarize_rows(
    table: Path,
    column: str,
    out: Path,
    summarizer: Writer,
    request: Request,
    *,
    limit: int | None = None,
    on_row: Callable[[int], None] | None = None,
) -> Tally:
    """Write every row of `table` to `out` (JSONL) with its `summary`, or null and the `error`.

    What is finished is kept beside `out` in a `.progress` file until all is done: the same call after a kill goes
    on from there. `on_row` is told the rows finished so far.

    Raises `UsageError` if there is no such column, `SourceError` if the table cannot be read and `StoreError`
    if the output cannot be written; what was finished stays.
    """
    require_column(table, column)
    job = _fingerprint([summarizer.identity, asdict(request), VERSION, column])
    with Journal(out.with_name(out.name + ".progress"), job) as journal:
        before = len(journal)
        errors = _work(table, column, summarizer, request, journal, limit, on_row)
        fresh = len(journal) - before
        tally = _collect(table, column, out, journal, errors, limit, fresh)
        journal.remove()
    return tally


def require_column(table: Path, column: str) -> None:
    """Raise `UsageError`, naming the columns there are, if the table has none of that name."""
    known = columns(table)
    if column not in known:
        raise UsageError(f"{table} has no column {column!r}", hint=f"it has: {', '.join(known)}")


def _work(
    table: Path,
    column: str,
    summarizer: Writer,
    request: Request,
    journal: Journal,
    limit: int | None,
    on_row: Callable[[int], None] | None,
) -> dict[str, str]:
    """Summarise what the journal lacks; errors by document, which a later run tries again."""
    keys: list[str] = []
    errors: dict[str, str] = {}
    finished = 0

    def report(more: int) -> None:
        nonlocal finished
        finished += more
        if on_row is not None:
            on_row(finished)

    def documents() -> Iterator[Document]:
        seen: set[str] = set()
        for number, row in enumerate(rows(table, limit), 1):
            text = _text(row, column)
            key = _fingerprint(text)
            if text is None or key in journal or key in seen:
                report(1)
                continue
            seen.add(key)
            keys.append(key)
            yield from_text(text, source=f"{table}:{number}")

    for number, result in summarizer.as_finished(documents(), request):
        if isinstance(result, UsageError):
            raise result
        if isinstance(result, Summary):
            journal.add(keys[number], {"summary": result.text})
        else:
            errors[keys[number]] = str(result)
        report(1)
    return errors


def _collect(
    table: Path,
    column: str,
    out: Path,
    journal: Journal,
    errors: dict[str, str],
    limit: int | None,
    fresh: int,
) -> Tally:
    """All rows in order, with what became of each."""
    count = failed = 0
    with replacing(out) as file:
        for row in rows(table, limit):
            count += 1
            text = _text(row, column)
            key = _fingerprint(text)
            kept = fields(row)
            if text is not None and key in journal:
                if kept.get("summary", "") is None:
                    kept.pop("error", None)  # the table is an earlier output
                kept["summary"] = journal[key]["summary"]
            else:
                failed += 1
                kept |= {"summary": None, "error": errors.get(key) or _reason(row, column)}
            file.write(as_line(kept))
    return Tally(count, failed, count - failed - fresh)


def _text(row: dict[str, Any] | BadRow, column: str) -> str | None:
    """The document in a row, or None where there is none."""
    value = None if isinstance(row, BadRow) else row.get(column)
    return value if isinstance(value, str) and value.strip() else None


def _reason(row: dict[str, Any] | BadRow, column: str) -> str:
    if isinstance(row, BadRow):
        return f"line {row.number}: {row.reason}"
    value = row.get(column)
    if value is None or (isinstance(value, str) and not value.strip()):
        return f"column {column!r} is empty"
    return f"column {column!r} holds {type(value).__name__}, not text"


def _fingerprint(value: object) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False, default=str).encode()).hexdigest()
