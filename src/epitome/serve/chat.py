"""OpenAI's endpoints, so that existing clients summarise without a change: the user's turns are the document."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request, Response

from epitome.documents import from_text
from epitome.errors import EpitomeError, UsageError
from epitome.models import folder
from epitome.serve.archive import kept
from epitome.serve.asked import ChatAsked
from epitome.serve.masking import covered
from epitome.serve.patience import STREAMED, Events, Patience
from epitome.serve.service import Service
from epitome.types import Document, Length, Summary
from epitome.types import Request as Wanted

router = APIRouter()
WORDS_A_TOKEN = 0.7
"""Of English, so that `max_tokens` is kept."""


@router.get("/models")
async def models(request: Request) -> dict[str, Any]:
    """The model that serves, under its own name and as `default`."""
    service: Service = request.app.state.service
    names = ["default", service.summarizer.model.name]
    rows = [{"id": name, "object": "model", "created": 0, "owned_by": "epitome"} for name in names]
    adapters = [folder.called(worn.adapter) for worn in service.summarizer.closet]
    return {"object": "list", "data": rows, "adapters": adapters}


@router.post("/chat/completions", response_model=None, responses=STREAMED)
async def completions(asked: ChatAsked, request: Request) -> dict[str, Any] | Response:
    """The summary of the user's turns as a chat's answer. Instructions are not followed: `warnings` says so."""
    service: Service = request.app.state.service
    patience = Patience(request, asked.timeout, service.timeout)
    known = {"", "default", service.summarizer.model.name}
    if asked.model not in known:
        raise UsageError(
            f"model {asked.model!r} is not served here", hint=f"one of {', '.join(sorted(known - {''}))}"
        )
    document, wanted, owner = _document(asked), _wanted(asked), request.state.key
    shown = covered(service, asked, document)
    head = {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "created": int(time.time()),
        "model": service.summarizer.model.name,
    }
    if asked.stream:
        pieces = await patience.result(service.stream(shown, wanted, owner=owner))
        return Events(_events(request, asked, document, head, patience.pieces(pieces)), pieces)
    summary = await patience.result(service.summary(shown, wanted, owner=owner))
    archived = await kept(request, asked, document, summary)
    choice = {"index": 0, "message": {"role": "assistant", "content": summary.text}, "finish_reason": "stop"}
    body = {**head, "object": "chat.completion", "choices": [choice], "usage": _usage(summary)}
    warnings = [*_ignored(asked), *summary.warnings]
    return body | {"read_share": summary.read_share, "warnings": warnings, **archived}


def _document(asked: ChatAsked) -> Document:
    text = "\n\n".join(turn.text for turn in asked.messages if turn.role == "user")
    if not text.strip():
        raise UsageError("messages: no user turn has a text to summarise")
    return from_text(text)


def _wanted(asked: ChatAsked) -> Wanted:
    most = asked.max_completion_tokens or asked.max_tokens
    words = Length(None, max(1, int(most * WORDS_A_TOKEN))) if most else None
    return Wanted(words=words, seed=asked.seed or 0)


def _ignored(asked: ChatAsked) -> list[str]:
    beside = [f"{name} has no effect here" for name in sorted(asked.model_extra or {})]
    if any(turn.role in ("system", "developer") for turn in asked.messages):
        beside.append("instructions are not followed here; POST /v1/summaries takes style, length and focus")
    return beside


def _usage(summary: Summary) -> dict[str, int]:
    read, written = summary.prompt_tokens, summary.generated_tokens
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


async def _events(
    request: Request,
    asked: ChatAsked,
    document: Document,
    head: dict[str, Any],
    pieces: AsyncIterator[str | Summary],
) -> AsyncIterator[str]:
    def chunk(delta: dict[str, str], finish: str | None = None, **more: Any) -> str:
        choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
        body = {**head, "object": "chat.completion.chunk", "choices": choices, **more}
        return f"data: {json.dumps(body, ensure_ascii=False)}\n\n"

    try:
        yield chunk({"role": "assistant", "content": ""})
        async for piece in pieces:
            if not isinstance(piece, Summary):
                yield chunk({"content": piece})
                continue
            archived = await kept(request, asked, document, piece)
            yield chunk({}, "stop", read_share=piece.read_share, **archived)
            if (asked.stream_options or {}).get("include_usage"):
                last = {**head, "object": "chat.completion.chunk", "choices": [], "usage": _usage(piece)}
                yield f"data: {json.dumps(last)}\n\n"
    except EpitomeError as error:
        body = {"error": {"message": str(error), "type": "server_error", "param": None, "code": None}}
        yield f"data: {json.dumps(body)}\n\n"
    yield "data: [DONE]\n\n"
