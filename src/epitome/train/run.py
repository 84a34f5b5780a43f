"""A training run from top to bottom: data and base in, a model folder out; the same call again goes on."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

from epitome.datasets.near import key
from epitome.datasets.pair import Dataset, Pair
from epitome.engines.machine import cores
from epitome.engines.tokenizer import HubTokenizer
from epitome.errors import UsageError
from epitome.models import folder as folders
from epitome.models.folder import Form
from epitome.models.model import Model
from epitome.train import shard
from epitome.train.base import Base, dtype_of, learns, open_base
from epitome.train.claims import Tagging, claims, labels
from epitome.train.config import INCIDENTAL, Config, changed
from epitome.train.course import Run, Watch, best, follow
from epitome.train.examples import Shape, cut, examples, unended, unread
from epitome.train.journal import EVALS, RunFiles
from epitome.train.loop import Stepper
from epitome.train.masked import Masked
from epitome.train.methods import adapt, packable, trainable
from epitome.train.objectives import Objective, OneByOne, Packed, Seq2Seq, prepare
from epitome.train.optimizers import optimizer
from epitome.train.order import Order
from epitome.train.requests import Requests
from epitome.train.select import Selecting, tagged
from epitome.train.validate import Dev, Judged, judge, on, selection
from epitome.train.world import World
from epitome.train.write import Outcome, write

PATIENCE = 5_000_000
"""Characters from which turning pairs into tokens takes so long that it is said (a minute for 10 million)."""
HELD_OUT, ENOUGH = 0.1, 20
"""Share of the training pairs that become dev where none is given, and pairs from which that is done."""


def train(
    data: Dataset, dev: Dataset | None, model: Model, config: Config, folder: Path, watch: Watch | None = None
) -> Outcome:
    """Train `model` on `data` and write a model folder.

    Args:
        data: pairs to learn from.
        dev: pairs to be judged on; None: a tenth of `data` is kept for it where there are 20 pairs or more.
        model: the base, as `resolve()` finds it.
        config: every setting.
        folder: new, or that of the same run, which then goes on where it was.
        watch: told of steps, evaluations, and what a person should know.

    Raises:
        UsageError: the folder holds something else, a setting or template makes no sense.
        ModelError: the base has no weights to train.
        EngineError: memory does not suffice, or the loss is not finite however often tried.
        StoreError: the disk is full; the state before stays.
    """
    watch = watch or Watch()
    world = World()
    if not world.first:
        watch = Watch()
    if (folder / folders.MANIFEST).is_file():
        return _finished(folder, data, model, config, watch)
    learn, held = _divided(data, dev, config, watch)
    world.join()
    try:
        files = RunFiles(folder, _key(data, model, config))
        run, judged_on = _set_up(learn, held, model, config, (files, world, watch))
        follow(run)
        return _written(run, judged_on, data)
    finally:
        world.leave()


def prepared(data: Dataset, model: Model, config: Config, steps: int, watch: Watch) -> Run:
    """Everything that `train` would begin with, on `data` alone, for callers that take the steps themselves."""
    config = changed(config, {"train.max_steps": steps, "optim.schedule": "constant", "optim.warmup": 0.0})
    files = RunFiles(Path(), {})
    return _set_up(data.pairs, [], model, config, (files, World(), watch))[0]


def _finished(folder: Path, data: Dataset, model: Model, config: Config, watch: Watch) -> Outcome:
    files = RunFiles(folder, _key(data, model, config))
    files.open()
    watch.note(f"{folder} is finished already; delete it to train again")
    lines = files.lines(EVALS)
    return Outcome(folder, 0, 0, "", [Judged(**line) for line in lines])


def _key(data: Dataset, model: Model, config: Config) -> dict[str, Any]:
    return {
        "base": model.sha256 or model.name,
        "data": data.fingerprint,
        **({"labels": labels(data)} if learns(model, data.pairs) == "encoder" else {}),
        "settings": config.model_dump(mode="json", exclude=INCIDENTAL),
    }


def _divided(
    data: Dataset, dev: Dataset | None, config: Config, watch: Watch
) -> tuple[list[Pair], list[Pair]]:
    """Pairs to learn from and pairs to be judged on; nothing stands in both."""
    if dev is not None:
        known = {key(pair.document, pair.lang) for pair in dev.pairs}
        learn = [pair for pair in data.pairs if key(pair.document, pair.lang) not in known]
        if lost := len(data.pairs) - len(learn):
            watch.note(f"{lost} training pairs stand in dev too and are left out")
        if not learn:
            raise UsageError(
                f"{data.source}: every pair stands in dev too: nothing is left to learn from",
                hint="give other pairs with --dev, or none: a tenth of the data is then kept for it",
            )
        return learn, dev.pairs
    if len(data.pairs) < ENOUGH:
        watch.note(
            f"{len(data.pairs)} pairs and no dev: nothing tells when the model begins to learn by heart"
        )
        return data.pairs, []
    count = max(2, round(HELD_OUT * len(data.pairs)))
    places = set(random.Random(config.seed).sample(range(len(data.pairs)), count))
    watch.note(f"no --dev: {count} of {len(data.pairs)} pairs are kept for it")
    learn = [pair for at, pair in enumerate(data.pairs) if at not in places]
    return learn, [pair for at, pair in enumerate(data.pairs) if at in places]


def _set_up(
    learn: list[Pair], held: list[Pair], model: Model, config: Config, around: tuple[RunFiles, World, Watch]
) -> tuple[Run, Dev]:
    import torch

    files, world, watch = around
    torch.set_num_threads(config.train.threads or max(1, cores() // world.size))
    torch.manual_seed(config.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    full = config.method.name == "full"
    selects, checks = config.objective == "select", learns(model, learn) == "encoder"
    if (selects or checks) and (asked := config.encoder.model_dump(exclude_defaults=True)):
        why = "it learns to select" if selects else f"the rows have labels, so {model.name} learns to check"
        raise UsageError(
            f"{why}, and encoder.{next(iter(asked))} is for writing",
            hint="leave the setting out" + ("" if selects else ", or give pairs without `label`"),
        )
    dtype = torch.float32 if full else dtype_of(config.train.dtype, device)
    base = open_base(model, dtype, None if checks or selects else config.encoder, selects=selects)
    if world.sharded:  # cut where it lies, block by block: the whole would not fit
        shard.check(config)
    else:
        base.network.to(device)
    shape = _shape(base, config)
    characters = sum(len(pair.document) for pair in learn)
    if characters > PATIENCE:
        watch.note(f"reading {characters / 1e6:.0f} million characters; of long documents this takes a while")
    found = _examples(learn, base, shape, dict(config.data.weights))
    order = Order(found, config.train.batch, config.seed, dict(config.data.mix))
    if not order.at(0):
        raise UsageError("data.weights and data.mix leave no pair to learn from", hint="raise one above 0")
    for said in (_unknown(learn, config), *_left_out(learn, found, base, config)):
        if said:
            watch.note(said)
    steps = config.train.max_steps or max(1, math.ceil(config.train.epochs * order.epoch_steps))
    network = adapt(base, config.method, steps)
    if config.train.checkpointing:
        network.gradient_checkpointing_enable()
    objective = _objective(base, network, config)
    if world.sharded:
        shard.shard(network, device)
    stepper = Stepper(network, objective, optimizer(trainable(network), config.optim), config, steps, world)
    dev = on(held, base, shape, config)

    def judged(step: int) -> Judged | None:
        return judge(step, base, network, objective, dev, config) if dev.examples else None

    return Run(config, base, network, objective, order, judged, steps, files, stepper, world, watch), dev


def _examples(learn: list[Pair], base: Base, shape: Shape, weights: dict[str, float]) -> list[Any]:
    """What the base learns from pairs: to write, to select, or to check."""
    if base.selects:
        return [*tagged(learn, base, weights, shape.most)]
    if base.checks:
        return [*claims(learn, base, weights, shape.most)]
    return [*examples(learn, base, shape, weights)]


def _left_out(learn: list[Pair], found: list[Any], base: Base, config: Config) -> tuple[str, ...]:
    """Lines about what is not learnt; empty ones where all is."""
    if base.selects:
        return ()
    if not base.checks:
        unknown = base.words.role("unk") if isinstance(base.words, HubTokenizer) else None
        unknown = None if unknown == base.end else unknown  # GPT-2 calls its end so, too
        longest = config.data.max_tokens >= base.context
        return cut(found, longest), unended(found, base.end), unread(found, unknown)
    lost = len(learn) - len(found)
    said = f"{lost} sentences are too long to stand beside evidence, or weigh nothing, and are left out"
    return (said if lost else "",)


def _unknown(learn: list[Pair], config: Config) -> str:
    named = {*config.data.weights, *config.data.mix} - {pair.domain for pair in learn}
    return (
        f"data.weights and data.mix name domains that no pair has: {', '.join(sorted(named))}"
        if named
        else ""
    )


def _shape(base: Base, config: Config) -> Shape:
    data = config.data
    requests = Requests(config.seed, frozenset(data.focus), frozenset(data.headlines))
    return Shape(
        Form(config.prompt.system, config.prompt.user),
        min(data.max_tokens, base.context),
        data.max_answer_tokens,
        data.titles,
        requests if data.requests else None,
    )


def _objective(base: Base, network: Any, config: Config) -> Objective:
    smoothing = config.optim.label_smoothing
    if base.selects:
        return Selecting(base.network.config.pad_token_id or 0)
    if base.checks and isinstance(base.words, HubTokenizer):
        return Tagging(base.words.around(), base.network.config.pad_token_id or 0)
    if base.fills_masks:
        marks = base.network.config
        return Masked(marks.mask_token_id, marks.pad_token_id, config.encoder.share, smoothing)
    if base.encoder_decoder:
        settings = base.network.config
        pad = settings.pad_token_id if settings.pad_token_id is not None else base.end
        start = settings.decoder_start_token_id
        return Seq2Seq(pad if start is None else start, pad, smoothing)
    if not packable(config.method):
        return OneByOne(smoothing)
    prepare(network)
    return Packed(smoothing)


def _written(run: Run, dev: Dev, data: Dataset) -> Outcome:
    """Put the best weights into the folder, with everything that says what they are."""
    outcome = best(run, dev.examples or run.order.at(0))
    weights = shard.gathered(run.network) if run.world.sharded else None
    found = None
    if isinstance(run.objective, Selecting) and dev.examples:
        found = selection(run.network, run.objective, dev, run.config)
    if run.world.first:
        write(outcome, run.base, run.network, run.config, data, weights, found)
    run.world.wait()
    return outcome
