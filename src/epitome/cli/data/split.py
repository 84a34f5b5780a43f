"""`epitome data split`: a corpus in parts, with nothing of one in another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from epitome.cli.data.source import Columns, Limit, Quiet, Source, Strict, tell

EXAMPLES = """Examples:

    epitome data split pairs.jsonl -o data/                                 # train 0.8, dev 0.1, test 0.1

    epitome data split pairs.jsonl -o data/ --parts train=0.9,test=0.1 --by domain --seed 3"""


def split(
    source: Source,
    out: Annotated[Path, typer.Option("--output", "-o", help="The folder for the parts.")],
    parts: Annotated[str, typer.Option(help="NAME=SHARE, with commas between; shares add up to 1.")] = (
        "train=0.8,dev=0.1,test=0.1"
    ),
    by: Annotated[
        str, typer.Option(help="What each part gets its share of: domain, lang, length.")
    ] = "domain,lang,length",
    seed: Annotated[int, typer.Option(help="Another seed splits anew.")] = 0,
    column: Columns = None,
    of: Annotated[
        str | None, typer.Option("--split", help="Which split of the source, where there are several.")
    ] = None,
    limit: Limit = None,
    strict: Strict = False,
    quiet: Quiet = False,
) -> None:
    """Split by shares: stratified, the same for any order of the rows, near-duplicates on one side."""
    from epitome.cli.progress import fetching, note
    from epitome.datasets.columns import parse
    from epitome.datasets.read import load
    from epitome.datasets.split import split as shared_out
    from epitome.datasets.write import write
    from epitome.errors import UsageError

    shares = _shares(parts)
    if taken := [str(out / f"{name}.jsonl") for name in shares if (out / f"{name}.jsonl").exists()]:
        raise UsageError(f"{taken[0]} is there already", hint="name another folder, or remove it")
    with fetching() as report:
        data = load(source, parse(column or ()), split=of, limit=limit, strict=strict, on_progress=report)
    tell(data.bad, quiet)
    found = shared_out(data, shares, [name for name in by.split(",") if name], seed)
    out.mkdir(parents=True, exist_ok=True)
    for name, part in found.items():
        write(part, out / f"{name}.jsonl")
        if not quiet:
            share = len(part) / len(data)
            asked = f"{shares[name]:.1%} asked for"
            note(
                f"{out / name}.jsonl: {len(part):,} rows ({share:.1%}, {asked}), fingerprint {part.fingerprint[:12]}"
            )


def _shares(text: str) -> dict[str, float]:
    """`train=0.8,dev=0.2` as shares by name. Raises `UsageError` for anything else."""
    from epitome.errors import UsageError

    shares: dict[str, float] = {}
    for part in text.split(","):
        name, _, share = part.strip().partition("=")
        try:
            value = float(share)
        except ValueError:
            value = 0.0
        if not name.replace("-", "").replace("_", "").isalnum() or name in shares or not 0 < value < 1:
            raise UsageError(f"--parts {text}: no parts", hint="such as train=0.8,dev=0.1,test=0.1")
        shares[name] = value
    return shares
