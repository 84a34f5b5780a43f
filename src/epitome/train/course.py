"""The course of a run: steps, evaluations, states to go on from. The same for pairs and for texts."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from epitome.errors import EngineError
from epitome.train import state
from epitome.train.base import Base
from epitome.train.config import Config
from epitome.train.journal import EVALS, RunFiles
from epitome.train.loop import Stepped, Stepper, mean_loss
from epitome.train.objectives import Objective
from epitome.train.track import Tracker, open_trackers
from epitome.train.validate import Judged
from epitome.train.world import World
from epitome.train.write import Outcome, figures

BAD_STEPS, ROLLBACKS = 3, 2
"""Steps in a row without a finite loss before the run goes back to its last state; and how often it may."""


def _quiet(*_: object) -> None:
    pass


@dataclass(slots=True)
class Watch:
    """Who is told what."""

    step: Callable[[Stepped, int], None] = _quiet
    judged: Callable[[Judged], None] = _quiet
    note: Callable[[str], None] = _quiet


class Feed(Protocol):
    """What is learnt from, batch by batch."""

    @property
    def epoch_steps(self) -> int:
        """Batches an epoch has."""

    def at(self, step: int) -> list[Any]:
        """The examples of batch `step`, from 0; a stream gives them in order only."""

    def place(self) -> dict[str, int]:
        """Where a stream stands after the last batch; empty where a step's number says it."""

    def go_to(self, place: dict[str, int]) -> None:
        """Go on from a place that was kept."""


@dataclass(slots=True)
class Progress:
    """Where the loop stands; kept with every state."""

    step: int = 0
    best: float = float("-inf")
    best_step: int = 0
    stale: int = 0
    rollbacks: int = 0
    lr: float = 0.0
    row_tokens: int = 0
    stopped: str = ""
    place: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Run:
    """Everything a run needs, set up."""

    config: Config
    base: Base
    network: Any
    objective: Objective
    order: Feed
    judge: Callable[[int], Judged | None]
    """The figures after a step; None where nothing judges."""
    steps: int
    files: RunFiles
    stepper: Stepper
    world: World
    watch: Watch
    progress: Progress = field(default_factory=Progress)


def follow(run: Run) -> None:
    """Take the steps that are left, from the last state on.

    Raises `EngineError` where memory does not suffice or the loss is no number however often tried, `StoreError` where
    the disk is full.
    """
    _resume(run)
    trackers: list[Tracker] = []
    if run.world.first:
        trackers = open_trackers(run.config.track, run.files.folder, run.config.model_dump(mode="json"))
    every = max(1, round(run.order.epoch_steps / run.config.eval.times))
    saved, bad = time.monotonic(), 0
    try:
        while run.progress.step < run.steps and not run.progress.stopped:
            step = run.progress.step
            batch = run.order.at(step)
            stepped = run.stepper.step(step + 1, batch)
            bad = 0 if stepped.applied else bad + 1
            if bad:
                bad = _not_finite(run, stepped, batch, bad)
                continue
            run.progress.step = step + 1
            _note(run, stepped, trackers)
            if (step + 1) % every == 0 or step + 1 == run.steps:
                _judge(run, trackers)
            if time.monotonic() - saved > 60 * run.config.train.save_minutes:
                _save(run)
                saved = time.monotonic()
        _save(run)
    finally:
        for tracker in trackers:
            tracker.close()


def best(run: Run, examples: Sequence[Any]) -> Outcome:
    """Put the best weights back into the network, and what the run came to.

    Raises `EngineError` where the loss on all `examples` is no number: after a last step that spoilt it nobody may have
    seen that.
    """
    held = state.read(run.files.folder / state.BEST)
    if held is not None:
        state.restore(held, run.network)
    losses = (mean_loss(run.network, run.objective, [one], run.stepper.row_tokens) for one in examples)
    if not any(math.isfinite(loss) for loss in losses):
        raise EngineError(
            f"{run.files.folder}: the loss is no number after step {run.progress.step}",
            hint="delete the folder, lower optim.lr and train again",
        )
    return Outcome(
        run.files.folder,
        run.progress.step,
        run.progress.best_step or run.progress.step,
        run.progress.stopped,
        [Judged(**line) for line in run.files.lines(EVALS)],
    )


def _resume(run: Run) -> None:
    run.progress.lr = run.config.optim.lr
    run.progress.row_tokens = run.config.train.row_tokens
    if run.world.first:
        run.files.open()
    run.world.wait()
    held = state.read(run.files.folder / state.STATE)
    if held is not None:
        _go_back(run, held)
        run.watch.note(f"going on after step {run.progress.step} of {run.steps}")
    if run.world.first:
        run.files.rewind(run.progress.step)


def _go_back(run: Run, held: dict[str, Any]) -> None:
    state.restore(held, run.network, run.stepper.optimizer)
    run.progress = Progress(**held["progress"])
    run.progress.row_tokens = min(run.progress.row_tokens, run.config.train.row_tokens)
    run.stepper.lr, run.stepper.row_tokens = run.progress.lr, run.progress.row_tokens
    run.order.go_to(run.progress.place)


def _save(run: Run) -> None:
    run.progress.lr, run.progress.row_tokens = run.stepper.lr, run.stepper.row_tokens
    run.progress.place = run.order.place()
    progress = {name: getattr(run.progress, name) for name in Progress.__slots__}
    held = state.moment(run.network, run.stepper.optimizer, progress)
    if run.world.first:
        state.write(run.files.folder / state.STATE, held)


def _note(run: Run, stepped: Stepped, trackers: list[Tracker]) -> None:
    if run.stepper.row_tokens < run.progress.row_tokens:
        run.watch.note(f"memory ran out: going on with {run.stepper.row_tokens} tokens at once")
        run.progress.row_tokens = run.stepper.row_tokens
    if run.world.first:
        run.files.step(stepped, stepped.step / run.order.epoch_steps)
    for tracker in trackers:
        numbers = {"loss": stepped.loss, "lr": stepped.lr, "norm": stepped.norm}
        numbers["tokens_per_second"] = stepped.tokens / stepped.seconds
        tracker.numbers(stepped.step, {f"train/{name}": value for name, value in numbers.items()})
    run.watch.step(stepped, run.steps)


def _judge(run: Run, trackers: list[Tracker]) -> None:
    """Evaluate, keep the best weights, and stop when nothing has been gained for a while."""
    progress, wanted = run.progress, run.config.eval
    judged = run.judge(progress.step)
    if judged is None:
        return
    if not math.isfinite(judged.loss):
        _roll_back(run, f"the loss on dev is {judged.loss} after step {progress.step}")
        return
    value = judged.value(wanted.metric)
    if value > progress.best:
        progress.best, progress.best_step, progress.stale = value, progress.step, 0
        weights = state.learnt(run.network)
        if run.world.first:
            state.write(
                run.files.folder / state.BEST, {"weights": weights, "progress": {"step": progress.step}}
            )
    else:
        progress.stale += 1
        if wanted.patience and progress.stale >= wanted.patience:
            progress.stopped = f"no better {wanted.metric} on dev in {progress.stale} evaluations"
    if run.world.first:
        run.files.judged(judged)
        for tracker in trackers:
            tracker.numbers(judged.step, {f"dev/{name}": value for name, value in figures(judged).items()})
    run.watch.judged(judged)
    _save(run)


def _not_finite(run: Run, stepped: Stepped, batch: list[Any], bad: int) -> int:
    """A loss or gradient that is no number: the step is passed over; after three in a row, back to the last state."""
    named = ", ".join(example.id for example in batch[:4])
    if bad < BAD_STEPS:
        run.watch.note(
            f"step {stepped.step}: loss {stepped.loss} on {named}, …: passed over, nothing was changed"
        )
        run.progress.step += 1
        return bad
    _roll_back(run, f"the loss is {stepped.loss} at step {stepped.step} ({named}, …)")
    return 0


def _roll_back(run: Run, why: str) -> None:
    """Go on from the last state with half the rate, if there is one and it has not been tried too often."""
    held = state.read(run.files.folder / state.STATE)
    if run.progress.rollbacks >= ROLLBACKS or held is None:
        raise EngineError(
            f"{why}, and no earlier state helps",
            hint="lower optim.lr, set train.dtype=float32, or look at these pairs",
        )
    rollbacks, rate = run.progress.rollbacks + 1, run.stepper.lr / 2
    _go_back(run, held)
    run.progress.rollbacks, run.stepper.lr = rollbacks, rate
    if run.world.first:
        run.files.rewind(run.progress.step)
    run.watch.note(f"{why}: back to step {run.progress.step}, with half the rate")
