"""`POST /v1/summaries`: a text, an address or a file in, a Summary out, at once or as it is written."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from epitome.errors import EpitomeError
from epitome.serve.archive import kept
from epitome.serve.asked import SummaryAsked
from epitome.serve.forms import FormRoute, form_of, uploaded
from epitome.serve.masking import covered
from epitome.serve.opened import opened
from epitome.serve.service import Service
from epitome.types import Document, Summary

router = APIRouter(route_class=FormRoute)


@router.post("/summaries", response_model=None, openapi_extra=form_of(SummaryAsked))
async def summaries(asked: SummaryAsked, request: Request) -> dict[str, Any] | StreamingResponse:
    """Summarise `text`, what lies at `url`, or a `file`. The answer is what `epitome summarize --json` prints."""
    service: Service = request.app.state.service
    wanted = asked.request()
    document = await opened(asked, uploaded(request))
    shown = covered(service, asked, document)
    if asked.stream:
        return StreamingResponse(_events(request, asked, document), media_type="text/event-stream")
    summary = await service.summary(shown, wanted)
    return summary.as_dict() | await kept(request, asked, document, summary)


async def _events(request: Request, asked: SummaryAsked, document: Document) -> AsyncIterator[str]:
    """`piece` events with text, one `summary` event; an `error` event where something fails on the way."""
    service: Service = request.app.state.service
    try:
        async for piece in service.stream(covered(service, asked, document), asked.request()):
            if isinstance(piece, Summary):
                yield _event("summary", piece.as_dict() | await kept(request, asked, document, piece))
            else:
                yield _event("piece", {"text": piece})
    except EpitomeError as error:
        yield _event(
            "error",
            {"error": {"message": str(error), "type": type(error).__name__, "param": None, "code": None}},
        )


def _event(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
