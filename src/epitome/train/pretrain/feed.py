"""Batches of sequences out of a stream of texts, from any place of it."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from random import Random
from typing import Any

from epitome.datasets.texts import Surveyed
from epitome.errors import UsageError
from epitome.train.pretrain.sequences import LEAST, Make
from epitome.train.pretrain.stream import Stream


class Feed:
    """What `course.Run` takes its batches from. What is drawn for a text depends on seed, epoch and its id alone.

    Raises `UsageError` where the corpus has no text that is long enough.
    """

    def __init__(self, stream: Stream, make: Make, batch: int, seed: int, surveyed: Surveyed) -> None:
        self._stream, self._make = stream, make
        self._batch, self._seed = batch, seed
        self.sample: list[Any] = sequences(make, surveyed.learnt, seed)
        """Sequences of the survey's sample."""
        if not self.sample:
            raise UsageError(
                f"none of {len(surveyed.learnt)} texts gives a sequence",
                hint=f"it takes {LEAST} tokens, and two sentences for gap sentences",
            )
        read = sum(map(len, surveyed.learnt))
        self.sequences = round(surveyed.characters * len(self.sample) / read)
        """Sequences in an epoch, estimated from the sample."""
        self._waiting: deque[Any] = deque()
        self._taken = 0

    @property
    def epoch_steps(self) -> int:
        """Batches in an epoch, estimated."""
        return max(1, math.ceil(self.sequences / self._batch))

    def at(self, step: int) -> list[Any]:
        """The next batch; `step` is where the caller stands anyway."""
        batch: list[Any] = []
        while len(batch) < self._batch:
            if not self._waiting:
                self._waiting.extend(self._next())
                self._taken = 0
            else:
                batch.append(self._waiting.popleft())
                self._taken += 1
        return batch

    def _next(self) -> list[Any]:
        text = self._stream.next()
        return self._make(text.text, text.id, Random(f"{self._seed} {text.epoch} {text.id}"))

    def place(self) -> dict[str, int]:
        """The stream's place and how many sequences of its last text were taken."""
        found = self._stream.place()
        if self._waiting:
            return {**found, "given": found["given"] - 1, "taken": self._taken}
        return {**found, "taken": 0}

    def go_to(self, place: Mapping[str, int]) -> None:
        """Go on from there."""
        self._stream.go_to(place)
        self._waiting.clear()
        if taken := place.get("taken", 0):
            self._waiting.extend(self._next()[taken:])
            self._taken = taken


def sequences(make: Make, texts: list[str], seed: int, most: int | None = None) -> list[Any]:
    """Sequences of a survey's sample, the same each time; at most `most`, as many of each text as of the others."""
    found = [make(text, f"{at}", Random(f"{seed} sample {at}")) for at, text in enumerate(texts)]
    if most is None:
        return [one for made in found for one in made]
    rounds = max(map(len, found), default=0)
    return [made[at] for at in range(rounds) for made in found if at < len(made)][:most]
