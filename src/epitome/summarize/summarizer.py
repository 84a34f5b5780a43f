"""The product's front door: a model, opened once, that turns documents into summaries."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from threading import Event
from typing import Any

from epitome.engines.base import Decoding, GenerationRequest, Generator, answers
from epitome.engines.open import open_engine
from epitome.engines.spans import SpanTagger
from epitome.engines.wardrobe import Wardrobe
from epitome.errors import EngineError, EpitomeError, ModelError, UsageError
from epitome.models.folder import AUTO, Form, Trained, Worn, called, spoken, worn
from epitome.models.model import Model, Progress
from epitome.models.resolve import resolve
from epitome.stages import Stage
from epitome.summarize import obedient, prompts
from epitome.summarize.assemble import assemble, extractive, laid_out
from epitome.summarize.budget import budget, length
from epitome.summarize.candidate import Candidate
from epitome.summarize.highlights import NAME as SPANS
from epitome.summarize.highlights import guide as guided_by
from epitome.summarize.highlights import highlighted, open_guide, require_marker, selects
from epitome.summarize.opened import Opened, Text, opened
from epitome.summarize.run import advance, run
from epitome.summarize.shots import SHOTS, Paired, Shots, Shown
from epitome.summarize.suited import closet, suited
from epitome.summarize.write import ANSWER_TOKENS, Draft, Material, Rounds, write
from epitome.trust.check import Source
from epitome.trust.instructions import instructions
from epitome.types import Document, Message, Prompt, Request, Summary

WINDOW = 1500
"""Tokens of document in one prompt, where the model's context allows it."""
WAVES = {"llamacpp": 1, "openvino": 64, "transformers": 64, "openai": 8}
"""Documents under way at once: as many as the engine answers together. llama.cpp reads one prompt after the other and
keeps the last, so a document is finished before the next one is begun."""
LEAST_WINDOW = 64
OVERHEAD, FRAMES = 500, 4
"""Tokens kept free for the instruction, the template and the answer; where so many times the shortest frame of a
document and an answer take fewer, these: a network that reads a document alone has 512 positions, and needs them."""
CONTEXT = 8192
"""Tokens of context at most that examples may make it: the engine keeps memory for all of them."""


class Summarizer:
    """Summarises documents with one model.

    >>> with Summarizer() as summarizer:
    ...     summary = summarizer("Long text …", style="bullets")
    ...     print(summary, summary.sentences[0].sources)

    Args:
        model: a name of the catalogue, a GGUF file, a folder, a hub id, an OpenAI-compatible URL, or one of
            `lead`, `textrank`, `lexrank`, which copy sentences instead of writing them.
        adapter: a LoRA to put on it: a folder, a GGUF file, or the name of one that Epitome brings; `auto` chooses for
            each document of these the one that suits it, or none, and is None with examples; None or "none" is the
            bare base.
        engine: `auto`, `llamacpp`, `openvino`, `transformers` or `openai`.
        work: how many documents are to come, as far as known; `auto` chooses by it.
        on_note: told in one line what `auto` chose, and why.
        on_download: told what is being fetched, the bytes done and the bytes in all.
        examples: (document, summary) pairs, or what `epitome.datasets.read.load` gives. The likest stand before each
            document, as turns already answered; of a trained model and a focus see `docs/requests.md`.
        shots: how many of them at most.

    Raises:
        UsageError: there is no example, or the model copies and would learn nothing from one.
        ModelError: the model cannot be found, fetched or loaded.
        EngineError: the engine cannot run it on this machine.
    """

    def __init__(
        self,
        model: str = "default",
        *,
        adapter: str | None = AUTO,
        engine: str = "auto",
        work: int = 1,
        on_note: Callable[[str], None] | None = None,
        on_download: Progress | None = None,
        examples: Iterable[tuple[str, str] | Paired] | None = None,
        shots: int = SHOTS,
    ) -> None:
        self._guide: SpanTagger | None = None
        self.guide: str | None = None
        self.shots = None if examples is None else Shots(examples, shots)
        self._worn = worn(model, adapter)
        self.model: Model = spoken(resolve(self._worn.base, on_progress=on_download), self._worn.trained)
        self.closet = closet(self.model) if adapter == AUTO and examples is None else []
        self._engine: Generator | None = None
        self._tagger: SpanTagger | None = None
        self._note = on_note if work > 1 else None
        if self.shots is not None:
            self._taught_by(self.shots, on_note)
        options: Any = {"engine": engine, "work": work, "context": self._context(), "on_note": on_note}
        if self.closet:
            self._engine = Wardrobe(self.model, **options)
        elif selects(self.model):
            self._tagger = open_guide(str(self.model.path))
        elif self.model.format != "extractive":
            self._engine = open_engine(self.model, adapter=self.adapter, **options)

    def guided(self, folder: str) -> Summarizer:
        """Itself, reading only the sentences with words that the encoder in `folder` selects (docs/selection.md), where
        no focus says what to read.

        Raises `ModelError` if it selects none, `UsageError` for a model that writes nothing.
        """
        if self._engine is None:
            raise UsageError(
                f"{self.model.name} reads everything: it copies", hint="guide a model that writes"
            )
        self._guide, self.guide = open_guide(folder), folder
        return self

    @property
    def adapter(self) -> str | None:
        """The adapter on the model; None also where each document gets one of `closet`, or none."""
        return self._worn.adapter

    @property
    def engine(self) -> str:
        """The engine's name; `spans` where they are marked, `none` where sentences are copied."""
        if self._tagger is not None:
            return SPANS
        return self._engine.name if self._engine is not None else "none"

    @property
    def identity(self) -> str:
        """What a text depends on besides the request: model, weights, adapter and examples."""
        weights = self.model.sha256 or self.model.path
        adapter = AUTO if self.closet else self.adapter
        return f"{self.model.name}:{weights}:{adapter}:{self.engine}{self.shown_by}"

    @property
    def shown_by(self) -> str:
        """The part of examples and guide in an identity, empty without any."""
        guided = f":guide={self.guide}" if self.guide else ""
        return guided if self.shots is None else f":examples={self.shots.identity}{guided}"

    def _taught_by(self, shots: Shots, on_note: Callable[[str], None] | None) -> None:
        if self.model.format == "extractive":
            raise UsageError(
                f"{self.model.name} copies sentences and learns nothing from examples",
                hint="leave them out, or name a model that writes",
            )
        if on_note is not None and (self.adapter or self._worn.trained):
            on_note(
                f"{self.adapter or self.model.name} was trained to be asked without examples; they are put before "
                "each document all the same"
            )

    def _context(self) -> int:
        """Tokens the engine has to hold at once."""
        least = WINDOW + OVERHEAD
        return least if self.shots is None else max(least, min(CONTEXT, least + self.shots.tokens))

    def __call__(self, source: Text, request: Request | None = None, **fields: Any) -> Summary:
        """The summary of a text or a document.

        `fields` are those of `Request`, for short. Raises `SourceError` for an empty document and `ModelError`
        if the model does not know its language.
        """
        result = next(iter(self.batch([source], request, **fields)))
        if isinstance(result, EpitomeError):
            raise result
        return result

    def batch(
        self,
        sources: Iterable[Text],
        request: Request | None = None,
        *,
        on_progress: Callable[[int, int], None] | None = None,
        cancel: Event | None = None,
        **fields: Any,
    ) -> Iterator[Summary | EpitomeError]:
        """One summary a source, in order; a source that fails gives its error instead.

        `on_progress` is told the prompts answered and those known so far.
        """
        asked = requested(request, fields)
        held: dict[int, Summary | EpitomeError] = {}
        following = 0
        for number, result in self.as_finished(sources, asked, on_progress=on_progress, cancel=cancel):
            held[number] = result
            while following in held:
                yield held.pop(following)
                following += 1

    def as_finished(
        self,
        sources: Iterable[Text],
        request: Request,
        *,
        on_progress: Callable[[int, int], None] | None = None,
        cancel: Event | None = None,
    ) -> Iterator[tuple[int, Summary | EpitomeError]]:
        """Like `batch`, but each with its number as soon as it is done."""
        materials: Materials = {}
        if self._engine is None:
            for number, source in enumerate(sources):
                yield number, self._extractive(source, request)
            return
        drafts = run(
            self._jobs(sources, request, materials),
            self._engine,
            wave=WAVES.get(self._engine.name, 1),
            on_progress=on_progress,
            cancel=cancel,
        )
        for number, draft in drafts:
            if isinstance(draft, EpitomeError):
                materials.pop(number, None)
                yield number, draft
            else:
                yield number, self._finish(materials.pop(number), draft)

    def _jobs(self, sources: Iterable[Text], request: Request, materials: Materials) -> Iterator[Rounds]:
        for number, source in enumerate(sources):
            yield self._job(number, source, request, materials)

    def _job(
        self,
        number: int,
        source: Text | Opened,
        request: Request,
        materials: Materials,
        on_sentence: Callable[[Candidate], None] | None = None,
    ) -> Rounds:
        assert self._engine is not None
        started = time.perf_counter()
        seen = opened(source, request)
        document, request = seen.document, seen.request
        require_marker(request, self.model.name)
        self._speaks(document, request)
        wearing = self._wearing(document, request)
        engine, trained = self._engine, wearing.trained
        if isinstance(engine, Wardrobe):
            engine = engine.wearing(wearing.adapter)
        if request.context_aware and "contrast" not in engine.abilities:
            raise EngineError(
                f"the {engine.name} engine has no context-aware decoding", hint="--engine transformers"
            )
        window = _window(engine, trained)
        material = Material(
            document,
            Source(document),
            instructions(document.text, document.language),
            lambda text: len(engine.encode(text)),
            window,
            wearing.adapter,
            trained.form if trained else None,
            trained.decoding if trained else {},
            trained is not None and trained.requests,
            guide=None if self._guide is None else guided_by(self._guide),
        )
        if self.shots is not None:
            material.shown = self._shown(material, request, self.shots)
        if request.candidates is None and trained is not None:
            request = replace(request, candidates=trained.candidates)
        materials[number] = (material, seen, started)
        return (yield from write(material, request, "alternatives" in engine.abilities, on_sentence))

    def _wearing(self, document: Document, request: Request) -> Worn:
        """What is put on for this document. Raises `UsageError` for an adapter that is not among those held."""
        if request.adapter is None:
            return suited(document, request, self.closet) or self._worn
        held = {called(worn.adapter) or "none": worn for worn in (self._worn, *self.closet)}
        if request.adapter not in held:
            raise UsageError(
                f"there is no adapter {request.adapter!r} here", hint=f"one of {', '.join(sorted(held))}"
            )
        return held[request.adapter]

    def _shown(self, material: Material, request: Request, shots: Shots) -> Shown:
        """The examples that fit before the longest prompt about it. Where many come, the first lack is noted."""
        assert self._engine is not None
        if request.focus:
            shown = Shown(warning="no example was shown: they are summaries of the whole, not of a focus")
        else:
            text = min(material.window, material.count(material.document.text))
            shown = shots.shown(material.document, material.count, self._engine.context - OVERHEAD - text)
        if shown.warning and self._note is not None:
            self._note(f"{shown.warning} ({material.document.source or 'this'} is the first such document)")
            self._note = None
        return shown

    def _speaks(self, document: Document, request: Request) -> None:
        """Refuse a language that the model does not know, rather than write rubbish."""
        known = self.model.languages
        for language in (document.language, request.language or document.language):
            if known and language not in known:
                named = f"{document.source}: " if document.source else ""
                raise ModelError(
                    f"{named}{self.model.name} knows {', '.join(known)} only, and this asks for {language!r}",
                    hint="--model gemma3-270m writes it once its terms are accepted (epitome models pull "
                    "gemma3-270m), so does any larger hub model; --model lexrank copies sentences in any language",
                )

    def _finish(self, ready: tuple[Material, Opened, float], draft: Draft) -> Summary:
        assert self._engine is not None
        material, seen, started = ready
        with Stage("check"):
            summary = seen.shown(assemble(material, seen.request, draft))
        summary.model = self.model.name
        summary.adapter = called(material.adapter)
        summary.engine = self._engine.name
        summary.seconds = round(time.perf_counter() - started, 3)
        return summary

    def _extractive(self, source: Text, request: Request) -> Summary | EpitomeError:
        started = time.perf_counter()
        try:
            seen = opened(source, request)
            summary = seen.shown(self._copied(seen.document, seen.request))
        except EpitomeError as error:
            return error
        summary.seconds = round(time.perf_counter() - started, 3)
        return summary

    def _copied(self, document: Document, request: Request) -> Summary:
        """Of a model that writes nothing: sentences, or marked spans."""
        if self._tagger is not None:
            return highlighted(document, self._tagger, self.model, request)
        require_marker(request, self.model.name)
        return extractive(document, self.model.name, request)

    def stream(
        self, source: Text, request: Request | None = None, *, cancel: Event | None = None, **fields: Any
    ) -> Stream:
        """The summary sentence by sentence, each as soon as it is certain to stand in it; none once `cancel` is set.

        >>> stream = summarizer.stream(text, style="paragraph")
        >>> for piece in stream:
        ...     print(piece, end="", flush=True)
        >>> stream.summary.read_share
        """
        return Stream(self._pieces(opened(source, requested(request, fields)), cancel or Event()))

    def _pieces(self, seen: Opened, cancel: Event) -> Iterator[str | Summary]:
        document, request = seen.document, seen.request
        if self._engine is None:
            copied = seen.shown(self._copied(document, request))
            yield copied.text
            yield copied
            return
        certain: list[str] = []
        materials: Materials = {}
        job = self._job(0, seen, request, materials, lambda candidate: certain.append(candidate.text))
        shown = ""
        asked = advance(job, None)
        while isinstance(asked, list):
            answered = answers(self._engine, asked, cancel)
            if cancel.is_set():
                return
            asked = advance(job, answered)
            style = budget(document, request).style
            text = seen.said(laid_out(certain, style, request.language or document.language))
            if text != shown:
                yield text.removeprefix(shown)
                shown = text
        if isinstance(asked, EpitomeError):
            raise asked
        summary = self._finish(materials[0], asked)
        if summary.text != shown:
            yield summary.text.removeprefix(shown)
        yield summary

    async def acall(self, source: Text, request: Request | None = None, **fields: Any) -> Summary:
        """Like calling it, without blocking the event loop."""
        return await asyncio.to_thread(self, source, request, **fields)

    def warm(self) -> None:
        """Answer one token: what an engine does once, no document waits for. Raises `EngineError` without an answer."""
        if self._engine is not None:
            decoding = Decoding(max_tokens=1, adapter=self.adapter)
            answers(self._engine, [GenerationRequest(Prompt((Message("user", "Hello"),)), decoding)])

    def close(self) -> None:
        """Free the model."""
        for held in (self._engine, self._tagger, self._guide):
            if held is not None:
                held.close()

    def __enter__(self) -> Summarizer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


Materials = dict[int, tuple[Material, Opened, float]]
"""What is under way, by number, and when it was begun."""


class Stream(Iterator[str]):
    """Pieces of a summary as they come; joined they are its text. `summary` is there when they have ended."""

    def __init__(self, pieces: Iterator[str | Summary]) -> None:
        self._pieces = pieces
        self.summary: Summary | None = None

    def __next__(self) -> str:
        piece = next(self._pieces)
        if isinstance(piece, Summary):
            self.summary = piece
            raise StopIteration
        return piece


def _window(engine: Generator, trained: Trained | None) -> int:
    """Tokens of document in a prompt."""
    if engine.context >= WINDOW + OVERHEAD:
        return WINDOW
    form = trained.form if trained is not None else Form()
    frame = engine.count(prompts.prompt(prompts.Text(""), prompts.Asked(), "en", form=form))
    answer = obedient.TOKENS if trained is not None and trained.requests else ANSWER_TOKENS
    return min(WINDOW, max(LEAST_WINDOW, engine.context - min(OVERHEAD, FRAMES * frame + answer)))


def requested(request: Request | None, fields: dict[str, Any]) -> Request:
    """The request with `fields` in place of its own; lengths may be given as on the command line."""
    for name in ("words", "sentences"):
        asked = fields.get(name)
        if isinstance(asked, int | str):
            fields[name] = length(str(asked), name)
        elif isinstance(asked, tuple | list | range):
            raise UsageError(f"{name}={asked!r}: no length", hint='say 50, "40-60" or Length(40, 60)')
    for name in ("mention", "glossary"):
        if name in fields:
            fields[name] = (fields[name],) if isinstance(fields[name], str) else tuple(fields[name])
    try:
        return replace(request or Request(), **fields)
    except TypeError as error:
        raise UsageError(f"unknown request field: {error}", hint="see epitome.Request") from error
