"""`epitome train`: pairs become a model folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from epitome.train.validate import Judged
    from epitome.train.write import Outcome

EXAMPLES = """Examples:

    epitome train train.jsonl --dev dev.jsonl -o runs/mine          # a LoRA on the default model

    epitome train train.jsonl --dev dev.jsonl -o runs/mine          # the same again goes on where it was stopped

    epitome train train.jsonl -o runs/bart --base org/bart-model --method full

    epitome train train.jsonl -o runs/bert --base minilm            # an encoder learns to write (docs/bert.md)

    epitome train train.jsonl --dev dev.jsonl -o runs/b --set method.rank=8 --set optim.lr=3e-4

    epitome train train.jsonl -o runs/c --config settings.toml

    epitome train train.jsonl -o runs/tagger --base minilm --objective select   # marks what a summary would use

    epitome evaluate dev.jsonl --system default --system runs/mine --against default

    torchrun --nproc-per-node 2 -m epitome.cli train train.jsonl --dev dev.jsonl -o runs/two"""


def train(
    data: Annotated[
        str,
        typer.Argument(help="Pairs: a JSONL, CSV or Parquet file, a folder, a hub id.", show_default=False),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="The model folder; the same run goes on in it.", show_default=False
        ),
    ],
    dev: Annotated[
        str | None, typer.Option(help="Pairs to be judged on. Without, a tenth of the data is kept for it.")
    ] = None,
    base: Annotated[
        str | None, typer.Option(help="What to train: a catalogue name, a GGUF file, a folder, a hub id.")
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(
            help="full, lora, rslora, dora, adalora, ia3, prefix, prompt, houlsby or pfeiffer.",
            show_default="lora",
        ),
    ] = None,
    objective: Annotated[
        str | None,
        typer.Option(
            help="select: an encoder learns which words of a document its summary uses.",
            show_default="by the base",
        ),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="Settings as TOML; docs/training.md lists them.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="One setting, over those of the file; may be repeated.", metavar="KEY=VALUE"
        ),
    ] = None,
    column: Annotated[
        list[str] | None, typer.Option(help="FIELD=NAME: document, summary, id, title, domain or lang.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first pairs.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No notes, no progress bar.")] = False,
) -> None:
    """Fine-tune a summariser on pairs of documents and summaries, and write a model folder that every command takes."""
    from epitome.cli.progress import fetching, note, training_bar
    from epitome.datasets.columns import parse
    from epitome.datasets.read import load
    from epitome.engines.huggingface import require
    from epitome.models.resolve import pull
    from epitome.train.base import learns
    from epitome.train.config import aimed, named
    from epitome.train.config import load as settings

    require()
    columns = parse(column or ())
    options = {"base": base, "method.name": method, "objective": objective}
    given = {key: value for key, value in options.items() if value is not None}
    with fetching() as download:
        model = pull(named(config, set_ or (), given), on_progress=download)
    with fetching() as download:
        pairs = load(data, columns, limit=limit, on_progress=download)
        judged_on = load(dev, columns, on_progress=download) if dev else None
    family = learns(model, pairs.pairs, aimed(config, set_ or (), given))
    wanted = settings(config, set_ or (), given, family)
    from epitome.train.course import Watch
    from epitome.train.run import train as run
    from epitome.train.world import World

    quiet = quiet or not World().first
    tell = (lambda _: None) if quiet else note
    if pairs.bad:
        tell(f"{len(pairs.bad)} rows are no pairs and are passed over, the first: {pairs.bad[0].reason}")
    with training_bar(quiet, _line) as (step, judged):
        outcome = run(pairs, judged_on, model, wanted, output, Watch(step, judged, tell))
    if not quiet:
        use = "" if family == "encoder" else f"--model {output}"
        _tell(
            outcome, output, f"--model {output} --style highlights" if wanted.objective == "select" else use
        )


def _line(figures: Judged) -> str:
    line = f"step {figures.step}: dev loss {figures.loss:.4f}"
    if figures.rouge1 is not None:
        line += f", ROUGE {figures.rouge1:.2f}/{figures.rouge2:.2f}/{figures.rougeL:.2f}"
    if figures.macro_f1 is not None:
        line += f", macro-F1 {figures.macro_f1:.2f}"
    return line


def _tell(outcome: Outcome, folder: Path, use: str) -> None:
    said: Callable[[str], None] = print
    if outcome.stopped:
        said(f"stopped after step {outcome.steps}: {outcome.stopped}")
    if outcome.evaluations and outcome.best_step:  # none if it was finished before
        said(f"best on dev: step {outcome.best_step}")
    said(f"{folder} is ready{': epitome summarize DOCUMENT ' + use if use else ''}")
