"""`epitome compare`: two or more earlier evaluations side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

EXAMPLES = """Examples:

    epitome compare before.json after.json

    epitome compare before.json after.json --report difference.html"""


def compare(
    runs: Annotated[
        list[Path], typer.Argument(help="What `epitome evaluate --json` wrote.", show_default=False)
    ],
    against: Annotated[
        str, typer.Option(help="Compare the others with this system of the first run.", show_default=False)
    ] = "",
    seed: Annotated[int, typer.Option(help="Of the resampling.")] = 0,
    report: Annotated[Path | None, typer.Option(help="Write one HTML page.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write Markdown.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write the figures as CSV.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write everything as JSON.")] = None,
) -> None:
    """Compare the systems of earlier evaluations on the same data, document by document."""
    from epitome.cli.results import show, write
    from epitome.evaluate.merge import merge
    from epitome.evaluate.result import Evaluation

    found = merge([(path.stem, Evaluation.load(path)) for path in runs], against=against, seed=seed)
    write(found, report=report, markdown=markdown, csv=csv, json=json)
    if json is None or str(json) != "-":
        show(found)
