"""One optimiser step over a batch: portions accumulated, gradients summed over processes, clipped, applied."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch

from epitome.errors import EngineError
from epitome.train.config import Config
from epitome.train.examples import Example
from epitome.train.methods import adalora
from epitome.train.objectives import Objective
from epitome.train.optimizers import share
from epitome.train.shard import whole
from epitome.train.world import World

LEAST_ROW = 64
_OUT_OF_MEMORY = ("out of memory", "can't allocate", "not enough memory", "bad_alloc")


@dataclass(frozen=True, slots=True)
class Stepped:
    """What one step did. `loss` is the mean over the batch's learnt tokens; with `applied` False nothing moved."""

    step: int
    loss: float
    norm: float
    lr: float
    tokens: int
    seconds: float
    applied: bool = True


class Stepper:
    """Takes steps. `row_tokens` halves by itself when memory runs out."""

    def __init__(
        self, network: Any, objective: Objective, optimizer: Any, config: Config, steps: int, world: World
    ) -> None:
        self.network = network
        self.objective = objective
        self.optimizer = optimizer
        self.optim = config.optim
        self.steps = steps
        self.world = world
        self.row_tokens = config.train.row_tokens
        self.lr = config.optim.lr
        self.parameters = [one for group in optimizer.param_groups for one in group["params"]]
        wide = any(one.dtype == torch.float32 for one in network.parameters() if not one.requires_grad)
        full = config.method.name == "full"
        self.autocast = config.train.dtype != "float32" and (full or wide)
        self.dtype = torch.bfloat16
        self.adalora = adalora.is_adalora(network)

    def step(self, number: int, batch: Sequence[Example]) -> Stepped:
        """Step `number` (from 1) over a global batch; each process computes its share of it.

        Raises `EngineError` when a single example does not fit in memory.
        """
        started = time.perf_counter()
        rate = self.lr * share(number, self.steps, self.optim)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        counted = sum(example.learnt * example.weight for example in batch)
        mine = self.world.share(batch)
        self._spare = min(batch, key=lambda example: example.tokens)
        while True:
            try:
                total = self._accumulate(mine, counted)
                break
            except (MemoryError, RuntimeError) as error:
                self._smaller(error, mine)
        self.world.add_up(self.parameters)
        loss = self.world.summed(total)
        norm = self._norm()
        applied = bool(torch.isfinite(torch.tensor([loss, norm])).all())
        if applied:
            self.optimizer.step()
            if self.adalora:
                adalora.allocate(self.network, number)
        self.optimizer.zero_grad(set_to_none=True)
        tokens = sum(example.tokens for example in batch)
        return Stepped(number, loss, norm, rate, tokens, time.perf_counter() - started, applied)

    def _accumulate(self, examples: Sequence[Example], counted: float) -> float:
        total = 0.0
        portions = list(self.objective.portions(examples, self.row_tokens))
        for portion, counts in self.world.level(portions, self._spare):
            with torch.autocast(self.network.device.type, self.dtype) if self.autocast else nullcontext():
                loss = self.objective.loss(self.network, portion) * counts / counted
            loss.backward()
            total += loss.item()
        if self.adalora and self.world.first:
            adalora.penalty(self.network).backward()
        return total

    def _norm(self) -> float:
        """The gradient's norm before it is clipped."""
        held = [one for one in self.parameters if one.grad is not None]
        most = self.optim.clip or float("inf")
        return float(whole(torch.nn.utils.clip_grad_norm_(held, most)))

    def _smaller(self, error: Exception, examples: Sequence[Example]) -> None:
        """After running out of memory: forget what was accumulated, and go on in smaller portions."""
        if not isinstance(error, MemoryError) and not any(
            said in str(error).lower() for said in _OUT_OF_MEMORY
        ):
            raise error
        if self.world.sharded:  # the others wait in the middle of a block, and cannot be told
            raise EngineError(
                f"memory does not suffice for {self.row_tokens} tokens at once",
                hint="lower train.row_tokens and give the same command again, or set train.checkpointing=true",
            ) from error
        self.optimizer.zero_grad(set_to_none=True)
        longest = max(examples, key=lambda example: example.tokens)
        if self.row_tokens <= max(LEAST_ROW, longest.tokens // 2):
            raise EngineError(
                f"memory does not suffice for the pair {longest.id} alone ({longest.tokens} tokens)",
                hint="lower data.max_tokens, set train.checkpointing=true, or adapt fewer layers (method.first_layer)",
            ) from error
        self.row_tokens //= 2


@contextmanager
def evaluated(network: Any) -> Iterator[None]:
    """Without dropout and gradients."""
    network.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        network.train()


def mean_loss(network: Any, objective: Objective, examples: Sequence[Any], row_tokens: int) -> float:
    """Mean cross-entropy over the learnt tokens, without dropout."""
    total = 0.0
    with evaluated(network):
        for portion in objective.portions(examples, row_tokens):
            total += float(objective.loss(network, portion))
    learnt: float = sum(example.learnt * example.weight for example in examples)
    return total / learnt
