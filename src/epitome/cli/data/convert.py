"""`epitome data convert`: a corpus from one format to another."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from epitome.cli.data.source import Columns, Limit, Quiet, Source, Split, Strict, code, counting, tell

if TYPE_CHECKING:
    from epitome.datasets.pair import Pair
    from epitome.documents.table import BadRow

EXAMPLES = """Examples:

    epitome data convert articles.csv pairs.jsonl --column document=body --column summary=teaser

    epitome data convert pairs.jsonl pairs.parquet

    epitome data convert saved-dataset/ dev.jsonl --split validation

    epitome data convert pairs.jsonl texts/ --as txt        # NAME.txt and NAME.summary.txt

    epitome data convert pairs.jsonl dataset/ --as datasets # what load_from_disk reads"""


def convert(
    source: Source,
    out: Annotated[Path, typer.Argument(help="A .jsonl, .csv, .tsv or .parquet file, or a new folder.")],
    column: Columns = None,
    split: Split = None,
    limit: Limit = None,
    strict: Strict = False,
    kind: Annotated[
        str,
        typer.Option("--as", metavar="KIND", help="For a folder: datasets, or txt. Default: by the suffix."),
    ] = "",
    quiet: Quiet = False,
) -> None:
    """Write the pairs of a corpus in another format; further columns are kept."""
    from epitome.cli.progress import fetching, note
    from epitome.datasets.columns import parse
    from epitome.datasets.pair import Pair
    from epitome.datasets.read import read
    from epitome.datasets.write import write
    from epitome.errors import SourceError

    bad: list[BadRow] = []
    digest = hashlib.sha256()
    with fetching() as report:
        rows = read(source, parse(column or ()), split=split, limit=limit, on_progress=report)

    def pairs() -> Iterator[Pair]:
        done = 0
        with counting("converting", quiet) as show:
            for done, row in enumerate(rows, 1):
                show(done)
                if isinstance(row, Pair):
                    digest.update(row.signed())
                    yield row
                elif strict:
                    raise SourceError(
                        row.reason, hint="mend it, or leave --strict out to pass over such rows"
                    )
                else:
                    bad.append(row)
        if done == len(bad):
            tell(bad, quiet)
            raise SourceError(f"{source} holds no pair", hint="a pair is a document and its summary")

    count = write(pairs(), out, kind)
    tell(bad, quiet)
    if not quiet:
        note(f"{out}: {count:,} pairs, {len(bad):,} rows passed over, fingerprint {digest.hexdigest()[:12]}")
    sys.exit(code(count, len(bad)))
