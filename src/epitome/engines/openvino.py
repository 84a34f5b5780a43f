"""OpenVINO (extra `fast`): many documents, or a process that stays up.

Its prompt kernels are far ahead of llama.cpp's, and it batches continuously; it starts in 3 s instead of 0.7.
Three traps shape this file. Its GGUF reader spoils 4-bit weights, so it only ever sees a Q8_0 made for it. And it
ignores, with a warning, an adapter given to a model read from GGUF: here that is an error, and an adapter comes merged
into the weights. And on import it reports to an analytics server: here it cannot.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from queue import Empty
from threading import Event, Lock
from typing import Any

from epitome.engines.apart import Apart, Tokens
from epitome.engines.base import Ability, Chunk, Decoding, FinishReason, GenerationRequest
from epitome.engines.continuous import Told, last_line, library
from epitome.engines.gather import POLL_SECONDS
from epitome.engines.machine import cores
from epitome.engines.stream import Detokenizer
from epitome.engines.vocabulary import END_OF_TURN, Vocabulary
from epitome.errors import ContextError, EngineError, ModelError
from epitome.models import cache, gguf, weights
from epitome.models.model import Model
from epitome.models.template import render, stops
from epitome.types import Prompt

INSTALL = 'pip install "epitome[fast]"'
ARCHITECTURES = {"llama", "qwen2", "qwen3"}
"""What its GGUF reader builds; Gemma's is refused there with an error about tensors."""
SAFE_TYPES = {"F32", "F16", "BF16", "Q8_0"}
"""Number formats that it reads faithfully: ROUGE-1 on 100 of SciTLDR is 31.4 from Q8_0 and 27.9 from Q4_1."""


class OpenVino:
    """A Llama-family GGUF model in OpenVINO GenAI.

    >>> with OpenVino(resolve("default")) as engine:
    ...     answers(engine, [GenerationRequest(Prompt((Message("user", text),))) for text in texts])

    It runs in a process of its own (`apart.py`). Several threads may generate at once: their requests run in one batch.

    Args:
        model: what to load; its `path` is a GGUF file of any quantisation.
        weights: a Q8_0 (or 16-bit) GGUF to load instead; None makes one of the model, once, and caches it.
        adapters: at most one, by the name that `Decoding.adapter` uses: a GGUF file of the model with the adapter
            merged into its weights, loaded instead. Every request must name it.
        context: tokens that prompt and answer may have; 0: the model's own.
        threads: 0 is one a core that this process may use.
        exact: compute in 32 bits throughout, so that an answer does not depend on what else is in the batch or
            was asked before. Twice to three times slower. Without it a greedy answer may change at a near tie.

    Raises:
        EngineError: the extra is missing, the architecture is not one it reads, or an adapter is not merged.
        ModelError: the weights cannot be loaded.
    """

    name = "openvino"
    abilities: frozenset[Ability] = frozenset(
        {"beams", "logprobs", "sampling", "seeds", "streaming", "token_ids"}
    )

    def __init__(
        self,
        model: Model,
        *,
        weights: Path | None = None,
        adapters: Mapping[str, Path] | None = None,
        context: int = 0,
        threads: int = 0,
        exact: bool = False,
    ) -> None:
        self.model = model.name
        head = _check(model, adapters)
        _installed()
        self._adapter: str | None = None
        for self._adapter, merged in (adapters or {}).items():
            weights = merged
        folder = converted(model, weights)
        self._template, self._jinja, self._tokens = model.template, head.chat_template, head.tokens
        self.context = context or model.context or head.context or 8192
        self._vocabulary = Vocabulary.load(folder)
        ends = {self._vocabulary.special(text) for text in (head.tokens.eos, *END_OF_TURN)}
        self._ends = {token for token in ends if token is not None}
        self._lock = Lock()
        self._closed = False
        self._start = partial(Apart, folder, threads=threads or cores(), exact=exact)
        self._apart = self._start()

    def encode(self, text: str) -> list[int]:
        return self._vocabulary.encode(text)

    def count(self, prompt: Prompt) -> int:
        return len(self._ids(prompt))

    def _ids(self, prompt: Prompt) -> list[int]:
        return self._vocabulary.ids(render(prompt, self._template, self._jinja, self._tokens))

    def generate(self, requests: Sequence[GenerationRequest], cancel: Event | None = None) -> Iterator[Chunk]:
        prompts = [self._ids(request.prompt) for request in requests]
        for ids, request in zip(prompts, requests, strict=True):
            self._admit(ids, request.decoding)
        apart, come = self._process(), Tokens()
        running: dict[int, _Running] = {}
        waiting = _by_prompt(prompts)

        def begin(which: Iterable[int]) -> None:
            for index in which:
                decoding = requests[index].decoding
                number = apart.add(prompts[index], decoding, self._ends, come)
                running[number] = self._running(index, len(prompts[index]), decoding)

        try:
            begin(waiting)
            while running:
                if cancel is not None and cancel.is_set():
                    for answer in running.values():
                        yield answer.abort()
                    for index in chain.from_iterable(waiting.values()):
                        yield Chunk(index, "", finish="abort", prompt_tokens=len(prompts[index]))
                    return
                try:
                    told = come.get(timeout=POLL_SECONDS)
                except Empty:
                    continue
                if (one := running.get(told.number)) is None:
                    continue  # ended by a stop text, while a step was on its way
                yield from one.take(told)
                if one.finished:
                    del running[told.number]
                    apart.cancel(told.number)
                begin(waiting.pop(one.index, ()))
        finally:
            for number in running:
                apart.cancel(number)

    def _process(self) -> Apart:
        """The process, started anew if it has died. Raises `EngineError` if the engine was closed."""
        with self._lock:
            if self._closed:
                raise EngineError(f"{self.model} was closed")
            if not self._apart.alive:
                self._apart.close()
                self._apart = self._start()
            return self._apart

    def _running(self, index: int, prompt_tokens: int, decoding: Decoding) -> _Running:
        # Markup among the stop texts are tokens, and those end the answer by themselves.
        texts = (
            text for text in (*decoding.stop, *stops(self._template)) if not self._vocabulary.special(text)
        )
        detokenizer = Detokenizer(self._vocabulary.decode, tuple(texts))
        return _Running(
            index,
            detokenizer,
            prompt_tokens,
            self._ends,
            self._vocabulary.words if decoding.logprobs else None,
        )

    def _admit(self, ids: list[int], decoding: Decoding) -> None:
        if not ids:
            raise EngineError("the prompt is empty")
        if decoding.adapter != self._adapter:
            raise EngineError(
                f"{self.model} was opened with {self._adapter or 'no adapter'} in OpenVINO, and "
                f"{decoding.adapter or 'the bare base'} was asked for",
                hint="an adapter is merged there: open it anew, or use --engine llamacpp",
            )
        for asked, what, engine in (
            (bool(decoding.grammar), "grammars", "llamacpp"),
            (decoding.alternatives > 0, "alternatives", "llamacpp"),
            (decoding.contrast > 0, "contrast", "transformers"),
            # It is accepted and ignored there, with one sequence.
            (
                decoding.no_repeat_ngram > 0 and decoding.beams == 1,
                "no_repeat_ngram without beams",
                "llamacpp",
            ),
        ):
            if asked:
                raise EngineError(f"the openvino engine has no {what}", hint=f"--engine {engine} has it")
        if decoding.beams > 1 and decoding.temperature > 0:
            raise EngineError("beam search and sampling exclude each other", hint="set temperature to 0")
        if len(ids) + decoding.max_tokens > self.context:
            raise ContextError(
                f"the prompt has {len(ids)} tokens and the answer up to {decoding.max_tokens}; "
                f"{self.model} runs with a context of {self.context}",
                hint="shorten the document, or ask for less",
            )

    @property
    def pid(self) -> int:
        """Of the process in which it runs."""
        return self._apart.pid

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._apart.close()

    def __enter__(self) -> OpenVino:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Running:
    """One answer on its way."""

    def __init__(
        self,
        index: int,
        text: Detokenizer,
        prompt_tokens: int,
        ends: set[int],
        words: Callable[[list[int]], tuple[str, ...]] | None,
    ) -> None:
        self.index = index
        self.finished = False
        self._text = text
        self._prompt_tokens = prompt_tokens
        self._ends = ends
        self._words = words
        self._generated = 0

    def take(self, told: Told) -> Iterator[Chunk]:
        """What a step brought. Raises `EngineError` for what is no answer."""
        if told.finish not in (None, "stop", "length"):
            self.finished = True
            raise EngineError(f"OpenVINO dropped a request: {told.finish}", hint="ask for less, or again")
        ids = list(told.ids)
        while ids and ids[-1] in self._ends:
            ids.pop()
        logprobs: tuple[float, ...] = ()
        tokens: tuple[str, ...] = ()
        if self._words is not None:
            logprobs, tokens = tuple(told.logprobs[: len(ids)]), self._words(ids)
        self._generated += len(ids)
        text = self._text.push(ids)
        if self._text.stopped:
            yield self._last(text, "stop", logprobs, tokens)
        elif told.finish is not None:
            reason: FinishReason = "stop" if told.finish == "stop" else "length"
            yield self._last(text + self._text.finish(), reason, logprobs, tokens)
        elif text or logprobs:
            yield Chunk(self.index, text, logprobs, tokens)

    def abort(self) -> Chunk:
        """The end of one that is not wanted any more."""
        return self._last(self._text.finish(), "abort")

    def _last(
        self, text: str, reason: FinishReason, logprobs: tuple[float, ...] = (), tokens: tuple[str, ...] = ()
    ) -> Chunk:
        self.finished = True
        return Chunk(
            self.index,
            text,
            logprobs,
            tokens,
            finish=reason,
            prompt_tokens=self._prompt_tokens,
            generated_tokens=self._generated,
        )


def _by_prompt(prompts: Sequence[Sequence[int]]) -> dict[int, list[int]]:
    """The first request of each prompt, and those that ask the same again.

    These wait until it has been read, and find it in the cache: started together, each would read it anew, which was 14
    of 19 seconds for three abstracts in 16 versions.
    """
    first: dict[tuple[int, ...], int] = {}
    found: dict[int, list[int]] = {}
    for index, ids in enumerate(prompts):
        head = first.setdefault(tuple(ids), index)
        if head == index:
            found[index] = []
        else:
            found[head].append(index)
    return found


def converted(model: Model, source: Path | None = None) -> Path:
    """The folder of the model as OpenVINO's own format: made now or earlier, of `source` or of a Q8_0 of the model.

    Raises `EngineError` for weights that its reader would spoil, or without the extra. SmolLM2-135M takes 7 s and
    144 MB.
    """
    source = source or weights.prepared(model, "q8_0")
    head = gguf.read(source)
    if spoilt := sorted(set(head.tensor_types) - SAFE_TYPES):
        raise EngineError(
            f"{source}: OpenVINO would spoil its {', '.join(spoilt)} weights", hint="give it a Q8_0 file"
        )
    stat = source.stat()
    key = hashlib.sha256(f"{source.resolve()} {stat.st_size} {stat.st_mtime_ns} {_version()}".encode())
    target = cache.folder(weights.FOLDER) / f"{source.stem}-{key.hexdigest()[:16]}.openvino"
    if target.is_dir():
        return target
    with cache.locked(weights.FOLDER):
        if not target.is_dir():  # made by somebody else while we waited
            cache.require_space(stat.st_size, f"{model.name} for OpenVINO")
            with cache.work_folder(weights.FOLDER) as work, cache.writing(target):
                _convert(source, work)
                (work / "model").rename(target)
    return target


def _convert(source: Path, work: Path) -> None:
    """Write `source` as OpenVINO reads it fastest to `work/model`."""
    openvino_genai = _genai()
    model = work / "model"
    model.mkdir()
    # It writes beside the file it reads.
    link = model / "weights.gguf"
    try:
        link.hardlink_to(source)
    except OSError:  # another disk
        link.symlink_to(source.resolve())
    try:
        openvino_genai.ContinuousBatchingPipeline(
            str(link), openvino_genai.SchedulerConfig(), "CPU", {"enable_save_ov_model": True}, {}
        )
    except RuntimeError as error:
        raise ModelError(f"{source}: OpenVINO cannot load it ({last_line(error)})") from error
    link.unlink()
    Vocabulary.read(source).save(model)
    if not (model / "openvino_model.xml").is_file():
        raise ModelError(f"{source}: OpenVINO did not convert it", hint="--engine llamacpp")


def _check(model: Model, adapters: Mapping[str, Path] | None) -> gguf.Metadata:
    if model.format != "gguf" or model.path is None:
        raise EngineError(f"{model.name} is no GGUF model", hint="--engine transformers runs hub models")
    if len(adapters or {}) > 1 or any(
        gguf.read(path).kind == "adapter" for path in (adapters or {}).values()
    ):
        raise EngineError(
            f"OpenVINO ignores adapters on GGUF models, so {', '.join(adapters or {})} would change nothing",
            hint="one adapter, merged into the weights first, or --engine llamacpp",
        )
    head = gguf.read(model.path)
    if head.architecture not in ARCHITECTURES:
        raise EngineError(
            f"OpenVINO does not read {model.name}: its architecture is {head.architecture}",
            hint="--engine llamacpp runs it",
        )
    return head


def _installed() -> None:
    for name in ("openvino_genai", "tokenizers"):
        if find_spec(name) is None:
            raise EngineError(f"the openvino engine is not installed (no {name})", hint=INSTALL)


def _genai() -> Any:
    _installed()
    try:
        return library()
    except (ImportError, OSError) as error:
        raise EngineError(f"the openvino engine is not installed ({error})", hint=INSTALL) from error


def _version() -> str:
    from importlib.metadata import version

    return version("openvino-genai")
