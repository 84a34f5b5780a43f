"""`epitome data get`: where the public sets come from, and one of them fetched."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from epitome.cli.data.source import Quiet, Split, tell

if TYPE_CHECKING:
    from epitome.datasets.public import PublicSet

EXAMPLES = """Examples:

    epitome data get                                   # what there is

    epitome data get scitldr                           # where it comes from, and fetched

    epitome data get scitldr --split dev -o dev.jsonl  # a split of it, as pairs

A public set's name also works wherever data is named: epitome data inspect scitldr --split dev"""


def get(
    name: Annotated[str, typer.Argument(help="A public set. Without it, all are listed.")] = "",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write its pairs to this file.", show_default=False)
    ] = None,
    split: Split = None,
    quiet: Quiet = False,
) -> None:
    """Say where a public set comes from and what its licence allows; fetch it where the network lets us."""
    from epitome.datasets.public import sets
    from epitome.errors import UsageError

    if not name:
        _table(list(sets().values()))
        return
    if name not in sets():
        raise UsageError(f"there is no public set {name!r}", hint=f"one of {', '.join(sets())}")
    _about(sets()[name])
    if output is not None:
        _write(name, output, split, quiet)
    elif not sets()[name].by_hand:
        _fetch(sets()[name], split, quiet)


def _table(known: list[PublicSet]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE, pad_edge=False)
    for title in ("name", "language", "what", "size", "licence", "models may ship"):
        table.add_column(title, overflow="fold", no_wrap=title == "name")
    for each in known:
        table.add_row(each.name, each.lang, each.about, each.size, each.licence, each.ship)
    Console(highlight=False).print(table)


def _about(known: PublicSet) -> None:
    fetched = "by hand: " + known.by_hand
    if known.hub:
        fetched = f"from the hub: {known.hub}"
    elif known.files:
        fetched = f"from the authors, splits {', '.join(known.files)}"
    facts = {
        "name": known.name,
        "what": known.about,
        "paper": known.paper,
        "home": known.home,
        "licence": known.licence,
        "models may ship": known.ship,
        "size": known.size,
        "fetched": fetched,
    }
    for key, value in facts.items():
        typer.echo(f"{key:15}  {value}")


def _fetch(known: PublicSet, split: str | None, quiet: bool) -> None:
    from epitome.cli.progress import fetching, note
    from epitome.datasets.public import splits, tables

    for each in [split] if split else splits(known):
        with fetching() as report:
            paths = tables(known, each, report)
        if not quiet:
            note(f"{each} is ready: {', '.join(map(str, paths))}")


def _write(name: str, output: Path, split: str | None, quiet: bool) -> None:
    from epitome.cli.progress import fetching, note
    from epitome.datasets.read import load
    from epitome.datasets.write import write

    with fetching() as report:
        data = load(name, split=split, on_progress=report)
    count = write(data, output)
    tell(data.bad, quiet)
    if not quiet:
        note(
            f"{output}: {count:,} pairs, {len(data.bad):,} rows passed over, "
            f"fingerprint {data.fingerprint[:12]}"
        )
