"""The seam behind which models run: prompts in, an iterator of chunks out.

An engine knows neither documents nor stores. What it cannot do is an `EngineError`, never a silent change.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Literal, Protocol

from epitome.stages import Stage
from epitome.types import Prompt

FinishReason = Literal["stop", "length", "abort"]
Ability = Literal[
    "adapters",
    "alternatives",
    "beams",
    "contrast",
    "grammar",
    "logprobs",
    "sampling",
    "seeds",
    "streaming",
    "token_ids",
]


@dataclass(frozen=True, slots=True)
class Decoding:
    """How to generate. `temperature` 0 is greedy; `beams` above 1 is beam search."""

    max_tokens: int = 128
    min_tokens: int = 0
    """Before these the answer does not end by itself."""
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    """0 leaves all tokens."""
    seed: int = 0
    beams: int = 1
    length_penalty: float = 1.0
    repeat_penalty: float = 1.0
    no_repeat_ngram: int = 0
    stop: tuple[str, ...] = ()
    grammar: str = ""
    """GBNF."""
    logprobs: bool = False
    alternatives: int = 0
    """How many of the most likely tokens to report at each step, with their log-probabilities."""
    contrast: float = 0.0
    """How much what `GenerationRequest.without` makes likely is held back: context-aware decoding's α (Shi et al.
    2023). 0 is ordinary decoding."""
    adapter: str | None = None
    """One of the adapters the engine was opened with; None is the bare base."""


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """One prompt and how to continue it."""

    prompt: Prompt
    decoding: Decoding = Decoding()
    without: Prompt | None = None
    """With `Decoding.contrast`: the same prompt, without what the answer shall rest on."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of the answer to `requests[index]`. The last one of an answer carries `finish`."""

    index: int
    text: str
    logprobs: tuple[float, ...] = ()
    """Natural logarithms, one a token, if asked for."""
    tokens: tuple[str, ...] = ()
    """The tokens as text, beside `logprobs`."""
    alternatives: tuple[tuple[tuple[str, float], ...], ...] = ()
    """For each token the most likely ones at its place (text, log-probability), if asked for."""
    finish: FinishReason | None = None
    prompt_tokens: int = 0
    """On the last chunk: tokens of the prompt."""
    cached_tokens: int = 0
    """On the last chunk: how many of them were not evaluated again."""
    generated_tokens: int = 0
    """On the last chunk."""


class Generator(Protocol):
    """A model, loaded. Use it as a context manager or call `close()`."""

    name: str
    """`llamacpp`, `openvino`, `transformers` or `openai`."""
    model: str

    @property
    def context(self) -> int:
        """Tokens that prompt and answer may have together."""

    @property
    def abilities(self) -> frozenset[Ability]:
        """What it can do besides greedy text."""

    def encode(self, text: str) -> list[int]:
        """Token ids of plain text; text that looks like a special token is not one."""

    def count(self, prompt: Prompt) -> int:
        """Tokens of the whole prompt, template included."""

    def generate(self, requests: Sequence[GenerationRequest], cancel: Event | None = None) -> Iterator[Chunk]:
        """Answers to all requests, interleaved as they come; batching is the engine's business.

        Raises `ContextError` before anything is generated if a prompt and its `max_tokens` do not fit, and
        `EngineError` for a decoding that the engine does not know. When `cancel` is set, or the iterator is
        closed, generation stops and the open answers end with `finish="abort"`.
        """

    def close(self) -> None:
        """Free the model."""


@dataclass(slots=True)
class Answer:
    """All chunks of one answer, put together."""

    text: str = ""
    logprobs: list[float] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    alternatives: list[tuple[tuple[str, float], ...]] = field(default_factory=list)
    finish: FinishReason = "stop"
    prompt_tokens: int = 0
    cached_tokens: int = 0
    generated_tokens: int = 0

    def add(self, chunk: Chunk) -> None:
        """Append a chunk of this answer."""
        self.text += chunk.text
        self.logprobs.extend(chunk.logprobs)
        self.tokens.extend(chunk.tokens)
        self.alternatives.extend(chunk.alternatives)
        if chunk.finish is not None:
            self.finish = chunk.finish
            self.prompt_tokens = chunk.prompt_tokens
            self.cached_tokens = chunk.cached_tokens
            self.generated_tokens = chunk.generated_tokens


def generated(
    engine: Generator, requests: Sequence[GenerationRequest], cancel: Event | None = None
) -> Iterator[Chunk]:
    """`engine.generate`, as a stage that knows its tokens and the seconds until the first of them."""
    with Stage("generate") as stage:
        stage.facts |= {
            "prompts": len(requests),
            "prompt_tokens": 0,
            "cached_tokens": 0,
            "generated_tokens": 0,
        }
        unfinished = len(requests)
        for chunk in engine.generate(requests, cancel):
            if chunk.text and "first_token" not in stage.facts:
                stage.facts["first_token"] = time.perf_counter() - stage.started
            if chunk.finish is not None:
                for name in ("prompt_tokens", "cached_tokens", "generated_tokens"):
                    stage.facts[name] = int(stage.facts[name]) + int(getattr(chunk, name))
                unfinished -= 1
                if not unfinished:
                    stage.done()  # what is done with the last answer is no generation
            yield chunk


def answers(
    engine: Generator, requests: Sequence[GenerationRequest], cancel: Event | None = None
) -> list[Answer]:
    """Run all requests and wait: one answer a request, in order."""
    collected = [Answer() for _ in requests]
    for chunk in generated(engine, requests, cancel):
        collected[chunk.index].add(chunk)
    return collected
