"""Stages of the work are told to whoever listens in the context."""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import copy_context
from threading import Thread

import pytest

from epitome.stages import Ended, Stage, listening


class Heard:
    """A listener that keeps what it was told."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.done: list[Stage] = []

    def __call__(self, stage: Stage) -> Ended:
        self.begun.append(stage.name)
        return lambda: self.done.append(stage)


def test_a_stage_is_told_when_it_begins_and_once_when_it_is_done() -> None:
    heard = Heard()
    with listening(heard):
        with Stage("read") as stage:
            assert (heard.begun, heard.done) == (["read"], [])
            stage.facts["characters"] = 7
            stage.done()
        stage.done()
    with Stage("read"):  # nobody listens any more
        pass
    assert heard.done == [stage]
    assert stage.seconds > 0
    assert stage.facts == {"characters": 7}


def test_threads_that_work_in_the_context_are_heard_and_others_are_not() -> None:
    heard = Heard()

    def work() -> None:
        with Stage("generate"):
            pass

    with listening(heard):
        for thread in (Thread(target=copy_context().run, args=(work,)), Thread(target=work)):
            thread.start()
            thread.join()
    assert heard.begun == ["generate"]


def test_an_error_is_named_and_the_end_of_a_generator_is_none() -> None:
    def numbers() -> Iterator[int]:
        with Stage("plan"):
            yield 1
            yield 2

    heard = Heard()
    with listening(heard):
        with pytest.raises(ValueError, match="x"), Stage("check"):
            raise ValueError("x")
        assert list(numbers()) == [1, 2]
        next(iter(numbers()))  # and left
    ends = [(stage.name, stage.error) for stage in heard.done]
    assert ends == [("check", "ValueError"), ("plan", None), ("plan", None)]
