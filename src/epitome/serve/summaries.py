"""`POST /v1/summaries`: a text or an address in, a Summary out, at once or as it is written."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from epitome.errors import EpitomeError
from epitome.serve.asked import SummaryAsked
from epitome.serve.opened import opened
from epitome.serve.service import Service
from epitome.types import Summary

router = APIRouter()


@router.post("/summaries", response_model=None)
async def summaries(asked: SummaryAsked, request: Request) -> dict[str, Any] | StreamingResponse:
    """Summarise `text`, or what lies at `url`. The answer is what `epitome summarize --json` prints."""
    service: Service = request.app.state.service
    wanted = asked.request()
    document = await opened(asked)
    if asked.stream:
        return StreamingResponse(_events(service.stream(document, wanted)), media_type="text/event-stream")
    summary = await service.summary(document, wanted)
    return summary.as_dict()


async def _events(pieces: AsyncIterator[str | Summary]) -> AsyncIterator[str]:
    """`piece` events with text, one `summary` event; an `error` event where something fails on the way."""
    try:
        async for piece in pieces:
            if isinstance(piece, Summary):
                yield _event("summary", piece.as_dict())
            else:
                yield _event("piece", {"text": piece})
    except EpitomeError as error:
        yield _event(
            "error",
            {"error": {"message": str(error), "type": type(error).__name__, "param": None, "code": None}},
        )


def _event(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
