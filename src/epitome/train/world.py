"""One process, or several that train one model together (`torchrun`, `accelerate launch`).

Each process computes its share of every batch; gradients are summed, so that the loss and the steps are those of one
process with the same batch. The share is by tokens, not by count: processes wait for the slowest. Each has the whole
network, or under FSDP a part of every weight (`shard.py`).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from epitome.train import shard
from epitome.train.examples import Example


class World:
    """The processes of this run. `rank` 0 writes files and speaks."""

    def __init__(self) -> None:
        self.size = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = int(os.environ.get("RANK", "0"))
        self.sharded = self.size > 1 and shard.asked()

    @property
    def first(self) -> bool:
        return self.rank == 0

    def join(self) -> None:
        """Meet the other processes: NCCL on GPUs, else gloo."""
        import torch
        import torch.distributed as distributed

        if self.size > 1 and not distributed.is_initialized():
            if torch.cuda.is_available():
                torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
            distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")

    def leave(self) -> None:
        """Part from them."""
        import torch.distributed as distributed

        if self.size > 1 and distributed.is_initialized():
            distributed.destroy_process_group()

    def share(self, batch: Sequence[Example]) -> list[Example]:
        """This process' examples: the longest first, each to whoever has least to do."""
        if self.size == 1:
            return list(batch)
        loads = [0] * self.size
        mine = []
        for example in sorted(batch, key=lambda one: -one.tokens):
            least = loads.index(min(loads))
            loads[least] += example.tokens
            if least == self.rank:
                mine.append(example)
        return mine

    def add_up(self, parameters: Sequence[Any]) -> None:
        """Sum the gradients over all processes; under FSDP the backward pass has done it."""
        if self.size == 1 or self.sharded:
            return
        import torch
        import torch.distributed as distributed

        for parameter in parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            distributed.all_reduce(parameter.grad)

    def level(self, portions: Sequence[list[Example]], spare: Example) -> list[tuple[list[Example], float]]:
        """Portions with what each counts. Under FSDP all processes compute equally often, since a block is put together
        by all: who has less to do computes `spare`, which counts nothing."""
        mine = [(portion, 1.0) for portion in portions]
        if not self.sharded:
            return mine
        import torch.distributed as distributed

        counts: list[Any] = [None] * self.size
        distributed.all_gather_object(counts, len(mine))
        return mine + [([spare], 0.0)] * (max(counts) - len(mine))

    def summed(self, number: float) -> float:
        """The sum of a number over all processes."""
        if self.size == 1:
            return number
        import torch
        import torch.distributed as distributed

        held = torch.tensor([number], dtype=torch.float64)
        if torch.cuda.is_available():
            held = held.cuda()
        distributed.all_reduce(held)
        return float(held.item())

    def wait(self) -> None:
        """Until all have come here."""
        if self.size > 1:
            import torch.distributed as distributed

            distributed.barrier()
