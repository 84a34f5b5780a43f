"""`epitome data build`: a corpus made from what lies on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from epitome.cli.data.source import Quiet, counting

EXAMPLES = """Examples:

    epitome data build debian -o debian.jsonl

    epitome data build debian -o debian.jsonl --limit 2000 --seed 1"""


def build(
    name: Annotated[str, typer.Argument(help="debian: package descriptions and their synopses.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Write the pairs to this file.")] = Path(
        "debian.jsonl"
    ),
    limit: Annotated[int | None, typer.Option(min=1, help="A sample of so many pairs.")] = None,
    seed: Annotated[int, typer.Option(help="Which sample.")] = 0,
    quiet: Quiet = False,
) -> None:
    """Make a corpus from this machine's own package index, which anyone can make again."""
    from epitome.cli.progress import note
    from epitome.datasets import debian
    from epitome.datasets.write import write
    from epitome.errors import UsageError

    if name != "debian":
        raise UsageError(f"{name!r} cannot be built", hint="only debian can")
    with counting("reading packages", quiet) as show:
        corpus = debian.build(limit=limit, seed=seed, on_done=show)
    write(corpus.data, output)
    if quiet:
        return
    for reason, count in sorted(corpus.left_out.items()):
        note(f"left out: {count:,} {reason}")
    if not corpus.all_lists:
        note(f"only installed packages have a long description here; for all: {debian.FETCH}")
    note(f"source: {corpus.source}")
    note(f"{output}: {len(corpus.data):,} pairs, fingerprint {corpus.data.fingerprint[:12]}")
