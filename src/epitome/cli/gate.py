"""`epitome gate`: pinned floors for quality, checked."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from epitome.cli.exit import SOME_FAILED
from epitome.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epitome.evaluate.gate import Check
    from epitome.evaluate.gatefile import Corpus, Gate
    from epitome.evaluate.run import Watch

ADDING = "With --add"

EXAMPLES = """Examples:

    epitome gate gate.toml --add dev.jsonl --system lead --system ./my-model --metric rouge1 --metric rouge2

    epitome gate gate.toml                                # 0: every floor holds, 1: one is broken, 3: cannot be run

    epitome gate gate.toml --update                       # floors rise to what is reached now

    epitome gate gate.toml --update --allow-regression    # floors fall, too: the diff of the file shows it"""


def gate(
    path: Annotated[
        Path, typer.Argument(metavar="GATE.toml", help="The file with the floors.", show_default=False)
    ],
    update: Annotated[
        bool, typer.Option("--update", help="Raise the floors to what is measured; lower none.")
    ] = False,
    allow_regression: Annotated[
        bool,
        typer.Option("--allow-regression", help="With --update: lower floors, too, and take other data."),
    ] = False,
    add: Annotated[
        str | None,
        typer.Option(
            metavar="DATA", help="Measure on this data and add floors; makes the file if there is none."
        ),
    ] = None,
    system: Annotated[
        list[str] | None,
        typer.Option(help="What `evaluate --system` takes; may be repeated.", rich_help_panel=ADDING),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            help="May be repeated. Default: rouge1, rouge2, rougeL.",
            show_default=False,
            rich_help_panel=ADDING,
        ),
    ] = None,
    drop: Annotated[
        float | None,
        typer.Option(
            help="How far floors lie under what is measured, in points. Default: 2 for models, 0 for others.",
            rich_help_panel=ADDING,
        ),
    ] = None,
    golds: Annotated[str, typer.Option(help="best-r1, max or mean.", rich_help_panel=ADDING)] = "best-r1",
    style: Annotated[
        str | None, typer.Option(help="Ask all systems for this style.", rich_help_panel=ADDING)
    ] = None,
    words: Annotated[
        str | None, typer.Option(help="Ask all for this length.", metavar="N", rich_help_panel=ADDING)
    ] = None,
    sentences: Annotated[
        str | None, typer.Option(help="Ask all for so many.", metavar="N", rich_help_panel=ADDING)
    ] = None,
    column: Annotated[
        list[str] | None, typer.Option(help="FIELD=NAME, as for `evaluate`.", rich_help_panel=ADDING)
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="Of a dataset with several.", rich_help_panel=ADDING)
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Only the first documents.", rich_help_panel=ADDING)
    ] = None,
    engine: Annotated[
        str, typer.Option(help="auto, llamacpp, openvino, transformers or openai.", rich_help_panel=ADDING)
    ] = "auto",
    seed: Annotated[int, typer.Option(help="Of generation.", rich_help_panel=ADDING)] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Generate everything anew.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No notes, no progress bar.")] = False,
) -> None:
    """Hold the quality of summaries: measure again, and fail where a figure has fallen under its floor."""
    request = {"style": style, "words": words, "sentences": sentences}
    if allow_regression and not update:
        raise UsageError("--allow-regression goes with --update")
    asked = {key: value for key, value in request.items() if value is not None}
    if add is None and (system or metric or drop is not None or asked or limit or column or split or seed):
        raise UsageError("only --add DATA takes systems, metrics, lengths and parts of the data")
    if add is not None and (update or not system):
        raise UsageError(
            "--add takes systems and no --update", hint="--add DATA --system lead --system default"
        )
    if add is not None:
        from epitome.datasets.columns import parse
        from epitome.evaluate.gatefile import Corpus

        named = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in parse(column or ()).items()
        }
        corpus = Corpus(add, "", 0, limit, split, named, golds, engine, seed, asked)
        metrics = [part for one in metric or ["rouge1,rouge2,rougeL"] for part in one.split(",")]
        _add(path, corpus, system or [], metrics, drop, not no_cache, quiet)
        return
    found = _checked(path, update, allow_regression, not no_cache, quiet)
    if as_json:
        from epitome.evaluate.gate import as_dict

        typer.echo(json.dumps(as_dict(found), ensure_ascii=False, indent=1))
    else:
        _show(found)
    if not all(one.passed for one in found) and not allow_regression:
        if update:
            print(
                "epitome: nothing is written — --update --allow-regression lowers the floors", file=sys.stderr
            )
        sys.exit(SOME_FAILED)
    if update and not as_json:
        typer.echo(f"{path}: written")


def _add(
    path: Path,
    corpus: Corpus,
    systems: Sequence[str],
    metrics: Sequence[str],
    drop: float | None,
    cache: bool,
    quiet: bool,
) -> None:
    from epitome.evaluate.gate import added, failures, measured, pinned, raised
    from epitome.evaluate.gatefile import read, write

    held: Gate = read(path) if path.exists() else ()
    asked = pinned(corpus, systems, metrics, path.parent, drop)
    added(held, asked)  # a system that is there already is refused before anything is run
    with _watching(quiet) as watch:
        run = measured(asked, path.parent, watch, cache=cache)
    new = raised(asked, run)
    write(added(held, new), path)
    for one in new.systems:
        for metric, bar in one.bars.items():
            typer.echo(f"{one.spec}  {metric}  {bar.measured:.4g}, bound {bar.bound:.4g}")
    for result in run.systems:
        if failed := failures(result):
            print(f"{result.name}: {failed}; these count as zero", file=sys.stderr)
    typer.echo(f"{path}: written")


def _checked(path: Path, update: bool, allow_regression: bool, cache: bool, quiet: bool) -> list[Check]:
    """Run everything; with `update`, write the new floors unless one would fall that may not."""
    from epitome.evaluate.gate import checks, measured, raised
    from epitome.evaluate.gatefile import read, write

    held = read(path)
    found: list[Check] = []
    new: list[Corpus] = []
    with _watching(quiet) as watch:
        for corpus in held:
            run = measured(corpus, path.parent, watch, cache=cache, other_data=allow_regression)
            found += checks(corpus, run)
            if update and (allow_regression or all(one.passed for one in found)):
                new.append(raised(corpus, run, allow_regression=allow_regression))
    if len(new) == len(held):
        write(tuple(new), path)
    return found


def _show(found: Sequence[Check]) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    for label, part in groupby(found, key=lambda one: one.corpus):
        console.print(_table(label, list(part)))
    for one in found:
        if not one.passed:
            console.print(_failure(one), markup=False, soft_wrap=True)
    for note in dict.fromkeys(f"{one.system}: {one.note}" for one in found if one.note):
        console.print(note, markup=False, soft_wrap=True, style="dim")
    broken = sum(not one.passed for one in found)
    console.print(f"{broken} of {len(found)} floors broken" if broken else f"all {len(found)} floors hold")


def _table(label: str, found: Sequence[Check]) -> object:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from epitome.evaluate.measures import MEASURES

    table = Table(title=Text(label), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("system", "metric", "now", "bound", "room", "since it was set", ""):
        right = name in ("now", "bound", "room")
        table.add_column(
            name, justify="right" if right else "left", no_wrap=name != "system", overflow="fold"
        )
    for one in found:
        side = "≥" if MEASURES[one.metric].better == "higher" else "≤"
        table.add_row(
            Text(one.system),
            one.metric,
            _figure(one, one.measured),
            f"{side} {_figure(one, one.bound)}",
            _figure(one, one.by, "+"),
            _change(one),
            "holds" if one.passed else "broken",
        )
    return table


def _figure(one: Check, value: float, sign: str = "") -> str:
    from epitome.evaluate.measures import MEASURES

    return format(value, f"{sign}.{2 if MEASURES[one.metric].unit == 'points' else 4}f")


def _change(one: Check) -> str:
    if one.change is None:
        return ""
    change = one.change
    if change.difference == change.low == change.high == 0:
        return "the same"
    mean, low, high = (_figure(one, value, "+") for value in (change.difference, change.low, change.high))
    return f"{mean} ({low} to {high})"


def _failure(one: Check) -> str:
    from epitome.evaluate.measures import MEASURES

    beyond = "under its floor" if MEASURES[one.metric].better == "higher" else "over its ceiling"
    line = f"{one.metric} of {one.system} on {one.corpus}: {_figure(one, abs(one.by))} {beyond}"
    fell = ", ".join(
        f"{fall.id} {_figure(one, fall.before)} → {_figure(one, fall.after)}" for fall in one.fell
    )
    return f"{line}; most lost: {fell}" if fell else line


@contextmanager
def _watching(quiet: bool) -> Iterator[Watch]:
    from epitome.cli.progress import fetching, note, stages_bar
    from epitome.evaluate.run import Watch

    with fetching() as download, stages_bar(quiet) as stage:
        yield Watch(stage, None if quiet else note, download)
