"""The HTTP application: routes, errors in one shape, limits."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from epitome import __version__
from epitome.desk.archive import Archive
from epitome.desk.jobs import Jobs
from epitome.desk.keys import Keys
from epitome.desk.queue import Queue
from epitome.desk.reviews import Reviews
from epitome.desk.webhooks import Webhooks
from epitome.errors import (
    ContextError,
    EngineError,
    EpitomeError,
    ModelError,
    SourceError,
    StoreError,
    UsageError,
)
from epitome.serve import archive, chat, checks, jobs, read, reviews, summaries
from epitome.serve.front import front
from epitome.serve.guard import Guard, Limited, RefusedError
from epitome.serve.metrics import Metrics
from epitome.serve.opened import READING
from epitome.serve.patience import DeadlineError, GoneError
from epitome.serve.room import BusyError, StoppedError
from epitome.serve.service import Service
from epitome.serve.tokens import Tokens, UnreachableError
from epitome.serve.traces import Tracing
from epitome.serve.watch import GONE, Watched
from epitome.serve.webhooks import Sender
from epitome.serve.worker import Worker

_log = logging.getLogger("epitome")
OPEN = frozenset({"/healthz", "/readyz", "/metrics", "/openapi.json"})
"""Answered without a key, beside the page: they tell nothing about anybody's texts."""
WARM_FIRST, WARM_AGAIN = 30.0, 5.0
"""Seconds that the engine has to answer before the first request is taken, and between tries. Without its answer the
server is alive all the same, and says at `/readyz` how it is."""
_STATUS: tuple[tuple[type[EpitomeError], int, str], ...] = (
    (BusyError, 429, "overloaded"),
    (StoppedError, 503, "server_error"),
    (DeadlineError, 504, "timeout"),
    (GoneError, GONE, "client_gone"),
    (UnreachableError, 503, "server_error"),
    (UsageError, 400, "invalid_request_error"),
    (ContextError, 400, "invalid_request_error"),
    (SourceError, 422, "unreadable_document"),
    (ModelError, 400, "invalid_request_error"),
    (EngineError, 500, "engine_error"),
    (StoreError, 503, "storage_error"),
)


def application(
    service: Service,
    keys: Keys,
    *,
    archived: Archive | None = None,
    reviewed: Reviews | None = None,
    private_webhooks: bool = False,
    tokens: Tokens | None = None,
    origins: Sequence[str] = (),
    tracing: Tracing | None = None,
) -> FastAPI:
    """The service as a web application; it closes the service when it ends.

    Args:
        keys: in the database that also has the jobs.
        archived: where summaries are kept; None: nowhere.
        reviewed: which of them a person has to see; None: no new ones.
        private_webhooks: whether webhooks may lead to this machine or into private networks.
        tokens: taken beside keys.
        origins: pages that may ask from a browser, such as `https://news.example`.
        tracing: closed with the service.
    """

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        background: tuple[Worker, Sender] = app.state.worker, app.state.sender
        for one in background:
            one.start()
        warming = asyncio.create_task(_warm(service))
        await asyncio.wait({warming}, timeout=WARM_FIRST)
        yield
        warming.cancel()
        await asyncio.gather(*(one.close() for one in background))
        READING.stop()
        service.close()
        if tracing is not None:
            tracing.close()

    app = FastAPI(title="Epitome", version=__version__, lifespan=life, docs_url=None, redoc_url=None)
    app.state.service, app.state.metrics, app.state.keys = service, Metrics(service), keys
    _desk(app, archived or Archive(keys.database), reviewed or Reviews(keys.database), private_webhooks)
    guarded = [Depends(Guard(keys, tokens))]
    for part in (summaries, read, checks, chat, jobs, archive, reviews):
        app.include_router(part.router, prefix="/v1", dependencies=guarded, responses=_told())
    app.include_router(front())
    _plain_routes(app)
    _errors(app)
    app.add_middleware(Limited)
    if origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=origins, allow_methods=("GET", "POST", "DELETE"), max_age=600,
            allow_headers=("Authorization", "Content-Type", "Idempotency-Key", "X-Request-Id"),
            expose_headers=("Retry-After", "X-Request-Id"),
        )  # fmt: skip
    app.add_middleware(
        Watched, metrics=app.state.metrics, failed=_failed, draining=lambda: service.draining, tracing=tracing
    )
    return app


async def _warm(service: Service) -> None:
    """Until the engine has answered; one on another machine may come later than this server."""
    while not service.ready:
        try:
            await asyncio.to_thread(service.warm)
        except Exception as error:
            _log.error("the engine does not answer: %s", error, exc_info=not isinstance(error, EpitomeError))
            await asyncio.sleep(WARM_AGAIN)


def _desk(app: FastAPI, archived: Archive, reviewed: Reviews, private_webhooks: bool) -> None:
    """What is kept, and what works at it beside the requests."""
    state, database = app.state, archived.database
    state.archive, state.reviews = archived, reviewed
    state.jobs, state.webhooks = Jobs(database), Webhooks(database)
    state.private_webhooks = private_webhooks
    state.worker = Worker(state.service, Queue(database), archived, reviewed, state.metrics.listener)
    state.sender = Sender(state.webhooks, allow_private=private_webhooks)


def _plain_routes(app: FastAPI) -> None:
    @app.get("/healthz", response_class=PlainTextResponse)
    async def alive() -> str:  # in no thread, which might be waited for
        """Whether the process answers."""
        return "ok"

    @app.get(
        "/readyz",
        response_class=PlainTextResponse,
        responses={503: {"description": "Not begun, about to end, full, or without its database."}},
    )
    def ready(request: Request) -> Response:
        """Whether another document would be taken."""
        service: Service = request.app.state.service
        if service.draining or not service.ready:
            return PlainTextResponse("draining" if service.draining else "starting", 503)
        if not request.app.state.keys.database.answers():
            return PlainTextResponse("no database", 503)
        free = service.held < service.most
        return PlainTextResponse("ok" if free else "busy", 200 if free else 503)

    @app.get("/metrics", response_class=PlainTextResponse)
    def metrics(request: Request) -> Response:
        """For Prometheus."""
        return Response(request.app.state.metrics.text(), media_type="text/plain; version=0.0.4")


def _failed(error: Exception) -> Response:
    if isinstance(error, StoppedError):
        return shaped(error)
    return _shaped(500, f"unexpected {type(error).__name__}; the server's log has it", "server_error")


def _errors(app: FastAPI) -> None:
    @app.exception_handler(EpitomeError)
    async def ours(request: Request, error: EpitomeError) -> Response:
        request.state.error = type(error).__name__
        response = shaped(error)
        if isinstance(error, StoreError):
            _log.error("%s", error)
        elif response.status_code == 500:
            _log.error("failed", exc_info=error)
        return response

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            return _shaped(400, f"the body: no JSON ({first['ctx']['error']})", "invalid_request_error")
        where = ".".join(str(part) for part in first["loc"] if part != "body")
        if not where and "json" not in request.headers.get("content-type", ""):
            first = {"msg": "JSON is read where the Content-Type says application/json"}
        return _shaped(
            400, f"{where or 'the body'}: {first['msg']}", "invalid_request_error", param=where or None
        )

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> Response:
        response = _shaped(error.status_code, str(error.detail), "invalid_request_error")
        response.headers.update(error.headers or {})
        return response


def shaped(error: EpitomeError) -> Response:
    """An error of ours as OpenAI's clients expect one."""
    if isinstance(error, RefusedError):
        kinds = {401: "authentication_error", 403: "permission_error"}
        response = _shaped(error.status, str(error), kinds.get(error.status, "rate_limit_error"))
        if error.status == 401:
            response.headers["WWW-Authenticate"] = "Bearer"
        elif error.status == 429:
            response.headers["Retry-After"] = str(int(error.wait) + 1)
        return response
    found = ((code, said) for known, code, said in _STATUS if isinstance(error, known))
    status, kind = next(found, (500, "server_error"))
    # Hints of the others speak of the command line.
    ours = isinstance(error, (BusyError, StoppedError, DeadlineError, UsageError))
    told = str(error) if ours else error.message
    response = _shaped(status, told, kind)
    if status in (429, 503):
        response.headers["Retry-After"] = "2"
    return response


def _shaped(status: int, message: str, kind: str, *, param: str | None = None) -> JSONResponse:
    body = {"error": {"message": message, "type": kind, "param": param, "code": None}}
    return JSONResponse(body, status)


def _told() -> dict[int | str, dict[str, Any]]:
    """The errors that every route behind a key may answer, for the OpenAPI document."""
    shape = {
        "type": "object",
        "properties": {
            "error": {
                "type": "object",
                "properties": {
                    name: {"type": ["string", "null"]} for name in ("message", "type", "param", "code")
                },
            }
        },
    }
    said = {
        400: "The request makes no sense.", 401: "No valid key.", 403: "The key is for something else.",
        408: "The body did not come in time.", 413: "The body is too large.",
        422: "The document cannot be read.", 429: "Too much is under way, or this key asks too often.",
        500: "The engine failed.",
        503: "The process ends, or something that it needs is away: the database, a token's issuer.",
        504: "It was not done in the time that it had.",
    }  # fmt: skip
    return {
        status: {"description": text, "content": {"application/json": {"schema": shape}}}
        for status, text in said.items()
    }
