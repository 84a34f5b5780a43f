"""Drive many drafts over one engine: the prompts of all that are under way go into each batch together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from threading import Event

from epitome.engines.base import Answer, GenerationRequest, Generator
from epitome.errors import EpitomeError
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
) -> Iterator[tuple[int, Draft | EpitomeError]]:
    """Each job's draft with its number, as they are finished; a job that fails gives its error.

    `wave` jobs are under way at once: as many as the engine answers together.
    """
    waiting = enumerate(jobs)
    active: dict[int, tuple[Rounds, list[GenerationRequest]]] = {}
    done = known = 0
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
        batch = [request for _, requests in active.values() for request in requests]
        known += len(batch)
        answers = [Answer() for _ in batch]
        for chunk in engine.generate(batch, cancel):
            answers[chunk.index].add(chunk)
            if chunk.finish is not None:
                done += 1
                if on_progress is not None:
                    on_progress(done, known)
        if cancel is not None and cancel.is_set():
            return
        for number, (job, requests) in list(active.items()):
            mine, answers = answers[: len(requests)], answers[len(requests) :]
            asked = advance(job, mine)
            if isinstance(asked, list):
                active[number] = (job, asked)
            else:
                del active[number]
                yield number, asked


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
