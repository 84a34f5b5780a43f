"""A generator that says what a test wants, for the logic of rounds. What a user is promised is tested with the
real model in `test_summarizer.py`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from threading import Event

from epitome.engines.base import Ability, Chunk, Decoding, GenerationRequest
from epitome.errors import ContextError
from epitome.summarize.write import Draft, Material, Rounds
from epitome.trust.check import Source
from epitome.types import Document, Prompt

Script = Callable[[str, str, Decoding], str]
"""From the instruction, the text and the decoding to the answer."""


def tokens(text: str) -> list[str]:
    """Words with the space before them, and marks."""
    return re.findall(r"\s*\w+|\s*[^\w\s]", text)


class Scripted:
    """Answers come from a function; a token is a word or a mark."""

    name = "scripted"
    model = "script"
    abilities: frozenset[Ability] = frozenset({"sampling", "seeds", "streaming"})

    def __init__(self, script: Script, context: int = 10_000) -> None:
        self.script = script
        self.context = context
        self.batches: list[list[GenerationRequest]] = []

    def encode(self, text: str) -> list[int]:
        return list(range(len(tokens(text))))

    def count(self, prompt: Prompt) -> int:
        return sum(len(tokens(message.text)) for message in prompt.messages)

    def generate(self, requests: Sequence[GenerationRequest], cancel: Event | None = None) -> Iterator[Chunk]:
        self.batches.append(list(requests))
        for request in requests:
            if self.count(request.prompt) + request.decoding.max_tokens > self.context:
                raise ContextError("the prompt is too long")
        for index, request in enumerate(requests):
            system, *_, user = request.prompt.messages
            said = self.script(system.text, user.text, request.decoding)
            yield Chunk(index, said, prompt_tokens=self.count(request.prompt))
            yield Chunk(index, "", finish="stop", generated_tokens=len(tokens(said)))

    def close(self) -> None:
        pass


def first_sentence(_: str, text: str, __: Decoding) -> str:
    """Says of every text what its first sentence says, in other words."""
    said = text.split(".")[0].strip().lower().removeprefix("reportedly ")
    return f"Reportedly {said}."


def material(document: Document, window: int = 1500) -> Material:
    return Material(document, Source(document), [], lambda text: len(tokens(text)), window)


def finished(job: Rounds, engine: Scripted) -> Draft:
    """Drive one job to its end."""
    from epitome.summarize.run import run

    ((_, draft),) = run([job], engine)
    assert isinstance(draft, Draft), draft
    return draft
