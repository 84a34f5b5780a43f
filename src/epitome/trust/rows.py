"""A table of summaries beside their documents, checked: every column kept, `support`, `supported` and `facts` added."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from epitome.documents import from_text
from epitome.documents.table import BadRow, as_line, columns, fields, rows
from epitome.errors import UsageError
from epitome.store.journal import replacing
from epitome.trust.check import Source

HELD = 16
"""Sources kept indexed: tables often have several summaries of one document, mostly side by side."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of a table's rows."""

    rows: int
    unsupported: int
    failed: int


def check_rows(
    table: Path,
    document: str,
    summary: str,
    out: Path,
    *,
    limit: int | None = None,
    on_row: Callable[[int], None] | None = None,
) -> Tally:
    """Write every row of `table` to `out` (JSONL) with the check of its column `summary` against its column `document`.

    A row without a text in either has null for all three, and the `error`. Raises `UsageError` for a column that there
    is not, `SourceError` if the table cannot be read, `StoreError` if the output cannot be written.
    """
    known = columns(table)
    for column in (document, summary):
        if column not in known:
            raise UsageError(f"{table} has no column {column!r}", hint=f"it has: {', '.join(known)}")
    source = lru_cache(HELD)(lambda text: Source(from_text(text)))
    count = unsupported = failed = 0
    with replacing(out) as file:
        for count, row in enumerate(rows(table, limit), 1):
            found = _checked(row, document, summary, source)
            failed += "error" in found
            unsupported += found["supported"] is False
            file.write(as_line(fields(row) | found))
            if on_row is not None:
                on_row(count)
    return Tally(count, unsupported, failed)


def _checked(
    row: dict[str, Any] | BadRow, document: str, summary: str, source: Callable[[str], Source]
) -> dict[str, Any]:
    nothing: dict[str, Any] = {"support": None, "supported": None, "facts": None}
    if isinstance(row, BadRow):
        return nothing | {"error": f"line {row.number}: {row.reason}"}
    for column in (document, summary):
        if not isinstance(row.get(column), str) or not row[column].strip():
            return nothing | {"error": f"column {column!r} has no text"}
    verdict = source(row[document]).verdict(row[summary])
    facts = [asdict(fact) for fact in verdict.facts]
    return {"support": verdict.support, "supported": verdict.supported, "facts": facts}
