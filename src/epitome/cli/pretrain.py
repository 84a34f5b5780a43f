"""`epitome pretrain`: texts become a base for `epitome train`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from epitome.train.validate import Judged

EXAMPLES = """Examples:

    epitome pretrain judgments/ --base minilm -o runs/legal-bert               # masked words, an encoder

    epitome pretrain texts.jsonl.gz --base org/t5-model --objective t5 -o runs/t5

    epitome pretrain texts.jsonl --base default --method lora -o runs/domain  # a decoder; merged at the end

    epitome pretrain texts.jsonl --from-scratch recipes/small-bert.toml -o runs/bert

    epitome pretrain texts.jsonl --from-scratch recipes/small-bert.toml -o runs/bert    # goes on where it was stopped

    epitome pretrain judgments/ --base minilm --add-tokens 2000 -o runs/legal  # and the domain's own words

    epitome train train.jsonl --base runs/legal -o model"""


def pretrain(
    corpus: Annotated[
        str,
        typer.Argument(
            help="Texts: a text file, a table with a text column, a folder of these; .gz too.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="The base's folder; the same run goes on in it.", show_default=False
        ),
    ],
    base: Annotated[
        str | None,
        typer.Option(help="What to go on from: a catalogue name, a GGUF file, a folder, a hub id."),
    ] = None,
    from_scratch: Annotated[
        Path | None,
        typer.Option(help="A network made anew: a TOML file with a table `model`.", metavar="CONFIG"),
    ] = None,
    objective: Annotated[
        str | None,
        typer.Option(
            help="mlm, spanbert (encoders); t5, bart, gsg (encoder-decoders); causal, gsg (decoders).",
            show_default="by the base",
        ),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(help="full, lora, rslora, dora, adalora or ia3.", show_default="full"),
    ] = None,
    column: Annotated[
        str | None, typer.Option(help="The text column of a table.", show_default="text, document, …")
    ] = None,
    add_tokens: Annotated[
        int | None, typer.Option(min=1, help="Words of the texts to add to the base's vocabulary.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="Settings as TOML; docs/pretraining.md lists them.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="One setting, over those of the file; may be repeated.", metavar="KEY=VALUE"
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No notes, no progress bar.")] = False,
) -> None:
    """Learn a language, or a domain's part of it, from texts without summaries; the folder is a base for `train`."""
    from epitome.cli.progress import fetching, note, training_bar
    from epitome.datasets.texts import open_corpus
    from epitome.engines.huggingface import require
    from epitome.errors import UsageError
    from epitome.models.resolve import pull
    from epitome.models.shape import family

    if (base is None) == (from_scratch is None):
        raise UsageError(
            "what is to be trained?", hint="give --base MODEL or --from-scratch CONFIG, one of them"
        )
    require()
    from epitome.train.pretrain.config import load

    options = {
        "base": base or "",
        "corrupt.objective": objective,
        "method.name": method,
        "texts.column": column,
        "words.add": add_tokens,
    }
    given = {key: value for key, value in options.items() if value is not None}
    model = None
    if base is not None:
        with fetching() as download:
            model = pull(base, on_progress=download)
    wanted = load(config, set_ or (), given, from_scratch, family(model) if model else "")
    texts = open_corpus(corpus, column=wanted.texts.column, documents=wanted.texts.documents)
    from epitome.train.course import Watch
    from epitome.train.pretrain.run import pretrain as run
    from epitome.train.world import World

    quiet = quiet or not World().first
    tell = (lambda _: None) if quiet else note
    with training_bar(quiet, _line) as (step, judged):
        outcome = run(texts, model, wanted, output, Watch(step, judged, tell))
    if not quiet:
        _tell(outcome, output)


def _line(figures: Judged) -> str:
    return (
        f"step {figures.step}: held-out loss {figures.loss:.4f}, perplexity {figures.perplexity:.2f}, "
        f"accuracy {figures.accuracy:.2%}"
    )


def _tell(outcome: Any, folder: Path) -> None:
    if outcome.stopped:
        print(f"stopped after step {outcome.steps}: {outcome.stopped}")
    if outcome.evaluations and outcome.best_step:  # none if it was finished before
        print(f"best on held-out documents: step {outcome.best_step}")
    print(f"{folder} is ready: epitome train PAIRS --base {folder} -o MODEL")
