"""What the sub-verbs share: how a source is named, and how its bad rows are shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from epitome.cli.exit import NOTHING_DONE, SOME_FAILED
from epitome.cli.progress import note

if TYPE_CHECKING:
    from epitome.documents.table import BadRow

SHOWN = 20
"""Bad rows named one by one; the rest is counted."""

Source = Annotated[
    str,
    typer.Argument(
        help="A .jsonl, .csv, .tsv or .parquet file, a folder, a hub id or a public set.", show_default=False
    ),
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="FIELD=NAME",
        help="Their column for document, summary, id, title, domain or lang; summary may be repeated.",
    ),
]
Split = Annotated[str | None, typer.Option(help="Which split, where there are several.")]
Limit = Annotated[int | None, typer.Option(min=1, help="Only the first rows.")]
Strict = Annotated[bool, typer.Option("--strict", help="Refuse a bad row instead of passing over it.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No notes, no progress bar.")]


def tell(bad: Sequence[BadRow], quiet: bool = False) -> None:
    """Name the rows that were passed over, on standard error."""
    if not bad or quiet:
        return
    for row in bad[:SHOWN]:
        note(f"passed over {row.reason}")
    if len(bad) > SHOWN:
        note(f"passed over {len(bad) - SHOWN:,} rows more")


def code(done: int, bad: int) -> int:
    """The exit code: 0 all rows, 1 some, 3 none."""
    return (SOME_FAILED if done else NOTHING_DONE) if bad else 0


@contextmanager
def counting(what: str, quiet: bool) -> Iterator[Any]:
    """A counter of rows on the terminal; call it with how many were done. Nothing is drawn where nobody looks."""
    import sys

    if quiet or not sys.stderr.isatty():
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    text = TextColumn("{task.description} {task.completed:,} rows")
    bar = Progress(SpinnerColumn(), text, TimeElapsedColumn(), console=Console(stderr=True), transient=True)
    task = bar.add_task(what)
    with bar:
        yield lambda done: bar.update(task, completed=done)
