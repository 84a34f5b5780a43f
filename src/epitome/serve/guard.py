"""Who may ask, how much, and what every answer says to browsers."""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from collections.abc import Mapping

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from epitome.desk.keys import Key, Keys
from epitome.errors import EpitomeError, UsageError
from epitome.serve.tokens import Tokens

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
LARGEST = 16 * 1024 * 1024
"""Bytes of a body."""
TOGETHER = 16 * LARGEST
"""Bytes of the bodies of all requests that are not answered yet."""
BODY_SECONDS, SLOWEST = 20.0, 10_000
"""Seconds in which a body has to be there, and one more for so many bytes as have come: a phone in a bad net sends as
much."""
MINUTE = 60.0
COSTLY = frozenset({"summaries", "read", "checks", "chat", "jobs"})
"""Of what a key may be for: each request with a document counts as one of the day's, a batch as all that it has."""


def origin(named: str) -> str:
    """A page's origin as browsers send it. Raises `UsageError` for what no browser sends, which would never match."""
    if not re.fullmatch(r"https?://([a-z0-9.\-]+|\[[0-9a-f:]+\])(:\d+)?", named):
        raise UsageError(f"{named}: no origin of a page", hint="such as https://news.example, without a path")
    return named


class RefusedError(EpitomeError):
    """Not with this key, or not now."""

    def __init__(self, message: str, status: int, *, hint: str | None = None, wait: float = 0) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.wait = wait


class Limited:
    """Counts a body's bytes as they come, whatever its header says; refuses too many, and those that come slowly."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, seen, more = time.monotonic(), 0, True

        async def counted() -> Message:
            nonlocal seen, more
            if not more:  # what comes now is that the client goes away
                return await receive()
            left = began + BODY_SECONDS + seen / SLOWEST - time.monotonic()
            try:
                message = await asyncio.wait_for(receive(), max(0.0, left))
            except TimeoutError:
                raise _closing(408, "the body did not come in time") from None
            come = len(message.get("body", b""))
            more = message.get("more_body", False)
            seen, self._held = seen + come, self._held + come
            if seen > LARGEST:
                raise _closing(413, f"a body has at most {LARGEST} bytes")
            if self._held > TOGETHER:
                raise _closing(429, "too much is being sent at once", {"Retry-After": "2"})
            return message

        try:
            await self._app(scope, counted, send)
        finally:
            self._held -= seen


def _closing(status: int, message: str, headers: Mapping[str, str] | None = None) -> HTTPException:
    """An error after which the connection is of no use: the rest of a body may be on its way."""
    return HTTPException(status, message, {"Connection": "close", **(headers or {})})


def _scope(path: str) -> str | None:
    """What a key has to be for, to ask for `/v1/SCOPE/…`; None for what any key may ask."""
    part = path.split("/")[2]
    return {"models": None, "feedback": "archive"}.get(part, part)


def spend(keys: Keys, key: Key, documents: int) -> None:
    """Take documents of what the key has for today. Raises `RefusedError` where so many are not left."""
    if key.per_day is not None and documents and not keys.spend(key, documents):
        left = 86400 - time.time() % 86400
        raise RefusedError(f"the key {key.name} has {key.per_day} documents a day", 429, wait=left)


class Guard:
    """Finds the key of a request, and keeps it to its limit."""

    def __init__(self, keys: Keys, tokens: Tokens | None = None) -> None:
        self._keys, self._tokens = keys, tokens
        self._times: dict[str, deque[float]] = {}

    def __call__(self, request: Request) -> Key:
        """The key that a request bears, also in `request.state.bearer`; its id in `request.state.key`.

        Raises `RefusedError` with 401, 403 or 429.
        """
        kind, _, secret = request.headers.get("authorization", "").partition(" ")
        key = self._find(secret.strip()) if kind.lower() == "bearer" else None
        if key is None:
            raise RefusedError(
                "a valid key is needed",
                401,
                hint="Authorization: Bearer KEY; the first was written at the first start",
            )
        request.state.key = key.id
        scope = _scope(request.url.path)
        if key.scopes is not None and scope is not None and scope not in key.scopes:
            raise RefusedError(f"this key is not for {scope}", 403, hint="it was made for something else")
        if key.per_minute is not None:
            self._count(key, key.per_minute)
        if request.method == "POST" and scope in COSTLY:
            spend(self._keys, key, 1)
        request.state.key, request.state.bearer = key.id, key
        return key

    def _find(self, secret: str) -> Key | None:
        # A key of ours has no dot in it, a token has two.
        if self._tokens is not None and secret.count(".") == 2:
            return self._tokens.find(secret)
        return self._keys.find(secret)

    def _count(self, key: Key, most: int) -> None:
        now = time.monotonic()
        times = self._times.setdefault(key.id, deque())
        while times and times[0] <= now - MINUTE:
            times.popleft()
        if len(times) >= most:
            wait = times[0] + MINUTE - now
            raise RefusedError(f"the key {key.name} may ask {most} times a minute", 429, wait=wait)
        times.append(now)
