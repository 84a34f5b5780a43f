"""`/v1/archive` and `/v1/feedback`: summaries that were given before, and what people say of them."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from epitome.desk.archive import Archive, Entry
from epitome.serve.jobs import MISSING, Before, Identity, Limit
from epitome.types import Document, Summary

router = APIRouter()


class FeedbackAsked(BaseModel):
    """The body of `POST /v1/feedback`."""

    model_config = ConfigDict(extra="forbid")

    summary: Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
    """The `archive_id` of a summary."""
    rating: Annotated[int, Field(ge=1, le=5, strict=True)] | Literal["up", "down"]
    comment: Annotated[str, Field(max_length=5000)] = ""


def entry(owner: str, asked: BaseModel, document: Document, summary: Summary) -> Entry:
    """What the archive keeps of a summary: who asked what, without the document in the request."""
    request = asked.model_dump(
        mode="json",
        exclude_defaults=True,
        exclude={"text", "document", "messages", "stream", "stream_options"},
    )
    return Entry(secrets.token_hex(16), owner, request, summary.as_dict(), document.text)


async def kept(request: Request, asked: BaseModel, document: Document, summary: Summary) -> dict[str, str]:
    """Archive a summary, where that is asked for: its `archive_id`, or nothing. Raises `StoreError`."""
    archive: Archive = request.app.state.archive
    if archive.keeps is None:
        return {}
    made = entry(request.state.key, asked, document, summary)
    await asyncio.to_thread(archive.add, made)
    return {"archive_id": made.id}


@router.get("/archive", response_model=None)
def listed(
    request: Request,
    q: Annotated[str, Query(max_length=200)] = "",
    limit: Limit = 50,
    before: Before = None,
) -> dict[str, Any]:
    """The key's summaries, the newest first; with `q` those in which all its words stand."""
    archive: Archive = request.app.state.archive
    return {"summaries": archive.all(request.state.key, query=q, limit=limit, before=before)}


@router.get("/archive/{identity}", response_model=None, responses=MISSING)
def one(identity: Identity, request: Request) -> dict[str, Any]:
    """A summary as it was given, its request, and what was said of it."""
    archive: Archive = request.app.state.archive
    found = archive.find(identity, request.state.key)
    if found is None:
        raise _missing()
    return asdict(found)


@router.delete("/archive/{identity}", status_code=204, response_class=Response, responses=MISSING)
def remove(identity: Identity, request: Request) -> Response:
    """Remove a summary, and what was said of it."""
    archive: Archive = request.app.state.archive
    if not archive.remove(identity, request.state.key):
        raise _missing()
    return Response(status_code=204)


@router.post("/feedback", status_code=201, response_model=None, responses=MISSING)
def feedback(asked: FeedbackAsked, request: Request) -> dict[str, Any]:
    """Say what a summary of the archive is worth: 1 to 5, or up or down."""
    archive: Archive = request.app.state.archive
    said = archive.rate(asked.summary, request.state.key, str(asked.rating), asked.comment)
    if said is None:
        raise _missing()
    return {"id": said}


def _missing() -> HTTPException:
    return HTTPException(404, "this key has no summary of that id")
