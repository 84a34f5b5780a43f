"""Which pairs come when: the same for the same seed, however often a run was interrupted."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from epitome.train.examples import Example


@dataclass(frozen=True, slots=True)
class Order:
    """Batches by number. `mix` says how often a domain's examples come in an epoch."""

    examples: Sequence[Example]
    batch: int
    seed: int
    mix: Mapping[str, float]

    @property
    def epoch_steps(self) -> int:
        """Batches an epoch has: the last, smaller one counts."""
        return max(1, -(-len(self._epoch(0)) // self.batch))

    def at(self, step: int) -> list[Example]:
        """The examples of batch `step`, from 0."""
        epoch, place = divmod(step, self.epoch_steps)
        order = self._epoch(epoch)
        return [self.examples[at] for at in order[place * self.batch : (place + 1) * self.batch]]

    def place(self) -> dict[str, int]:
        """Nothing: the number of a step says all."""
        return {}

    def go_to(self, place: Mapping[str, int]) -> None:
        """Nothing to do: see `place`."""

    def _epoch(self, epoch: int) -> list[int]:
        chosen = self._mixed(epoch) if self.mix else list(range(len(self.examples)))
        random.Random(f"{self.seed} {epoch}").shuffle(chosen)
        return chosen

    def _mixed(self, epoch: int) -> list[int]:
        """Each domain `mix` times: whole rounds, and of its shuffled rest another slice in each epoch."""
        domains: dict[str, list[int]] = defaultdict(list)
        for at, example in enumerate(self.examples):
            domains[example.domain].append(at)
        chosen: list[int] = []
        for domain, places in sorted(domains.items()):
            wanted = round(self.mix.get(domain, 1.0) * len(places))
            random.Random(f"{self.seed} {domain}").shuffle(places)
            first = epoch * wanted
            chosen += [places[(first + at) % len(places)] for at in range(wanted)]
        return chosen
