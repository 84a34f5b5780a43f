"""`epitome check`: is a summary true to its document, sentence by sentence."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from epitome.cli.documents import place, shortened
from epitome.cli.exit import NOTHING_DONE, SOME_FAILED
from epitome.errors import UsageError

if TYPE_CHECKING:
    from epitome.trust.check import Verdict
    from epitome.types import Document

EXAMPLES = """Examples:

    epitome check summary.txt report.pdf                  # each sentence: is it so, and which passage says so

    epitome check summary.txt report.pdf --page check.html  # side by side in a browser

    epitome check summary.txt https://example.org/news --json

    epitome check summaries.jsonl --document-column document --summary-column summary -o checked.jsonl"""


def check(
    sources: Annotated[
        list[str],
        typer.Argument(
            help="The summary, then the document: files, URLs, or - for standard input. Or one table.",
            metavar="SUMMARY DOCUMENT | TABLE",
            show_default=False,
        ),
    ],
    document_column: Annotated[
        str | None,
        typer.Option(help="The table's column of documents. Default: document.", show_default=False),
    ] = None,
    summary_column: Annotated[
        str | None,
        typer.Option(help="The table's column of summaries. Default: summary.", show_default=False),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="A table's rows, checked (JSONL); written anew each time.",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first rows of the table.")] = None,
    page: Annotated[
        Path | None,
        typer.Option(help="Write a page with summary and document side by side.", metavar="FILE.html"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Let URLs point into the private network.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No notes, no progress bar.")] = False,
) -> None:
    """Check whether a summary, whoever wrote it, says only what its document says."""
    from epitome.documents.table import is_table

    if len(sources) == 1 and is_table(sources[0]) and sources[0] != "-":
        if as_json or page is not None:
            raise UsageError("a table's check is written to -o OUT.jsonl", hint="leave out --json and --page")
        sys.exit(_table(Path(sources[0]), document_column, summary_column, output, limit, quiet))
    if len(sources) != 2:
        raise UsageError("name a summary and its document, or one table", hint="epitome check --help")
    for given, name in ((document_column, "--document-column"), (summary_column, "--summary-column")):
        if given is not None:
            raise UsageError(f"{name} needs one table", hint="a .jsonl, .csv, .tsv or .parquet file")
    for unfit, name in ((output, "-o"), (limit, "--limit")):
        if unfit is not None:
            raise UsageError(f"{name} is for a table", hint="for a page of this check: --page FILE.html")
    _one(sources[0], sources[1], page, as_json, allow_private)


def _one(summary: str, document: str, page: Path | None, as_json: bool, allow_private: bool) -> None:
    from epitome.documents import read
    from epitome.trust.check import Source

    if summary == document == "-":
        raise UsageError("standard input is the summary or the document, not both")
    said = read(summary, allow_private=allow_private).text
    whole = read(document, allow_private=allow_private)
    verdict = Source(whole).verdict(said)
    if page is not None:
        from epitome.store.journal import replacing
        from epitome.trust.page import checked

        with replacing(page) as file:
            file.write(checked(whole, verdict))
    if as_json:
        print(json.dumps(verdict.as_dict(), ensure_ascii=False))
    else:
        print(_text(verdict, whole))


def _text(verdict: Verdict, document: Document) -> str:
    """The check as a person reads it."""
    lines = []
    for sentence in verdict.sentences:
        mark = "ok" if sentence.supported else "??"
        lines.append(f"{mark}  {shortened(sentence.text)}\n    support {sentence.support:.2f}")
        for fact in sentence.facts:
            said = f"; the document says: {shortened(fact.nearest, 80)}" if fact.nearest else ""
            lines.append(f"    ! {fact.kind}: {fact.text}{said}")
        lines += [f"    {place(span)}: {shortened(span.text)}" for span in sentence.sources]
    doubtful = sum(not sentence.supported for sentence in verdict.sentences)
    count = len(verdict.sentences)
    lines.append(
        f"\n{count - doubtful} of {count} sentences are supported" if count else "\nthe summary says nothing"
    )
    return "\n".join(lines)


def _table(
    table: Path,
    document: str | None,
    summary: str | None,
    output: Path | None,
    limit: int | None,
    quiet: bool,
) -> int:
    from epitome.cli.progress import rows_bar
    from epitome.cli.table import required_output
    from epitome.documents.table import rows
    from epitome.trust.rows import check_rows

    output = required_output(table, output, "its check needs")
    total = sum(1 for _ in rows(table, limit))
    with rows_bar(total, quiet, "checking") as report:
        tally = check_rows(
            table, document or "document", summary or "summary", output, limit=limit, on_row=report
        )
    if not quiet:
        good = tally.rows - tally.unsupported - tally.failed
        failed = f", {tally.failed} could not be checked (see their error)" if tally.failed else ""
        print(f"{output}: {good} of {tally.rows} summaries are supported{failed}", file=sys.stderr)
    if not tally.failed:
        return 0
    return SOME_FAILED if tally.failed < tally.rows else NOTHING_DONE
