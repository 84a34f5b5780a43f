"""`epitome tune`: a search for good settings, or for a learning rate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

EXAMPLES = """Examples:

    epitome tune train.jsonl --dev dev.jsonl -o search --trials 20           # rate, rank, dropout, warm-up

    epitome tune train.jsonl --dev dev.jsonl -o search --space space.toml --set train.epochs=1

    epitome tune train.jsonl --dev dev.jsonl -o search --trials 20           # goes on; twice at once: in parallel

    epitome tune train.jsonl -o rate --find-lr                               # raise the rate until the loss blows up

    epitome train train.jsonl --dev dev.jsonl -o model --config search/best.toml"""


def tune(
    data: Annotated[str, typer.Argument(help="Pairs to learn from.", show_default=False)],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="A folder for the study.", show_default=False)
    ],
    dev: Annotated[str | None, typer.Option(help="Pairs that judge each trial.")] = None,
    space: Annotated[Path | None, typer.Option(help="What to try, as TOML (docs/training.md).")] = None,
    trials: Annotated[int, typer.Option(min=1, help="In all, over all calls.")] = 20,
    find_lr: Annotated[
        bool, typer.Option("--find-lr", help="Only sweep the learning rate, 60 steps.")
    ] = False,
    config: Annotated[Path | None, typer.Option(help="Settings of every trial, as TOML.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="One setting of every trial.", metavar="KEY=VALUE")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first pairs.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No notes.")] = False,
) -> None:
    """Search for settings: Optuna proposes, each trial is a training run, what does badly is given up early."""
    from epitome.cli.progress import fetching, note
    from epitome.datasets.read import load
    from epitome.engines.huggingface import require
    from epitome.errors import UsageError
    from epitome.models.resolve import resolve
    from epitome.train.base import learns
    from epitome.train.config import aimed, named
    from epitome.train.config import load as settings
    from epitome.train.space import USUAL, read

    require()
    ranges = read(space) if space else USUAL
    with fetching() as download:
        model = resolve(named(config, set_ or (), {}), on_progress=download)
        pairs = load(data, limit=limit, on_progress=download)
    wanted = settings(
        config, set_ or (), {"track": []}, learns(model, pairs.pairs, aimed(config, set_ or (), {}))
    )
    tell = (lambda _: None) if quiet else note
    if find_lr:
        from epitome.train.course import Watch
        from epitome.train.finder import sweep, write

        swept = sweep(pairs, model, wanted, 60, Watch(note=tell))
        output.mkdir(parents=True, exist_ok=True)
        write(swept, output / "rate.html")
        print(f"the loss falls fastest at {swept.suggested:.1e}: --set optim.lr={swept.suggested:.1e}")
        return
    if dev is None:
        raise UsageError("a search needs --dev", hint="epitome data split PAIRS -o FOLDER makes it")
    from epitome.train.tune import Search, tune

    found = tune(pairs, load(dev), model, wanted, Search(ranges, trials), output, tell)
    value = -found.value if wanted.eval.metric == "loss" else found.value
    print(f"best {wanted.eval.metric} {value:.4f} of {found.trials} trials ({found.pruned} given up):")
    for name, chosen in found.settings.items():
        print(f"  {name} = {chosen}")
    print(f"epitome train … --config {output / 'best.toml'}")
