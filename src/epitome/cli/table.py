"""A table named on the command line: its column summarised into a JSONL file."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from epitome.cli.exit import NOTHING_DONE, SOME_FAILED
from epitome.cli.progress import rows_bar
from epitome.documents.table import columns, rows
from epitome.errors import UsageError
from epitome.types import Request

if TYPE_CHECKING:
    from epitome.serve.client import Client
    from epitome.summarize.summarizer import Summarizer

USUAL = ("document", "text", "article", "content")


def run_table(
    table: Path,
    column: str | None,
    output: Path | None,
    request: Request,
    limit: int | None,
    quiet: bool,
    open_summarizer: Callable[[int], Summarizer | Client],
) -> int:
    """Summarise a column; the exit code."""
    from epitome.summarize.rows import require_column, summarize_rows

    output = required_output(table, output, "its summaries need")
    known = columns(table)
    column = column or next((name for name in USUAL if name in known), None)
    if column is None:
        raise UsageError(f"{table}: which column?", hint=f"--column, one of {', '.join(known)}")
    require_column(table, column)
    total = sum(1 for _ in rows(table, limit))
    with open_summarizer(total) as summarizer, rows_bar(total, quiet) as report:
        tally = summarize_rows(table, column, output, summarizer, request, limit=limit, on_row=report)
    if not quiet:
        parts = [f"{tally.rows - tally.failed} of {tally.rows} rows summarised"]
        parts += [f"{tally.reused} reused"] if tally.reused else []
        parts += [f"{tally.failed} failed (see their error)"] if tally.failed else []
        print(f"{output}: {', '.join(parts)}", file=sys.stderr)
    if not tally.failed:
        return 0
    return SOME_FAILED if tally.failed < tally.rows else NOTHING_DONE


def required_output(table: Path, output: Path | None, what: str) -> Path:
    """The JSONL file that a table's rows are written to. Raises `UsageError` for none, another kind, or the table."""
    if output is None:
        raise UsageError(f"{table} is a table: {what} a file", hint="add -o OUT.jsonl")
    if output.suffix.lower() not in (".jsonl", ".ndjson"):
        raise UsageError(f"{output}: the output of a table is JSONL", hint="name it OUT.jsonl")
    if table.exists() and output.exists() and output.samefile(table):
        raise UsageError(f"{output} is the table itself", hint="name another output")
    return output
