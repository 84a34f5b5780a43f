"""OpenVINO (extra `fast`): many documents, or a process that stays up.

Its prompt kernels are far ahead of llama.cpp's, and it batches continuously; it starts in 3 s instead of 0.7.
Three traps shape this file. Its GGUF reader spoils 4-bit weights, so it only ever sees a Q8_0 made for it. And it
ignores, with a warning, an adapter given to a model read from GGUF: here that is an error, and an adapter comes merged
into the weights. And on import it reports to an analytics server: here it cannot.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, count
from pathlib import Path
from threading import Condition, Event
from typing import Any, NamedTuple

from epitome.engines.base import Ability, Chunk, Decoding, FinishReason, GenerationRequest
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
_EXACT = {
    "INFERENCE_PRECISION_HINT": "f32",
    "KV_CACHE_PRECISION": "f32",
    "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0",
}


class OpenVino:
    """A Llama-family GGUF model in OpenVINO GenAI.

    >>> with OpenVino(resolve("default")) as engine:
    ...     answers(engine, [GenerationRequest(Prompt((Message("user", text),))) for text in texts])

    Several threads may generate at once: their requests run in one batch, and each step is made for all of them.

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
        _genai()
        self._adapter: str | None = None
        for self._adapter, merged in (adapters or {}).items():
            weights = merged
        folder = converted(model, weights)
        self._template, self._jinja, self._tokens = model.template, head.chat_template, head.tokens
        self.context = context or model.context or head.context or 8192
        self._vocabulary = Vocabulary.load(folder)
        ends = {self._vocabulary.special(text) for text in (head.tokens.eos, *END_OF_TURN)}
        self._ends = {token for token in ends if token is not None}
        self._numbers = count(1)
        self._turn = Condition()
        self._stepping = False
        self._pipeline: Any = _load(folder, threads or cores(), exact)

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
        if self._pipeline is None:
            raise EngineError(f"{self.model} was closed")
        running: list[_Running] = []
        waiting = _by_prompt(prompts)
        try:
            begin = partial(self._begin, prompts, requests)
            running.extend(begin(waiting))
            while running:
                if cancel is not None and cancel.is_set():
                    for answer in running:
                        yield answer.abort()
                    for index in chain.from_iterable(waiting.values()):
                        yield Chunk(index, "", finish="abort", prompt_tokens=len(prompts[index]))
                    return
                self._step()
                for answer in running:
                    yield from answer.read()
                for first in [answer.index for answer in running if answer.begun]:
                    running.extend(begin(waiting.pop(first, ())))
                running = [answer for answer in running if not answer.finished]
        finally:
            for answer in running:
                answer.handle.cancel()
            if running and self._pipeline is not None:
                self._step()  # the cancelled ones give their memory back

    def _step(self) -> None:
        """A step for all threads: who finds nobody at it makes it, the others wait and read what it brought.

        With a lock alone, one thread would step on and on while others, whose answers are there, wait for the lock.
        """
        with self._turn:
            if self._stepping:
                self._turn.wait()
                return
            if self._pipeline is None:
                raise EngineError(f"{self.model} was closed")
            self._stepping = True
        try:
            if self._pipeline.has_non_finished_requests():
                self._pipeline.step()
        except RuntimeError as error:
            raise EngineError(f"OpenVINO: {_last_line(error)}") from error
        finally:
            with self._turn:
                self._stepping = False
                self._turn.notify_all()

    def _begin(
        self, prompts: Sequence[list[int]], requests: Sequence[GenerationRequest], which: Iterable[int]
    ) -> Iterator[_Running]:
        # A request may be added while another thread steps: the pipeline guards its list, and takes it up in the next.
        for index in which:
            yield self._start(index, prompts[index], requests[index].decoding)

    def _start(self, index: int, ids: list[int], decoding: Decoding) -> _Running:
        import numpy as np
        from openvino import Tensor

        try:
            handle = self._pipeline.add_request(
                next(self._numbers), Tensor(np.array([ids], dtype=np.int64)), self._config(decoding)
            )
        except RuntimeError as error:
            raise EngineError(f"OpenVINO: {_last_line(error)}") from error
        # Markup among the stop texts are tokens, and those end the answer by themselves.
        texts = (
            text for text in (*decoding.stop, *stops(self._template)) if not self._vocabulary.special(text)
        )
        detokenizer = Detokenizer(self._vocabulary.decode, tuple(texts))
        words = self._vocabulary.words if decoding.logprobs else None
        return _Running(index, handle, detokenizer, len(ids), self._ends, words)

    def _config(self, decoding: Decoding) -> Any:
        config = _genai().GenerationConfig()
        config.apply_chat_template = False
        config.max_new_tokens = decoding.max_tokens
        config.min_new_tokens = decoding.min_tokens
        config.set_eos_token_id(min(self._ends, default=-1))
        config.stop_token_ids = self._ends
        config.logprobs = 1 if decoding.logprobs else 0
        config.repetition_penalty = decoding.repeat_penalty
        if decoding.beams > 1:
            config.num_beams = decoding.beams
            config.num_return_sequences = 1
            config.length_penalty = decoding.length_penalty
            if decoding.no_repeat_ngram:
                config.no_repeat_ngram_size = decoding.no_repeat_ngram
        elif decoding.temperature > 0:
            config.do_sample = True
            config.temperature = decoding.temperature
            config.top_p = decoding.top_p
            config.rng_seed = decoding.seed % 2**63
            if decoding.top_k:
                config.top_k = decoding.top_k
        return config

    def _admit(self, ids: list[int], decoding: Decoding) -> None:
        if not ids:
            raise EngineError("the prompt is empty")
        if decoding.adapter != self._adapter:
            raise EngineError(
                f"{self.model} was opened with {self._adapter or 'no adapter'} in OpenVINO, and "
                f"{decoding.adapter or 'the bare base'} was asked for",
                hint="an adapter is merged there: open it anew, or use --engine llamacpp",
            )
        for asked, what in (
            (bool(decoding.grammar), "grammars"),
            (decoding.alternatives > 0, "alternatives"),
            (decoding.contrast > 0, "contrast (transformers has)"),
            # It is accepted and ignored there, with one sequence.
            (decoding.no_repeat_ngram > 0 and decoding.beams == 1, "no_repeat_ngram without beams"),
        ):
            if asked:
                raise EngineError(f"the openvino engine has no {what}", hint="--engine llamacpp has it")
        if decoding.beams > 1 and decoding.temperature > 0:
            raise EngineError("beam search and sampling exclude each other", hint="set temperature to 0")
        if len(ids) + decoding.max_tokens > self.context:
            raise ContextError(
                f"the prompt has {len(ids)} tokens and the answer up to {decoding.max_tokens}; "
                f"{self.model} runs with a context of {self.context}",
                hint="shorten the document, or ask for less",
            )

    def close(self) -> None:
        with self._turn:
            while self._stepping:
                self._turn.wait()
            if self._pipeline is not None and self._pipeline.has_non_finished_requests():
                self._pipeline.step()  # what a stop text ended gives its memory back
            self._pipeline = None

    def __enter__(self) -> OpenVino:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Reported(NamedTuple):
    """What is reported of each token, where it was asked for."""

    logprobs: tuple[float, ...] = ()
    tokens: tuple[str, ...] = ()


class _Running:
    """One answer on its way."""

    def __init__(
        self,
        index: int,
        handle: Any,
        text: Detokenizer,
        prompt_tokens: int,
        ends: set[int],
        words: Callable[[list[int]], tuple[str, ...]] | None,
    ) -> None:
        self.index = index
        self.handle = handle
        self.finished = False
        self._text = text
        self._prompt_tokens = prompt_tokens
        self._ends = ends
        self._words = words
        self._generated = 0

    @property
    def begun(self) -> bool:
        """Whether its prompt has been read."""
        return self.finished or self._generated > 0

    def read(self) -> Iterator[Chunk]:
        """What has come since the last time."""
        while not self.finished and self.handle.can_read():
            # Beams come once, best first; otherwise there is one sequence.
            output = next(iter(self.handle.read().values()))
            ids, logprobs = list(output.generated_ids), tuple(output.generated_log_probs)
            while ids and ids[-1] in self._ends:
                ids.pop()
            reported = _Reported()
            if self._words is not None:
                reported = _Reported(logprobs[: len(ids)], self._words(ids))
            self._generated += len(ids)
            text = self._text.push(ids)
            reason = _reason(output.finish_reason)
            if self._text.stopped:
                self.handle.cancel()
                reason = "stop"
            if reason is not None:
                yield self._last(text + self._text.finish(), reason, reported)
            elif text or reported.logprobs:
                yield Chunk(self.index, text, reported.logprobs, reported.tokens)
        if not self.finished and self.handle.get_status().name in {"IGNORED", "CANCEL", "STOP"}:
            raise EngineError(
                "OpenVINO dropped a request: its memory for context is full", hint="ask for less"
            )

    def abort(self) -> Chunk:
        self.handle.cancel()
        return self._last(self._text.finish(), "abort")

    def _last(self, text: str, reason: FinishReason, reported: _Reported | None = None) -> Chunk:
        self.finished = True
        return Chunk(
            self.index,
            text,
            reported.logprobs if reported else (),
            reported.tokens if reported else (),
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
        raise ModelError(f"{source}: OpenVINO cannot load it ({_last_line(error)})") from error
    link.unlink()
    Vocabulary.read(source).save(model)
    if not (model / "openvino_model.xml").is_file():
        raise ModelError(f"{source}: OpenVINO did not convert it", hint="--engine llamacpp")


def _load(folder: Path, threads: int, exact: bool) -> Any:
    openvino_genai = _genai()
    scheduler = openvino_genai.SchedulerConfig()
    # In exact mode a cached prefix changes nothing; without, it may tip a near tie like any other batching.
    scheduler.enable_prefix_caching = True
    # No CACHE_DIR: beside a saved model it costs 190 MB of disk and saves no time (2.4 s to load either way).
    properties: dict[str, Any] = {"INFERENCE_NUM_THREADS": threads} | (_EXACT if exact else {})
    try:
        return openvino_genai.ContinuousBatchingPipeline(str(folder), scheduler, "CPU", properties, {})
    except RuntimeError as error:
        raise ModelError(
            f"{folder}: OpenVINO cannot load it ({_last_line(error)})",
            hint="delete that folder and try again",
        ) from error


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


def _genai() -> Any:
    """The library. Importing it would report to an analytics server, before anybody was asked and under
    `EPITOME_OFFLINE` too; without its telemetry package it falls back to a stub of its own."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    try:
        import openvino_genai
        import tokenizers  # noqa: F401
    except (ImportError, OSError) as error:
        raise EngineError(f"the openvino engine is not installed ({error})", hint=INSTALL) from error
    return openvino_genai


def _version() -> str:
    from importlib.metadata import version

    return version("openvino-genai")


def _reason(reason: Any) -> FinishReason | None:
    names: dict[str, FinishReason] = {"STOP": "stop", "LENGTH": "length"}
    return names.get(reason.name)


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
