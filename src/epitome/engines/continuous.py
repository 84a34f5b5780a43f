"""OpenVINO's pipeline in a process of its own, stepping over all requests that are under way: `apart.py` starts it.

Its `step` holds the interpreter for up to a fifth of a second: in a process that also serves, everything else would
stand still meanwhile. Here only commands wait. Standard input brings them pickled: `("add", number, ids, decoding,
ends)` and `("cancel", number)`. Standard output takes, first, None or what is wrong, then a list of `Told` a step. It
ends when its input does.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
import sys
from collections.abc import Iterator
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, BinaryIO, NamedTuple

from epitome.engines.base import Decoding

EXACT = {
    "INFERENCE_PRECISION_HINT": "f32",
    "KV_CACHE_PRECISION": "f32",
    "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0",
}
_REASONS = {"STOP": "stop", "LENGTH": "length"}
_LOST = {"IGNORED", "CANCEL", "STOP"}


class Told(NamedTuple):
    """What a step brought for a request."""

    number: int
    ids: list[int]
    logprobs: list[float]
    finish: str | None = None
    """`stop`, `length`, or what is wrong."""


class Stepper:
    """The pipeline, and the handles of what is under way by number."""

    def __init__(self, folder: str, threads: int, exact: bool) -> None:
        genai = library()
        scheduler = genai.SchedulerConfig()
        # In exact mode a cached prefix changes nothing; without, it may tip a near tie like any other batching.
        scheduler.enable_prefix_caching = True
        # No CACHE_DIR: beside a saved model it costs 190 MB of disk and saves no time (2.4 s to load either way).
        properties: dict[str, Any] = {"INFERENCE_NUM_THREADS": threads} | (EXACT if exact else {})
        self._pipeline = genai.ContinuousBatchingPipeline(folder, scheduler, "CPU", properties, {})
        self.running: dict[int, Any] = {}

    def add(self, number: int, ids: list[int], decoding: Decoding, ends: set[int]) -> None:
        """Begin a request with the next step."""
        import numpy as np
        from openvino import Tensor

        prompt = Tensor(np.array([ids], dtype=np.int64))
        self.running[number] = self._pipeline.add_request(number, prompt, _config(decoding, ends))

    def cancel(self, number: int) -> None:
        """End a request; with the next step it gives its memory back."""
        if (handle := self.running.pop(number, None)) is not None:
            handle.cancel()

    def step(self) -> list[Told]:
        """A step of all, and what it brought."""
        if self._pipeline.has_non_finished_requests():
            self._pipeline.step()
        told = [piece for number, handle in self.running.items() for piece in _read(number, handle)]
        for piece in told:
            if piece.finish is not None:
                del self.running[piece.number]
        return told

    def end(self) -> None:
        """Let everything give its memory back; without that it complains."""
        for number in list(self.running):
            self.cancel(number)
        if self.has_work:
            self.step()

    @property
    def has_work(self) -> bool:
        """Whether a step would do something: what was cancelled counts."""
        return bool(self.running) or self._pipeline.has_non_finished_requests()


def _read(number: int, handle: Any) -> Iterator[Told]:
    while handle.can_read():
        # Beams come once, best first; otherwise there is one sequence.
        output = next(iter(handle.read().values()))
        finish = _REASONS.get(output.finish_reason.name)
        yield Told(number, list(output.generated_ids), list(output.generated_log_probs), finish)
        if finish is not None:
            return
    if handle.get_status().name in _LOST:
        yield Told(number, [], [], "its memory for context is full")


def _config(decoding: Decoding, ends: set[int]) -> Any:
    config = library().GenerationConfig()
    config.apply_chat_template = False
    config.max_new_tokens = decoding.max_tokens
    config.min_new_tokens = decoding.min_tokens
    config.set_eos_token_id(min(ends, default=-1))
    config.stop_token_ids = ends
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


def library() -> Any:
    """OpenVINO GenAI. Importing it would report to an analytics server, before anybody was asked and under
    `EPITOME_OFFLINE` too; without its telemetry package it falls back to a stub of its own."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino_genai

    return openvino_genai


def _commands(stream: BinaryIO) -> SimpleQueue[Any]:
    """What comes, read by a thread of its own; None is the end."""
    come: SimpleQueue[Any] = SimpleQueue()

    def read() -> None:
        try:
            while True:
                come.put(pickle.load(stream))
        except (EOFError, OSError, pickle.UnpicklingError):
            come.put(None)

    Thread(target=read, daemon=True).start()
    return come


def _obey(stepper: Stepper, come: SimpleQueue[Any]) -> list[Told] | None:
    """Do what has come, waiting where there is nothing else to do; what cannot be begun is told. None at the end."""
    refused: list[Told] = []
    wait = not stepper.has_work
    while True:
        try:
            command = come.get(block=wait)
        except Empty:
            return refused
        wait = False
        if command is None:
            return None
        kind, number, *rest = command
        if kind == "cancel":
            stepper.cancel(number)
            continue
        try:
            stepper.add(number, *rest)
        except RuntimeError as error:
            refused.append(Told(number, [], [], last_line(error)))


def last_line(error: Exception) -> str:
    """Of what its library says, which is long."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


def main() -> None:
    """The whole life of the process."""
    # Whoever started it ends it, by ending its input.
    for name in ("SIGINT", "SIGTERM"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    # C++ prints where it likes: what it says must not get between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)

    def tell(what: object) -> None:
        answers.write(pickle.dumps(what))
        answers.flush()

    try:
        stepper = Stepper(**json.loads(sys.argv[1]))
    except (ImportError, OSError, RuntimeError) as error:
        tell(last_line(error))
        return
    tell(None)
    come = _commands(sys.stdin.buffer)
    while (told := _obey(stepper, come)) is not None:
        try:
            told += stepper.step()
        except RuntimeError as error:  # all that are under way are lost
            told += [Told(number, [], [], last_line(error)) for number in stepper.running]
            stepper.running.clear()
        if told:
            tell(told)
    stepper.end()
