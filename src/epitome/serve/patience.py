"""How long somebody waits for an answer: until the time is over, or they have gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from fastapi import Request
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from epitome.errors import EpitomeError, UsageError
from epitome.serve.service import Pieces
from epitome.types import Summary

Result = TypeVar("Result")


class DeadlineError(EpitomeError):
    """The time that a request had is over."""


class GoneError(EpitomeError):
    """Whoever asked has gone away."""


class Patience:
    """Of one request, from now on.

    Args:
        asked: seconds that the request names.
        most: seconds that any request has; None: as long as it takes.

    Raises `UsageError` where more is asked for than there is.
    """

    def __init__(self, request: Request, asked: float | None, most: float | None) -> None:
        if asked is not None and most is not None and asked > most:
            raise UsageError(f"timeout: at most {most:g} seconds here", hint="a job may take longer")
        self._request = request
        self._seconds = most if asked is None else asked
        self._end = None if self._seconds is None else asyncio.get_running_loop().time() + self._seconds

    async def result(self, work: Coroutine[Any, Any, Result]) -> Result:
        """The result of `work`, which is cancelled where nobody waits for it any more: `DeadlineError`, `GoneError`."""
        working, going = asyncio.create_task(work), asyncio.create_task(self._gone())
        try:
            async with self._limit():
                await asyncio.wait((working, going), return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise GoneError("the client has gone away")
            return working.result()
        finally:
            working.cancel()
            going.cancel()
            await asyncio.wait((working, going))

    async def pieces(self, pieces: Pieces) -> AsyncIterator[str | Summary]:
        """All of them, or `DeadlineError`. Who goes away is noticed by the response that they are for."""
        while True:
            async with self._limit():
                piece = await anext(pieces, None)
            if piece is None:
                return
            yield piece

    @asynccontextmanager
    async def _limit(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout_at(self._end) as limit:
                yield
        except TimeoutError:
            if not limit.expired():
                raise
            raise DeadlineError(
                f"it was not done in {self._seconds:g} seconds", hint="a job may take longer: POST /v1/jobs"
            ) from None

    async def _gone(self) -> None:
        while (await self._request.receive())["type"] != "http.disconnect":
            pass


_EVENT = {"type": "object", "properties": {"event": {"type": "string"}, "data": {"type": "string"}}}
STREAMED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The answer; with `stream`, as events.",
        "content": {"text/event-stream": {"schema": _EVENT}},
    }
}
"""What the OpenAPI document says of routes that answer in `Events`, too."""


class Events(StreamingResponse):
    """Server-sent events made of the pieces of a summary; however they end, so does the work."""

    def __init__(self, events: AsyncIterator[str], pieces: Pieces) -> None:
        # A proxy that collects them would make one piece of all: nginx knows this header.
        super().__init__(events, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._pieces.close()
