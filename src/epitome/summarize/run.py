"""Drive many drafts over one engine: the prompts of all that are under way go into each batch together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from threading import Event

from epitome.engines.base import Answer, GenerationRequest, Generator, generated
from epitome.errors import ContextError, EpitomeError
from epitome.stages import Stage
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
    """Each job's draft with its number, as soon as it is finished; a job that fails gives its error.

    `wave` jobs are under way at once: as many as the engine answers together.
    """
    waiting = enumerate(jobs)
    active: dict[int, tuple[Rounds, list[GenerationRequest]]] = {}
    asker = _Asker(engine, on_progress, cancel)
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
        for number, answers in asker.ask({number: requests for number, (_, requests) in active.items()}):
            job, _ = active[number]
            asked = answers if isinstance(answers, EpitomeError) else advance(job, answers)
            if isinstance(asked, list):
                active[number] = (job, asked)
            else:
                del active[number]
                yield number, asked
        if cancel is not None and cancel.is_set():
            return


class _Asker:
    """Puts the prompts of several jobs to the engine together."""

    def __init__(self, engine: Generator, on_progress: Progress | None, cancel: Event | None) -> None:
        self.engine = engine
        self.on_progress = on_progress
        self.cancel = cancel
        self.done = self.known = 0

    def ask(
        self, asked: Mapping[int, list[GenerationRequest]]
    ) -> Iterator[tuple[int, list[Answer] | ContextError]]:
        """Each job's answers, as soon as it has all of them; none once cancelled.

        Where a prompt is too long, all are asked one by one, so that it harms no other.
        """
        self.known += sum(map(len, asked.values()))
        answered: set[int] = set()
        try:
            for number, answers in self._answers(asked):
                answered.add(number)
                yield number, answers
        except ContextError:
            for number in asked.keys() - answered:
                try:
                    yield from self._answers({number: asked[number]})
                except ContextError as error:
                    yield number, error

    def _answers(self, asked: Mapping[int, list[GenerationRequest]]) -> Iterator[tuple[int, list[Answer]]]:
        rows = [(number, at) for number, requests in asked.items() for at in range(len(requests))]
        answers = {number: [Answer() for _ in requests] for number, requests in asked.items()}
        left = {number: len(requests) for number, requests in asked.items()}
        for chunk in generated(self.engine, [asked[number][at] for number, at in rows], self.cancel):
            number, at = rows[chunk.index]
            answers[number][at].add(chunk)
            if chunk.finish is None:
                continue
            if self.cancel is not None and self.cancel.is_set():
                return
            self.done += 1
            left[number] -= 1
            if self.on_progress is not None:
                self.on_progress(self.done, self.known)
            if not left[number]:
                yield number, answers.pop(number)


def advance(job: Rounds, answers: list[Answer] | None) -> list[GenerationRequest] | Draft | EpitomeError:
    """The job's next prompts, or what it ends with. Rounds without a prompt are passed over."""
    try:
        with Stage("plan" if answers is None else "choose"):
            asked = next(job) if answers is None else job.send(answers)
            while not asked:
                asked = job.send([])
            return asked
    except StopIteration as stop:
        draft: Draft = stop.value
        return draft
    except EpitomeError as error:
        return error
