"""What surrounds each request: an id, headers for browsers, a log line, metrics, and a trace where one is wanted."""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from epitome.serve.guard import HEADERS
from epitome.serve.logs import request_id
from epitome.serve.metrics import Metrics
from epitome.serve.room import StoppedError
from epitome.serve.traces import Trace, Tracing
from epitome.stages import Ended, Stage, listening

log = logging.getLogger("epitome.serve")
GONE = 499
"""Logged and counted for a client that went away before its answer began, as nginx does."""
_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked every few seconds by machines: their lines are `debug`."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Watched:
    """The outermost layer of the application; whatever it wraps, an answer leaves with a request id and headers.

    Args:
        failed: the answer to an unexpected exception, and to work that was not done when the process had to end.
        draining: whether the process is about to end, so that connections are not kept.
    """

    def __init__(
        self,
        app: ASGIApp,
        metrics: Metrics,
        failed: Callable[[Exception], Response],
        *,
        draining: Callable[[], bool],
        tracing: Tracing | None = None,
    ) -> None:
        self._app, self._metrics, self._failed = app, metrics, failed
        self._draining, self._tracing = draining, tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        identity = _identity(headers)
        watch = Watch(scope, self._metrics, self._trace(scope, headers))

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                watch.status = message["status"]
                self._headed(message, identity, scope["scheme"])
            await send(message)

        named = request_id.set(identity)
        try:
            with listening(watch):
                await self._app(scope, receive, told)
        except Exception as error:
            watch.error = type(error).__name__
            log.error("unexpected error", exc_info=error)
            if watch.status is None:
                await self._failed(error)(scope, receive, told)
        except asyncio.CancelledError:
            if not self._draining() or watch.status is not None:
                raise
            await self._failed(StoppedError("the service is being stopped"))(scope, receive, told)
        finally:
            watch.end()
            request_id.reset(named)

    def _trace(self, scope: Scope, headers: Mapping[str, str]) -> Trace | None:
        return self._tracing.request(_method(scope), headers) if self._tracing is not None else None

    def _headed(self, message: Message, identity: str, scheme: str) -> None:
        headers = MutableHeaders(scope=message)
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
        headers["X-Request-Id"] = identity
        if scheme == "https":
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        if self._draining():
            headers["Connection"] = "close"


class Watch:
    """One request: hears of its stages, and tells log, metrics and trace when it ends."""

    def __init__(self, scope: Scope, metrics: Metrics, trace: Trace | None) -> None:
        self._scope, self._metrics, self._trace = scope, metrics, trace
        self._started = time.perf_counter()
        self._waiting = True  # for the first token
        self.tokens = {"prompt_tokens": 0, "generated_tokens": 0}
        self.status: int | None = None
        self.error: str | None = None

    def __call__(self, stage: Stage) -> Ended:
        """Hear that a stage begins, from whichever thread."""
        span = self._trace.stage(stage.name) if self._trace is not None else None

        def ended() -> None:
            self._metrics.stage(stage)
            for name in self.tokens:
                self.tokens[name] += int(stage.facts.get(name, 0))
            if self._waiting and "first_token" in stage.facts:
                self._waiting = False
                self._metrics.first_token(stage.started + float(stage.facts["first_token"]) - self._started)
            self.error = stage.error or self.error
            if span is not None:
                Trace.staged(span, stage)

        return ended

    def end(self) -> None:
        """Log, count and trace it. Nothing of what was asked or answered is in there."""
        seconds = time.perf_counter() - self._started
        method, route = _method(self._scope), _route(self._scope)
        status = GONE if self.status is None else self.status
        error = self._scope.get("state", {}).get("error") or self.error
        self._metrics.answered(route, status, seconds)
        facts: dict[str, Any] = {
            "method": method, "route": route, "status": status, "seconds": round(seconds, 4),
            "key": self._scope.get("state", {}).get("key"), **self.tokens, "error": error,
        }  # fmt: skip
        if self._trace is not None:
            facts["trace_id"] = self._trace.id
            self._trace.end(method, route, status, error)
        level = logging.DEBUG if route in _QUIET and status < 400 else logging.INFO
        log.log(level, "request", extra={"facts": {name: value for name, value in facts.items() if value}})


def _identity(headers: Mapping[str, str]) -> str:
    """The caller's `X-Request-Id` where it is one word of plain characters, else a new one."""
    named = headers.get("x-request-id", "")
    return named if re.fullmatch(r"[!-~]{1,64}", named) else uuid.uuid4().hex


def _method(scope: Scope) -> str:
    """As it was sent, if it is one that there is: anybody can make up others."""
    return scope["method"] if scope["method"] in _METHODS else "OTHER"


def _route(scope: Scope) -> str:
    """The route's pattern, `/v1/jobs/{id}`, so that there are as many as the application has; `none` for no route."""
    # A router's prefix is not in the route's own path but in the context under which FastAPI included it.
    context = scope.get("fastapi", {}).get("effective_route_context")
    return str(getattr(context or scope.get("route"), "path", "none"))
