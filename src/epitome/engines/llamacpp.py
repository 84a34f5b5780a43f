"""llama.cpp from prebuilt wheels (xllamacpp): the default, ready in under a second.

The wheel embeds llama.cpp's own server. It always opens an HTTP listener on a random loopback port, so a
random key is set; we use that listener for one thing only: its tokenizer, which the Python binding lacks.
"""

from __future__ import annotations

import http.client
import json
import os
import secrets
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Lock, Semaphore, Thread
from typing import Any
from urllib.parse import urlsplit

from epitome.engines.base import Ability, Chunk, Decoding, FinishReason, GenerationRequest
from epitome.engines.gather import POLL_SECONDS, gathered
from epitome.engines.machine import SPIN_COUNT, cores
from epitome.errors import ContextError, EngineError, ModelError
from epitome.models import gguf
from epitome.models.model import Model
from epitome.models.template import render, stops
from epitome.types import Prompt


class LlamaCpp:
    """A GGUF model in llama.cpp.

    >>> with LlamaCpp(resolve("default")) as engine:
    ...     answers(engine, [GenerationRequest(Prompt((Message("user", "Hello"),)))])

    Several threads may generate at once: `parallel` answers of them all are written together, the others wait.

    Args:
        model: what to load; its `path` is a GGUF file.
        weights: another GGUF of the same model to load instead (a prepared Q8_0).
        adapters: GGUF LoRA files by the name that `Decoding.adapter` uses; or one GGUF file of the model with an
            adapter merged into its weights, loaded instead, and then every request must name it.
        context: tokens that all answers running at once share; 0: the model's own, at most 8,192.
        parallel: answers generated at once.
        threads: for generation and for reading prompts; None is one a core that this process may use.
        exact: keep keys and values in 32 bits and attention without shortcuts: with 32-bit weights its
            log-probabilities are transformers' within 0.001. Slower, and twice the memory for context.

    Raises:
        ModelError: the file is corrupt or not a model that llama.cpp runs.
        EngineError: this machine cannot run the wheel, or an adapter belongs to another base.
    """

    name = "llamacpp"
    abilities: frozenset[Ability] = frozenset(
        {"adapters", "alternatives", "grammar", "logprobs", "sampling", "seeds", "streaming", "token_ids"}
    )

    def __init__(
        self,
        model: Model,
        *,
        weights: Path | None = None,
        adapters: Mapping[str, Path] | None = None,
        context: int = 0,
        parallel: int = 1,
        threads: tuple[int, int] | None = None,
        ubatch: int = 512,
        exact: bool = False,
    ) -> None:
        if model.path is None:
            raise EngineError(f"llama.cpp needs a GGUF file, and {model.name} has none")
        self.model = model.name
        self._template = model.template
        held = dict(adapters or {})
        self._merged = next((name for name, file in held.items() if gguf.read(file).kind != "adapter"), None)
        if self._merged is not None:
            weights = held.pop(self._merged)
            if held:
                raise EngineError(
                    f"{self._merged} is merged into {self.model}: no other adapter fits beside it"
                )
        weights = weights or model.path
        self._metadata = gguf.read(weights)
        self.context = context or min(8192, model.context or self._metadata.context or 8192)
        self._adapters = {name: at for at, name in enumerate(held)}
        self._parallel = parallel
        self._places = Semaphore(parallel)
        self._key = secrets.token_urlsafe(24)
        self._lock = Lock()
        self._connection: http.client.HTTPConnection | None = None
        self._running: dict[Thread, Event] = {}
        self._answered = Event()
        self._server = self._start(
            weights, list(held.values()), parallel, threads or (cores(), cores()), ubatch, exact
        )
        # A server, or a thread of ours inside it, that outlives the interpreter takes the process down with it.
        self._end = weakref.finalize(self, _shut_down, [self._server], self._running, self._answered)

    def _start(
        self,
        path: Path,
        adapters: list[Path],
        parallel: int,
        threads: tuple[int, int],
        ubatch: int,
        exact: bool,
    ) -> Any:
        os.environ.setdefault("GOMP_SPINCOUNT", SPIN_COUNT)
        try:
            import xllamacpp
        except (ImportError, OSError) as error:
            raise EngineError(
                f"llama.cpp cannot be loaded: {error}",
                hint="slim images lack libgomp.so.1: apt install libgomp1",
            ) from error
        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        params.n_ctx = self.context
        params.n_parallel = parallel
        params.kv_unified = True
        params.n_ubatch = ubatch
        params.cpuparams.n_threads, params.cpuparams_batch.n_threads = threads
        params.api_keys = [self._key]
        params.warmup = False
        params.verbosity = -1
        params.ctx_shift = False
        params.cache_ram_mib = 0
        if exact:
            params.cache_type_k = params.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
            params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
        # At scale 0, because a request that names no adapter gets each one at the scale it was loaded with.
        params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(file), 0.0) for file in adapters]
        try:
            with quiet():
                return xllamacpp.Server(params)
        except Exception as error:
            if adapters:
                names = ", ".join(str(file) for file in adapters)
                raise EngineError(
                    f"{path.name} does not load with the adapter {names}",
                    hint="an adapter runs only on the base it was trained on",
                ) from error
            raise ModelError(
                f"{path}: llama.cpp cannot load it ({error})",
                hint=f"if it is corrupt: epitome models pull {self.model} --force",
            ) from error

    def encode(self, text: str) -> list[int]:
        return self._tokenize(text, special=False)

    def count(self, prompt: Prompt) -> int:
        return len(self._ids(prompt))

    def _ids(self, prompt: Prompt) -> list[int]:
        segments = render(prompt, self._template, self._metadata.chat_template, self._metadata.tokens)
        return [token for piece in segments for token in self._tokenize(piece.text, special=piece.special)]

    def _tokenize(self, text: str, *, special: bool) -> list[int]:
        if not text:
            return []
        body = json.dumps({"content": text, "add_special": False, "parse_special": special})
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        with self._lock:
            if self._connection is None:
                self._connection = http.client.HTTPConnection(urlsplit(self._server.listening_address).netloc)
            try:
                self._connection.request("POST", "/tokenize", body, headers)
                answer = self._connection.getresponse().read()
            except (http.client.HTTPException, OSError):
                # The listener closes a connection that was idle for some seconds.
                self._connection.close()
                self._connection.request("POST", "/tokenize", body, headers)
                answer = self._connection.getresponse().read()
        tokens: list[int] = json.loads(answer)["tokens"]
        return tokens

    def generate(self, requests: Sequence[GenerationRequest], cancel: Event | None = None) -> Iterator[Chunk]:
        prompts = [self._ids(request.prompt) for request in requests]
        for ids, request in zip(prompts, requests, strict=True):
            self._check(request.decoding)
            needed = len(ids) + request.decoding.max_tokens
            if needed > self.context:
                raise ContextError(
                    f"the prompt has {len(ids)} tokens and the answer up to {request.decoding.max_tokens}, "
                    f"{self.model} runs with {self.context} here"
                )
        stop = Event()
        chunks: SimpleQueue[Chunk | Exception] = SimpleQueue()
        groups = _by_prompt(prompts)
        waiting = iter(groups)

        def work() -> None:
            for group in waiting:
                with self._place(stop):
                    for index in group:
                        try:
                            self._answer(index, prompts[index], requests[index].decoding, chunks, stop)
                        except Exception as error:
                            chunks.put(error)

        workers = [Thread(target=work, daemon=True) for _ in range(min(self._parallel, len(groups)))]
        for worker in workers:
            self._running[worker] = stop
            worker.start()
        try:
            yield from gathered(chunks, len(requests), cancel, stop)
        finally:
            for worker in workers:
                worker.join()
                self._running.pop(worker, None)

    @contextmanager
    def _place(self, stop: Event) -> Iterator[None]:
        """One of those that answer at once, among all threads; or none, where `stop` is set before one is free."""
        while not (have := self._places.acquire(timeout=POLL_SECONDS)) and not stop.is_set():
            pass
        try:
            yield
        finally:
            if have:
                self._places.release()

    def _check(self, decoding: Decoding) -> None:
        if decoding.contrast:
            raise EngineError("llama.cpp has no contrast", hint="use --engine transformers")
        if decoding.beams > 1:
            raise EngineError("llama.cpp has no beam search", hint="use --engine openvino or transformers")
        if decoding.min_tokens > 0:
            raise EngineError("llama.cpp has no min_tokens", hint="use --engine openvino or transformers")
        if self._merged is not None and decoding.adapter != self._merged:
            raise EngineError(
                f"{self.model} was opened with {self._merged} merged into it, and "
                f"{decoding.adapter or 'the bare base'} was asked for"
            )
        if decoding.adapter not in (None, self._merged) and decoding.adapter not in self._adapters:
            raise EngineError(f"{self.model} was opened without the adapter {decoding.adapter}")

    def _answer(
        self,
        index: int,
        ids: list[int],
        decoding: Decoding,
        chunks: SimpleQueue[Chunk | Exception],
        stop: Event,
    ) -> None:
        """Run one request to its end, putting its chunks on the queue. Releases the GIL while it waits."""
        finished = False

        def on_chunk(piece: dict[str, Any]) -> bool:
            nonlocal finished
            if "error" in piece:
                chunks.put(_error(piece["error"]))
                finished = True
                return True
            chunk = _chunk(index, piece)
            finished = chunk.finish is not None
            if chunk.text or chunk.logprobs or finished:
                chunks.put(chunk)
            return stop.is_set()

        if not stop.is_set():
            result = self._server.handle_completions(self._body(ids, decoding), on_chunk)
            if isinstance(result, dict) and "error" in result:
                raise _error(result["error"])
            self._answered.set()
        if not finished:
            chunks.put(Chunk(index, "", finish="abort", prompt_tokens=len(ids)))

    def _body(self, ids: list[int], decoding: Decoding) -> dict[str, Any]:
        body: dict[str, Any] = {
            "prompt": ids,
            "stream": True,
            # What was read before changes the last digits, and with them greedy text; a sample follows its own
            # prompt, which is worth keeping.
            "cache_prompt": decoding.temperature > 0,
            "max_tokens": decoding.max_tokens,
            "temperature": decoding.temperature,
            "top_p": decoding.top_p,
            "top_k": decoding.top_k,
            "min_p": 0.0,
            "seed": decoding.seed,
            "repeat_penalty": decoding.repeat_penalty,
            "repeat_last_n": -1 if decoding.repeat_penalty != 1.0 else 0,
            "lora": [
                {"id": at, "scale": 1.0 if name == decoding.adapter else 0.0}
                for name, at in self._adapters.items()
            ],
        }
        if stop := [*decoding.stop, *stops(self._template)]:
            body["stop"] = stop
        if decoding.grammar:
            body["grammar"] = decoding.grammar
        if decoding.logprobs or decoding.alternatives:
            body["logprobs"] = max(1, decoding.alternatives)
        if decoding.no_repeat_ngram:
            # llama.cpp's DRY sampler: from this length on, a repetition costs more with every token.
            body |= {
                "dry_multiplier": 4.0,
                "dry_base": 1.75,
                "dry_allowed_length": decoding.no_repeat_ngram - 1,
                "dry_penalty_last_n": decoding.max_tokens,
            }
        return body

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._server = None
        self._end()

    def __enter__(self) -> LlamaCpp:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _by_prompt(prompts: Sequence[list[int]]) -> list[list[int]]:
    """Requests in groups of one prompt, which is read once where nothing comes between them."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for index, ids in enumerate(prompts):
        groups.setdefault(tuple(ids), []).append(index)
    return list(groups.values())


def _shut_down(server: list[Any], running: dict[Thread, Event], answered: Event) -> None:
    """Stop what runs, wait for it, and free the model."""
    for worker, stop in list(running.items()):
        stop.set()
        worker.join()
    if not answered.is_set():
        # A server that was never asked anything waits for ever when it is freed.
        server[0].handle_completions({"prompt": [1], "max_tokens": 1})
    server.clear()


def _chunk(index: int, piece: dict[str, Any]) -> Chunk:
    choice = piece["choices"][0]
    tokens = (choice.get("logprobs") or {}).get("content") or []
    reason: FinishReason | None = choice.get("finish_reason")
    usage = piece.get("usage") or {}
    return Chunk(
        index,
        choice.get("text") or "",
        tuple(token["logprob"] for token in tokens),
        tuple(token["token"] for token in tokens),
        tuple(
            tuple((other["token"], other["logprob"]) for other in token.get("top_logprobs", ()))
            for token in tokens
        ),
        reason,
        usage.get("prompt_tokens", 0),
        (usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0),
        usage.get("completion_tokens", 0),
    )


def _error(error: dict[str, Any]) -> EngineError:
    message = str(error.get("message", error))
    if error.get("type") == "exceed_context_size_error":
        return ContextError(message)
    return EngineError(f"llama.cpp: {message}")


class quiet:  # noqa: N801 - reads as a statement
    """Send the C library's own standard error to nowhere while a model loads."""

    def __enter__(self) -> None:
        self._saved = os.dup(2)
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 2)
        os.close(null)

    def __exit__(self, *_: object) -> None:
        os.dup2(self._saved, 2)
        os.close(self._saved)
