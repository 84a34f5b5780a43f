"""Drive many drafts over one engine: the prompts of all that are under way go into each batch together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from threading import Event
from typing import Any

from epitome.engines.base import Answer, GenerationRequest, Generator
from epitome.errors import ContextError, EpitomeError
from epitome.summarize.write import Draft, Rounds

Progress = Callable[[int, int], None]
"""Called with the prompts answered and those known so far."""


def run(
    jobs: Iterable[Rounds],
    engine: Generator,
    *,
    wave: int = 1,
    on_progress: Progress | None = None,
    cancel: Event | None = None,
    alone: AbstractContextManager[Any] | None = None,
) -> Iterator[tuple[int, Draft | EpitomeError]]:
    """Each job's draft with its number, as they are finished; a job that fails gives its error.

    `wave` jobs are under way at once: as many as the engine answers together. `alone` is held while the engine
    works, and only then: what is done with a draft may use the engine again.
    """
    waiting = enumerate(jobs)
    active: dict[int, tuple[Rounds, list[GenerationRequest]]] = {}
    ask = _Asker(engine, on_progress, cancel, alone or nullcontext())
    while True:
        while len(active) < wave and (following := next(waiting, None)) is not None:
            number, job = following
            asked = advance(job, None)
            if isinstance(asked, list):
                active[number] = (job, asked)
            else:
                yield number, asked
        if not active:
            return
        answered = ask({number: requests for number, (_, requests) in active.items()})
        if cancel is not None and cancel.is_set():
            return
        for number, answers in answered.items():
            job, _ = active[number]
            asked = answers if isinstance(answers, EpitomeError) else advance(job, answers)
            if isinstance(asked, list):
                active[number] = (job, asked)
            else:
                del active[number]
                yield number, asked


class _Asker:
    """The engine's answers to several jobs at once."""

    def __init__(
        self,
        engine: Generator,
        on_progress: Progress | None,
        cancel: Event | None,
        alone: AbstractContextManager[Any],
    ) -> None:
        self.engine = engine
        self.on_progress = on_progress
        self.cancel = cancel
        self.alone = alone
        self.done = self.known = 0

    def __call__(
        self, asked: Mapping[int, list[GenerationRequest]]
    ) -> dict[int, list[Answer] | ContextError]:
        """Each job's answers. Where a prompt is too long, all are asked one by one, so that it harms no other."""
        self.known += sum(map(len, asked.values()))
        try:
            answers = self._generate([request for requests in asked.values() for request in requests])
        except ContextError:
            return {number: self._one(requests) for number, requests in asked.items()}
        found: dict[int, list[Answer] | ContextError] = {}
        for number, requests in asked.items():
            found[number], answers = answers[: len(requests)], answers[len(requests) :]
        return found

    def _one(self, requests: list[GenerationRequest]) -> list[Answer] | ContextError:
        try:
            return self._generate(requests)
        except ContextError as error:
            return error

    def _generate(self, requests: list[GenerationRequest]) -> list[Answer]:
        answers = [Answer() for _ in requests]
        with self.alone:
            for chunk in self.engine.generate(requests, self.cancel):
                answers[chunk.index].add(chunk)
                if chunk.finish is not None:
                    self.done += 1
                    if self.on_progress is not None:
                        self.on_progress(self.done, self.known)
        return answers


def advance(job: Rounds, answers: list[Answer] | None) -> list[GenerationRequest] | Draft | EpitomeError:
    """The job's next prompts, or what it ends with. Rounds without a prompt are passed over."""
    try:
        asked = next(job) if answers is None else job.send(answers)
        while not asked:
            asked = job.send([])
        return asked
    except StopIteration as stop:
        draft: Draft = stop.value
        return draft
    except EpitomeError as error:
        return error
