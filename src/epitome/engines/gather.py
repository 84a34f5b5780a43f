"""Answers that threads put on a queue, as one iterator that can be cancelled."""

from __future__ import annotations

from collections.abc import Iterator
from queue import Empty, SimpleQueue
from threading import Event

from epitome.engines.base import Chunk

POLL_SECONDS = 0.1
"""How often a quiet generation looks whether it was cancelled."""


def gathered(
    chunks: SimpleQueue[Chunk | Exception], open_answers: int, cancel: Event | None, stop: Event
) -> Iterator[Chunk]:
    """Chunks as they come until all answers have ended; an exception on the queue is raised.

    `stop` tells the threads to end: it is set when `cancel` is, and however the iteration ends.
    """
    try:
        while open_answers:
            if cancel is not None and cancel.is_set():
                stop.set()
            try:
                chunk = chunks.get(timeout=POLL_SECONDS)
            except Empty:
                continue
            if isinstance(chunk, Exception):
                raise chunk
            open_answers -= chunk.finish is not None
            yield chunk
    finally:
        stop.set()
