"""A discrete-event simulation of replicas: documents arrive, wait, share the cores, and are done.

A replica does `PARALLEL` documents at once, as `epitome serve --parallel 8` does. Alone, a document takes one of the
measured times; several share what the cores give, which was measured too: with n under way each goes on at
min(1, speed-up / n) of the pace that it has alone. What arrives goes to a ready replica at random, as a Service of Kubernetes sends it; one that is
full refuses (429). A replica that is to go gets nothing new and finishes what it has.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from .autoscaler import PERIOD, Autoscaler, Rules

PARALLEL, WAITING = 8, 64
"""Documents under way and waiting in a replica at most."""
SCRAPE = 15.0
"""Seconds between two looks of Prometheus: the autoscaler sees values that are so old at most."""


@dataclass(frozen=True)
class Measured:
    """What a replica takes: seconds of documents that are alone, how many times as much it does when it has many, and
    seconds until a new one answers."""

    alone: tuple[float, ...]
    speedup: float
    start: float


@dataclass
class Replica:
    """One process. `pace` counts what each document under way has got; a document is done when it has its seconds."""

    ready: float
    leaving: bool = False
    updated: float = 0.0
    pace: float = 0.0
    running: list[tuple[float, float]] = field(default_factory=list)
    """Pace at which it is done, and when it arrived; a heap."""
    waiting: list[tuple[float, float]] = field(default_factory=list)
    """Seconds it takes, and when it arrived; first come, first served."""

    @property
    def held(self) -> int:
        return len(self.running) + len(self.waiting)

    def advance(self, now: float, speedup: float) -> None:
        """Give each document under way its share of the time since the last event."""
        if self.running:
            self.pace += (now - self.updated) * min(1.0, speedup / len(self.running))
        self.updated = now

    def next_done(self, speedup: float) -> float:
        """When the next document is done, if nothing arrives."""
        if not self.running:
            return float("inf")
        return self.updated + (self.running[0][0] - self.pace) / min(1.0, speedup / len(self.running))


@dataclass
class Day:
    """What happened: seconds that documents waited and took, how many were refused, and the fleet every minute."""

    waited: list[float] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    refused: int = 0
    replica_seconds: float = 0.0
    changes: int = 0
    minutes: list[tuple[float, int, int, int]] = field(default_factory=list)
    """Seconds since midnight, replicas, documents under way, documents waiting."""


class Fleet:
    """Replicas, and what becomes of each document. `rules` None: as many as there are at the beginning."""

    def __init__(
        self, measured: Measured, rules: Rules | None, replicas: int, metric: str, seed: int
    ) -> None:
        self._measured, self._metric = measured, metric
        self._scaler = Autoscaler(rules) if rules is not None else None
        self._chance = random.Random(seed)
        self._replicas = [Replica(0.0) for _ in range(replicas)]
        self._seen: dict[int, float] = {}
        self.day = Day()

    def run(self, arrivals: Iterator[float], end: float) -> Day:
        """Until `end`, and then until all is done."""
        following = next(arrivals, None)
        now, look, scrape, minute = 0.0, PERIOD, SCRAPE / 2, 0.0
        while following is not None or any(replica.held for replica in self._replicas):
            done, at = min(
                (
                    (replica.next_done(self._measured.speedup), at)
                    for at, replica in enumerate(self._replicas)
                ),
                default=(float("inf"), 0),
            )
            then = min(done, look, scrape, minute, float("inf") if following is None else following)
            self.day.replica_seconds += (then - now) * len(self._replicas) * (then <= end)
            now = then
            if now == following:
                self._arrive(now)
                following = next(arrivals, None)
            elif now == done:
                self._finish(self._replicas[at], now)
            elif now == scrape:
                self._seen = {id(replica): self._value(replica) for replica in self._live(now)}
                scrape += SCRAPE
            elif now == look:
                self._scale(now)
                look += PERIOD
            else:
                running = sum(len(replica.running) for replica in self._replicas)
                held = sum(replica.held for replica in self._replicas)
                self.day.minutes.append((now, len(self._replicas), running, held - running))
                minute += 60.0
        return self.day

    def _live(self, now: float) -> list[Replica]:
        return [replica for replica in self._replicas if replica.ready <= now and not replica.leaving]

    def _value(self, replica: Replica) -> float:
        return float(len(replica.waiting) if self._metric == "waiting" else replica.held)

    def _arrive(self, now: float) -> None:
        replica = self._chance.choice(self._live(now))
        if replica.held >= PARALLEL + WAITING:
            self.day.refused += 1
            return
        replica.waiting.append((self._chance.choice(self._measured.alone), now))
        self._start(replica, now)

    def _start(self, replica: Replica, now: float) -> None:
        replica.advance(now, self._measured.speedup)
        while replica.waiting and len(replica.running) < PARALLEL:
            seconds, arrived = replica.waiting.pop(0)
            self.day.waited.append(now - arrived)
            heapq.heappush(replica.running, (replica.pace + seconds, arrived))

    def _finish(self, replica: Replica, now: float) -> None:
        replica.advance(now, self._measured.speedup)
        _, arrived = heapq.heappop(replica.running)
        self.day.took.append(now - arrived)
        self._start(replica, now)
        if replica.leaving and not replica.held:
            self._replicas.remove(replica)

    def _scale(self, now: float) -> None:
        if self._scaler is None:
            return
        kept = [replica for replica in self._replicas if not replica.leaving]
        values = [self._seen[id(replica)] for replica in kept if id(replica) in self._seen]
        wanted = self._scaler.look(now, len(kept), values)
        self.day.changes += wanted != len(kept)
        for _ in range(wanted - len(kept)):
            self._replicas.append(Replica(now + self._measured.start, updated=now))
        for replica in sorted(kept, key=lambda one: -one.ready)[: max(0, len(kept) - wanted)]:
            replica.leaving = True  # the newest first, those that are not ready before all
            if not replica.held:
                self._replicas.remove(replica)


def poisson(rate: Callable[[float], float], most: float, end: float, seed: int) -> Iterator[float]:
    """Times at which documents arrive, `rate(seconds)` a second and `most` of that at most (Lewis and Shedler 1979)."""
    chance = random.Random(seed)
    now = 0.0
    while (now := now + chance.expovariate(most)) < end:
        if chance.random() * most < rate(now):
            yield now
