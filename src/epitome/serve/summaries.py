"""`POST /v1/summaries`: a text, an address or a file in, a Summary out, at once or as it is written."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request, Response

from epitome.errors import EpitomeError
from epitome.serve.archive import kept
from epitome.serve.asked import SummaryAsked
from epitome.serve.forms import FormRoute, form_of, uploaded
from epitome.serve.masking import covered
from epitome.serve.opened import opened
from epitome.serve.patience import STREAMED, Events, Patience
from epitome.serve.service import Pieces, Service
from epitome.types import Document, Summary

router = APIRouter(route_class=FormRoute)


@router.post("/summaries", response_model=None, responses=STREAMED, openapi_extra=form_of(SummaryAsked))
async def summaries(asked: SummaryAsked, request: Request) -> dict[str, Any] | Response:
    """Summarise `text`, what lies at `url`, or a `file`. The answer is what `epitome summarize --json` prints."""
    service: Service = request.app.state.service
    patience = Patience(request, asked.timeout, service.timeout)
    wanted, owner = asked.request(), request.state.key

    async def whole() -> tuple[Document, Summary]:
        document = await opened(asked, uploaded(request))
        return document, await service.summary(covered(service, asked, document), wanted, owner=owner)

    async def begun() -> tuple[Document, Pieces]:
        document = await opened(asked, uploaded(request))
        return document, await service.stream(covered(service, asked, document), wanted, owner=owner)

    if asked.stream:
        document, pieces = await patience.result(begun())
        return Events(_events(request, asked, document, patience.pieces(pieces)), pieces)
    document, summary = await patience.result(whole())
    return summary.as_dict() | await kept(request, asked, document, summary)


async def _events(
    request: Request, asked: SummaryAsked, document: Document, pieces: AsyncIterator[str | Summary]
) -> AsyncIterator[str]:
    """`piece` events with text, one `summary` event; an `error` event where something fails on the way."""
    try:
        async for piece in pieces:
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
