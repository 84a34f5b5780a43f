"""The summariser behind the doors: documents wait in a room, and are written in threads that share one engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from functools import partial
from threading import Event, Lock

from epitome.documents import from_text
from epitome.errors import EpitomeError
from epitome.serve.cache import LARGEST, Cache
from epitome.serve.room import Room, Ticket
from epitome.summarize.opened import Text
from epitome.summarize.summarizer import Summarizer
from epitome.trust.masking import Masker
from epitome.trust.masking.cover import Cover
from epitome.types import Document, Request, Summary

PARALLEL = {"llamacpp": 4, "openvino": 24, "transformers": 8, "openai": 8}
"""Documents under way at once, by engine."""
WAITING = 64
"""Documents that may wait besides; more are refused, before memory grows."""


class Service:
    """Runs summaries in threads, so that the event loop stays free; prompts of all of them go into common batches.

    Args:
        summarizer: opened by the caller and closed with the service.
        parallel: documents under way at once; None: as many as suit the engine.
        waiting: documents that wait at most.
        masker: masks every document (`masking.py`); None: those whose request says so, by the rules.
        cache: bytes of summaries that are kept, to be given again where the same is asked; 0: none.
        timeout: seconds that a request has at most; None: as long as it takes.
    """

    def __init__(
        self,
        summarizer: Summarizer,
        *,
        parallel: int | None = None,
        waiting: int = WAITING,
        masker: Masker | None = None,
        cache: int = LARGEST,
        timeout: float | None = None,
    ) -> None:
        self.summarizer = summarizer
        self.room = Room(parallel or PARALLEL.get(summarizer.engine, 1), waiting)
        self.masker = masker
        self.cache = Cache(cache)
        self.timeout = timeout
        self.ready = False
        """Whether the engine has answered (`warm`)."""
        self._warming = Lock()
        self.draining = False
        """Whether the process is about to end: nothing more should be sent here."""
        self.told: list[Callable[[Document, Request, Summary], None]] = []
        """Called with each summary that is finished, in the thread that made it."""

    @property
    def held(self) -> int:
        """Documents under way or waiting."""
        return self.room.held

    @property
    def running(self) -> int:
        """Documents under way."""
        return self.room.running

    @property
    def parallel(self) -> int:
        """Documents under way at most."""
        return self.room.places

    @property
    def most(self) -> int:
        """Documents under way and waiting at most."""
        return self.room.most

    def warm(self) -> None:
        """Let the engine answer a tiny prompt: what it does once, no document waits for. Raises `EpitomeError`."""
        with self._warming:
            self.summarizer.warm()
            self.ready = True

    async def summary(self, document: Text, request: Request, *, owner: str = "") -> Summary:
        """The summary; when the caller is cancelled, so is the work, waiting or under way.

        `owner` has its turn beside others. Raises `BusyError`, `StoppedError`, and whatever the summarizer raises.
        """
        key = await self._key(document, request, owner)
        known = self.cache.get(key)
        if known is not None:
            return known
        ticket = self._enter(partial(self._one, document, request, key), document, owner)
        try:
            summary: Summary = await asyncio.wrap_future(ticket.result)
            return summary
        finally:
            self.room.leave(ticket)

    def _one(self, document: Text, request: Request, key: str, stop: Event) -> Summary | None:
        for _, result in self.summarizer.as_finished([document], request, cancel=stop):
            if isinstance(result, EpitomeError):
                raise result
            self._written(document, request, result, key)
            return result
        return None  # cancelled: nobody waits for it

    async def stream(self, document: Text, request: Request, *, owner: str = "") -> Pieces:
        """Pieces of the text as soon as they are certain, then the summary; to be closed, however it ends.

        Its place is taken when this returns. Raises `BusyError` and `StoppedError`, and the pieces raise whatever the
        summarizer raises.
        """
        key = await self._key(document, request, owner)
        pieces = Pieces()
        known = self.cache.get(key)
        if known is not None:
            for piece in (known.text, known, None):
                pieces.tell(piece)
            return pieces
        ticket = self._enter(partial(self._stream, document, request, key, pieces), document, owner)
        pieces.closing = partial(self.room.leave, ticket)
        ticket.result.add_done_callback(pieces.ended)
        return pieces

    def _stream(self, document: Text, request: Request, key: str, pieces: Pieces, stop: Event) -> None:
        stream = self.summarizer.stream(document, request, cancel=stop)
        for piece in stream:
            pieces.tell(piece)
        if stream.summary is not None:
            self._written(document, request, stream.summary, key)
            pieces.tell(stream.summary)

    def _enter(self, work: Callable[[Event], object], document: Text, owner: str) -> Ticket:
        return self.room.enter(work, owner=owner, characters=len(_plain(document).text))

    async def _key(self, document: Text, request: Request, owner: str) -> str:
        if not self.cache.most:
            return ""
        made_by = self.summarizer.identity
        if isinstance(document, Cover):
            made_by += document.masking.identity
        return await asyncio.to_thread(self.cache.key, owner, made_by, _plain(document), request)

    def _written(self, document: Text, request: Request, summary: Summary, key: str) -> None:
        for told in self.told:
            told(_plain(document), request, summary)
        self.cache.put(key, summary)

    def close(self) -> None:
        """Refuse what waits, finish what is under way, then free the model."""
        self.room.close()
        with self._warming:
            self.summarizer.close()


class Pieces(AsyncIterator[str | Summary]):
    """A summary on its way to whoever iterates: pieces of its text, then itself."""

    def __init__(self) -> None:
        self.closing: Callable[[], None] = lambda: None
        """What ends the work."""
        self._loop = asyncio.get_running_loop()
        self._come: asyncio.Queue[str | Summary | BaseException | None] = asyncio.Queue()

    def tell(self, piece: str | Summary | BaseException | None) -> None:
        """Give it the next piece; an exception or None is its end. From any thread."""
        self._loop.call_soon_threadsafe(self._come.put_nowait, piece)

    def ended(self, result: Future[object]) -> None:
        """The work has ended, well or badly."""
        self.tell(None if result.cancelled() else result.exception())

    async def __anext__(self) -> str | Summary:
        piece = await self._come.get()
        if piece is None:
            raise StopAsyncIteration
        if isinstance(piece, BaseException):
            raise piece
        return piece

    def close(self) -> None:
        """Nobody iterates any more."""
        self.closing()


def _plain(document: Text) -> Document:
    """As it was sent."""
    if isinstance(document, Cover):
        return document.document
    return from_text(document) if isinstance(document, str) else document
