"""`epitome data export-reviews`: what reviewers made of summaries, as pairs to learn from."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from epitome.cli.data.source import Quiet, code
from epitome.cli.kept import FOLDER, Data, Url, opened

if TYPE_CHECKING:
    from epitome.datasets.pair import Pair
    from epitome.desk.reviews import Review

LACKING = "documents are kept from `epitome serve --archive documents` on"
EXAMPLES = """Examples:

    epitome data export-reviews -o pairs.jsonl                  # edited and approved summaries with their documents

    epitome data export-reviews -o edits.parquet --edits-only

    epitome train pairs.jsonl --dev dev.jsonl -o model          # learn from them"""


def export_reviews(
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="A .jsonl, .csv, .tsv or .parquet file.", show_default=False),
    ],
    edits_only: Annotated[
        bool, typer.Option("--edits-only", help="Leave out what was approved as the model wrote it.")
    ] = False,
    data: Data = FOLDER,
    database: Url = None,
    quiet: Quiet = False,
) -> None:
    """Write a pair for each summary that a reviewer edited or approved and whose document is kept."""
    kept = opened(data, database)
    from epitome.cli.progress import note
    from epitome.datasets.write import write
    from epitome.desk.audit import local
    from epitome.desk.reviews import Reviews
    from epitome.errors import SourceError

    reviews = Reviews(kept)
    lacking = 0

    def pairs() -> Iterator[Pair]:
        nonlocal lacking
        found = False
        for review in reviews.decided(("edited",) if edits_only else ("edited", "approved")):
            if review.document is None:
                lacking += 1
            else:
                found = True
                yield _pair(review, review.document)
        if not found:  # raised here, so that no empty file is left
            said = f"none of {lacking} has its document" if lacking else "nobody has decided on a summary yet"
            raise SourceError(
                f"no pair to export: {said}", hint=LACKING if lacking else "epitome reviews list"
            )

    count = write(pairs(), output)
    reviews.exported(local(), count, str(output))
    if not quiet:
        note(f"{output}: {count:,} pairs")
        if lacking:
            note(f"{lacking:,} more have no document: {LACKING}")
    sys.exit(code(count, lacking))


def _pair(review: Review, document: str) -> Pair:
    from epitome.datasets.pair import Pair
    from epitome.documents.kinds import kind
    from epitome.documents.languages import detect_language

    return Pair(
        document=document,
        summaries=(review.text,),
        id=review.id,
        title=review.title,
        domain=kind(document),
        lang=detect_language(document),
        other={"review": review.state, "before": review.summary["text"]},
    )
