"""The summariser behind the doors: threads that share one engine, and a queue that says no in time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from threading import Event, Lock
from typing import Any

from epitome.documents import from_text
from epitome.errors import EpitomeError
from epitome.stages import Stage
from epitome.summarize.opened import Text
from epitome.summarize.summarizer import Summarizer
from epitome.trust.masking import Masker
from epitome.trust.masking.cover import Cover
from epitome.types import Document, Request, Summary

PARALLEL = 8
"""Documents under way at once; OpenVINO answers their prompts together."""
WAITING = 64
"""Documents that may wait besides; more are refused, before memory grows."""


class BusyError(EpitomeError):
    """More is waiting than is sensible."""


class Service:
    """Runs summaries in threads, so that the event loop stays free.

    Args:
        summarizer: opened by the caller and closed with the service.
        parallel, waiting: documents under way and waiting at most.
        masker: masks every document (`masking.py`); None: those whose request says so, by the rules.
    """

    def __init__(
        self,
        summarizer: Summarizer,
        *,
        parallel: int = PARALLEL,
        waiting: int = WAITING,
        masker: Masker | None = None,
    ) -> None:
        self.summarizer = summarizer
        self.parallel = parallel
        self.masker = masker
        self.most = parallel + waiting
        self.held = 0
        """Documents under way or waiting."""
        self.running = 0
        """Documents under way."""
        self.draining = False
        """Whether the process is about to end: nothing more should be sent here."""
        self.told: list[Callable[[Document, Request, Summary], None]] = []
        """Called with each summary that is finished, in the thread that made it."""
        self._lock = Lock()
        self._threads = ThreadPoolExecutor(parallel, thread_name_prefix="summary")

    async def summary(self, document: Text, request: Request) -> Summary:
        """The summary; when the caller is cancelled, so is the work.

        Raises `BusyError`, and whatever the summarizer raises.
        """
        stop = Event()
        results: asyncio.Future[Summary] = self._run(lambda: self._one(document, request, stop))
        try:
            return await results
        finally:
            stop.set()

    def _one(self, document: Text, request: Request, stop: Event) -> Summary:
        (_, result), *_ = self.summarizer.as_finished([document], request, cancel=stop)
        if isinstance(result, EpitomeError):
            raise result
        self._tell(document, request, result)
        return result

    def _tell(self, document: Text, request: Request, summary: Summary) -> None:
        plain = document.document if isinstance(document, Cover) else document
        for told in self.told:
            told(from_text(plain) if isinstance(plain, str) else plain, request, summary)

    async def stream(self, document: Text, request: Request) -> AsyncIterator[str | Summary]:
        """Pieces of the text as soon as they are certain, then the summary."""
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[str | Summary | BaseException] = asyncio.Queue()
        gone = Event()

        def tell(piece: str | Summary | BaseException) -> None:
            loop.call_soon_threadsafe(pieces.put_nowait, piece)

        def work() -> None:
            try:
                stream = self.summarizer.stream(document, request, cancel=gone)
                for piece in stream:
                    if gone.is_set():
                        return
                    tell(piece)
                if stream.summary is not None:
                    self._tell(document, request, stream.summary)
                    tell(stream.summary)
            except BaseException as error:  # told where it is waited for
                tell(error)

        running = self._run(work)
        try:
            while True:
                piece = await pieces.get()
                if isinstance(piece, BaseException):
                    raise piece
                yield piece
                if isinstance(piece, Summary):
                    return
        finally:
            gone.set()
            running.cancel()

    def _run(self, work: Callable[[], Any]) -> asyncio.Future[Any]:
        with self._lock:
            if self.held >= self.most:
                raise BusyError(f"{self.held} documents are under way", hint="try again in a moment")
            self.held += 1
        queue = Stage("queue").begin()
        # The thread works in the caller's context, so that its stages and log lines are told as this request's.
        running = self._threads.submit(copy_context().run, self._begun, work, queue)
        running.add_done_callback(
            lambda _: self._freed(queue)
        )  # also of one that was cancelled before it began
        return asyncio.wrap_future(running)

    def _begun(self, work: Callable[[], Any], queue: Stage) -> Any:
        queue.done()
        with self._lock:
            self.running += 1
        try:
            return work()
        finally:
            with self._lock:
                self.running -= 1

    def _freed(self, queue: Stage) -> None:
        queue.done()
        with self._lock:
            self.held -= 1

    def close(self) -> None:
        """Finish what is under way, then free the model."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        self.summarizer.close()
