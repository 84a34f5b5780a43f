"""`epitome data inspect`: what a corpus is like, and what is wrong with it."""

from __future__ import annotations

import json as jsons
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from epitome.cli.data.source import Columns, Limit, Quiet, Split, Strict, counting, tell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epitome.datasets.inspection import Inspection

EXAMPLES = """Examples:

    epitome data inspect pairs.jsonl

    epitome data inspect train.jsonl dev.jsonl test.jsonl       # also what leaks from one into another

    epitome data inspect corpus.parquet --html corpus.html --json corpus.json

    epitome data inspect org/name --split train --column document=article --column summary=highlights"""

BINS = 20
SHOWN = 3


def inspect(
    sources: Annotated[
        list[str],
        typer.Argument(help="One corpus, or several to look for leaks between them.", show_default=False),
    ],
    column: Columns = None,
    split: Split = None,
    limit: Limit = None,
    strict: Strict = False,
    json: Annotated[
        Path | None, typer.Option(help="Write everything found as JSON; - is standard output.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write one HTML page with plots.")] = None,
    quiet: Quiet = False,
) -> None:
    """Lengths, compression, copying, languages, duplicates, leaks, and rows that are broken."""
    from epitome.cli.progress import fetching
    from epitome.datasets.columns import parse
    from epitome.datasets.inspection import inspect as look
    from epitome.datasets.read import load

    with fetching() as report:
        data = [
            load(one, parse(column or ()), split=split, limit=limit, strict=strict, on_progress=report)
            for one in sources
        ]
    found: list[Inspection] = []
    with counting("inspecting", quiet) as show:
        for at, one in enumerate(data):
            tell(one.bad, quiet)
            found.append(look(one, data[:at] + data[at + 1 :], show))
    if json is not None:
        _write(json, jsons.dumps([one.as_dict() for one in found], ensure_ascii=False))
    if html is not None:
        from epitome.datasets.page import page

        _write(html, page(found))
    if json is None or str(json) != "-":
        for seen in found:
            _show(seen)


def _write(path: Path, text: str) -> None:
    from epitome.store.journal import replacing

    if str(path) == "-":
        print(text)
        return
    with replacing(path) as file:
        file.write(text + "\n")


def _show(found: Inspection) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    console.print(f"{found.source}: {found.n:,} pairs, {len(found.bad):,} rows that are none", markup=False)
    console.print(f"fingerprint {found.fingerprint}", markup=False, style="dim", soft_wrap=True)
    for name, counts in (("languages", found.languages), ("domains", found.domains)):
        if counts:
            shown = ", ".join(f"{value} {count:,}" for value, count in list(counts.items())[:12])
            console.print(f"{name}: {shown}{', …' if len(counts) > 12 else ''}", markup=False)
    console.print(_measures(found))
    for kind, rows in found.problems.items():
        _problem(console, kind, rows, found.n)
    if found.problems:
        console.print(
            "`epitome data clean --drop KIND` drops them; whether it should is yours to say", style="dim"
        )


def _measures(found: Inspection) -> Any:
    from rich import box
    from rich.table import Table

    from epitome.datasets.inspection import MEASURES

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", no_wrap=True)
    for name in ("mean", "5 %", "median", "95 %", "most"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("least to 95 %", no_wrap=True)
    for name, one in found.spreads.items():
        figures = (one.mean, one.low, one.median, one.high, one.most)
        table.add_row(name, *(_figure(value) for value in figures), bars(found.values[name], one.high))
    table.caption = "\n".join(f"{name}: {about}" for name, about in MEASURES.items() if name in found.spreads)
    table.caption_justify = "left"
    return table


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2f}"


def bars(values: Sequence[float], most: float) -> str:
    """A histogram in one line of text, from the least value to `most`; higher values are left out.

    >>> bars([1, 1, 1, 2, 4], 4)[0]
    '█'
    """
    least = min(values)
    if most <= least:
        return "█"
    counts = [0] * BINS
    for value in values:
        if value <= most:
            counts[min(BINS - 1, int((value - least) / (most - least) * BINS))] += 1
    levels = " ▁▂▃▄▅▆▇█"
    # A bin with anything in it is never drawn as empty.
    return "".join(levels[-(-8 * count // max(counts))] for count in counts)


def _problem(console: Any, kind: str, rows: Sequence[dict[str, str]], count: int) -> None:
    from epitome.datasets.problems import KINDS

    console.print(f"{kind}: {len(rows):,} of {count:,} ({KINDS[kind]})", markup=False)
    for row in rows[:SHOWN]:
        console.print(
            f"    {row['id']}: {row['detail']}", markup=False, style="dim", no_wrap=True, overflow="ellipsis"
        )
    if len(rows) > SHOWN:
        console.print(f"    and {len(rows) - SHOWN:,} more (--json names all)", markup=False, style="dim")
