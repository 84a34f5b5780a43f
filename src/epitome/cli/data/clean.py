"""`epitome data clean`: a corpus without the rows that something is wrong with."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from epitome.cli.data.source import Columns, Limit, Quiet, Source, Split, Strict, tell

if TYPE_CHECKING:
    from epitome.datasets.pair import Dataset
    from epitome.datasets.problems import Problem

EXAMPLES = """Examples:

    epitome data clean pairs.jsonl -o clean.jsonl                           # duplicates; summaries not shorter

    epitome data clean pairs.jsonl -o clean.jsonl --drop near-duplicate --drop copied

    epitome data clean train.jsonl -o train.clean.jsonl --against test.jsonl

    epitome data clean pairs.jsonl --drop all --dry-run"""


def clean(
    source: Source,
    out: Annotated[
        Path | None, typer.Option("--output", "-o", help="The cleaned corpus, in any format.")
    ] = None,
    drop: Annotated[
        list[str] | None,
        typer.Option(
            help="Kinds that `data inspect` names, on top of duplicate and longer; or all. May be repeated."
        ),
    ] = None,
    keep: Annotated[list[str] | None, typer.Option(help="Kinds not to drop. May be repeated.")] = None,
    against: Annotated[
        list[str] | None, typer.Option(help="A corpus that nothing may leak into. May be repeated.")
    ] = None,
    column: Columns = None,
    split: Split = None,
    limit: Limit = None,
    strict: Strict = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be dropped.")] = False,
    quiet: Quiet = False,
) -> None:
    """Drop rows by what is wrong with them, and say which and why (also in OUT.dropped.jsonl)."""
    from epitome.cli.progress import fetching, note
    from epitome.datasets.clean import clean as cleaned
    from epitome.datasets.columns import parse
    from epitome.datasets.problems import KINDS, LEAKS, USUAL
    from epitome.datasets.read import load
    from epitome.datasets.write import write
    from epitome.errors import UsageError

    if out is None and not dry_run:
        raise UsageError(
            "where is the cleaned corpus to be written?", hint="-o OUT.jsonl, or --dry-run to look only"
        )
    kinds = {*USUAL, *(drop or ())} - set(keep or ())
    if unknown := sorted(set(keep or ()) - KINDS.keys()):
        raise UsageError(f"no kind of problem is called {unknown[0]!r}", hint=f"one of {', '.join(KINDS)}")
    if "all" in kinds:
        kinds = KINDS.keys() - set(keep or ()) - (set() if against else set(LEAKS))
    if against and "leak" in (keep or ()):
        raise UsageError("--keep leak contradicts --against", hint="leave out one of them")
    with fetching() as report:
        data = load(source, parse(column or ()), split=split, limit=limit, strict=strict, on_progress=report)
        others = [load(one, on_progress=report) for one in against or ()]
    tell(data.bad, quiet)
    kept, dropped = cleaned(data, kinds, others)
    if out is not None and not dry_run:
        if not kept.pairs:
            raise UsageError(
                f"nothing of {source} would be left", hint="drop fewer kinds; --dry-run shows the reasons"
            )
        write(kept, out)
        _name(data, dropped, out)
    if not quiet:
        for kind, count in Counter(one.kind for one in dropped).most_common():
            note(f"{kind}: {count:,} ({KINDS[kind]})")
        note(
            f"{len(data):,} rows, {len(data) - len(kept):,} {'to drop' if dry_run else 'dropped'}, {len(kept):,} kept"
        )
        note(f"fingerprint {kept.fingerprint[:12]}")


def _name(data: Dataset, dropped: list[Problem], out: Path) -> None:
    """Write each dropped row with its reason beside the output; without any, no such file is left."""
    from epitome.store.journal import replacing

    beside = out.with_name(out.name + ".dropped.jsonl")
    if not dropped:
        beside.unlink(missing_ok=True)
        return
    with replacing(beside) as file:
        for one in dropped:
            pair = data.pairs[one.at]
            row = {"id": pair.id, "kind": one.kind, "detail": one.detail, "document": pair.document}
            file.write(json.dumps(row | {"summaries": list(pair.summaries)}, ensure_ascii=False) + "\n")
