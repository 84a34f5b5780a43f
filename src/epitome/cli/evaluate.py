"""`epitome evaluate`: systems run over data, scored and compared."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from epitome.cli.asked import bounds, one_of
from epitome.cli.exit import NOTHING_DONE, SOME_FAILED
from epitome.types import STYLES, Request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epitome.documents.table import BadRow
    from epitome.evaluate.result import Evaluation

EXAMPLES = """Examples:

    epitome evaluate dev.jsonl                                  # lead, title, textrank, oracle and the default model

    epitome evaluate dev.jsonl --system lead --system ./my-model --system theirs=outputs.jsonl

    epitome evaluate dev.jsonl --system default --system tuned=default+./adapter --against default

    epitome evaluate dev.jsonl --report report.html --json run.json --limit 100

    epitome evaluate org/name --split test --column document=article --column summary=highlights

    epitome evaluate dev.jsonl --system default --perturb typos --perturb negation"""


def evaluate(
    data: Annotated[
        str,
        typer.Argument(
            help="A JSONL, CSV or Parquet file, a folder, a hub id or a public set's name.",
            show_default=False,
        ),
    ],
    system: Annotated[
        list[str] | None,
        typer.Option(
            help="lead, textrank, lexrank, title, oracle, a model, MODEL+ADAPTER, or a file of outputs; NAME=WHAT "
            "names it. May be repeated. Default: lead, title, textrank, oracle, default."
        ),
    ] = None,
    metrics: Annotated[
        list[str] | None,
        typer.Option(
            help="rouge, overlap, encoder, source, facts, abstractiveness, fluency, length, or all."
        ),
    ] = None,
    golds: Annotated[
        str,
        typer.Option(help="Several gold summaries: best-r1 (that with the highest ROUGE-1), max or mean."),
    ] = "best-r1",
    chinese: Annotated[str, typer.Option(help="ROUGE of Chinese on characters or words.")] = "characters",
    against: Annotated[
        str, typer.Option(help="Compare the others with this system.", show_default=False)
    ] = "",
    style: Annotated[str | None, typer.Option(help="Ask all systems for this style.")] = None,
    words: Annotated[str | None, typer.Option(help="Ask all for this length.", metavar="N")] = None,
    sentences: Annotated[str | None, typer.Option(help="Ask all for so many.", metavar="N")] = None,
    candidates: Annotated[
        int | None,
        typer.Option(
            min=1, max=32, help="Versions to choose from. Default: 1, or what the model is meant for."
        ),
    ] = None,
    focus: Annotated[
        str, typer.Option(help="The column that holds each document's focus.", metavar="COLUMN")
    ] = "",
    perturb: Annotated[
        list[str] | None,
        typer.Option(
            help="Also on changed documents: typos, case, shuffle, insertion, entities, negation, synonyms."
        ),
    ] = None,
    examples: Annotated[
        Path | None,
        typer.Option(help="A table of pairs: the likest stand before each document.", metavar="FILE"),
    ] = None,
    shots: Annotated[
        int | None, typer.Option(min=1, help="Examples before each document. Default: 3.")
    ] = None,
    column: Annotated[
        list[str] | None, typer.Option(help="FIELD=NAME: document, summary, id, title, domain or lang.")
    ] = None,
    split: Annotated[str | None, typer.Option(help="Of a dataset with several.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first documents.")] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse data with a bad row instead of naming it.")
    ] = False,
    engine: Annotated[str, typer.Option(help="auto, llamacpp, openvino, transformers or openai.")] = "auto",
    encoder: Annotated[
        str, typer.Option(help="For BERTScore and similarity: minilm, a folder, a hub id.")
    ] = "minilm",
    seed: Annotated[int, typer.Option(help="Of generation, resampling and perturbation.")] = 0,
    report: Annotated[Path | None, typer.Option(help="Write one HTML page with everything.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write the report as Markdown.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write the figures as CSV.")] = None,
    json: Annotated[
        Path | None, typer.Option(help="Write everything as JSON, for `compare` and scripts.")
    ] = None,
    outputs: Annotated[
        Path | None, typer.Option(help="Write every system's summaries into this folder.")
    ] = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Generate everything anew.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No notes, no progress bar.")] = False,
) -> None:
    """Score any mix of models, adapters, baselines and files of outputs on data with gold summaries."""
    from epitome.cli.examples import number
    from epitome.cli.progress import fetching, note, stages_bar
    from epitome.cli.results import show, write
    from epitome.datasets.columns import parse
    from epitome.datasets.read import load
    from epitome.engines.machine import cores
    from epitome.evaluate.run import Settings, Watch
    from epitome.evaluate.run import evaluate as run

    settings = Settings(
        systems=tuple(system or ()),
        metrics=tuple(part for one in metrics or () for part in one.split(",")),
        golds=golds,  # type: ignore[arg-type]  # checked there
        chinese=chinese,  # type: ignore[arg-type]
        request=Request(
            style=one_of(STYLES, style, "--style") if style is not None else None,
            words=bounds(words, "words"),
            sentences=bounds(sentences, "sentences"),
            candidates=candidates,
            seed=seed,
        ),
        focus=focus,
        engine=engine,
        encoder=encoder,
        against=against,
        perturb=tuple(part for one in perturb or () for part in one.split(",")),
        examples=str(examples or ""),
        shots=number(examples, shots),
        seed=seed,
        cache=not no_cache,
        processes=cores(),
    )
    with fetching() as download:
        dataset = load(
            data, parse(column or ()), split=split, limit=limit, strict=strict, on_progress=download
        )
    if dataset.bad and not quiet:
        _bad(dataset.bad)
    with fetching() as download, stages_bar(quiet) as stage:
        watch = Watch(stage, None if quiet else note, download)
        found = run(dataset, settings, watch)
    write(found, report=report, markdown=markdown, csv=csv, json=json, outputs=outputs)
    if json is None or str(json) != "-":
        show(found)
    sys.exit(_code(found))


def _bad(rows: Sequence[BadRow]) -> None:
    """Name the rows that were passed over: the first ones, and how many there are."""
    for row in rows[:5]:
        print(f"passed over: {row.reason}", file=sys.stderr)
    more = f", {len(rows) - 5} more of them in --json and --report" if len(rows) > 5 else ""
    print(f"{len(rows)} rows passed over{more}; --strict refuses them", file=sys.stderr)


def _code(evaluation: Evaluation) -> int:
    failed = [one for one in evaluation.systems if any(output.error for output in one.outputs)]
    if all(not one.scores for one in evaluation.systems):
        return NOTHING_DONE
    return SOME_FAILED if failed else 0
