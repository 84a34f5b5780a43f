"""What becomes of a summary once it is made; `/v1/archive` and `/v1/feedback`."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from epitome.desk.archive import Archive, Entry
from epitome.desk.database import Database
from epitome.desk.doubts import complaint
from epitome.desk.keys import Key
from epitome.desk.reviews import Reviews
from epitome.serve.asked import ChatAsked, SummaryAsked
from epitome.serve.jobs import MISSING, Before, Identity, Limit
from epitome.serve.masking import hidden, masker
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
        exclude={"text", "document", "messages", "stream", "stream_options", "timeout"},
    )
    return Entry(secrets.token_hex(16), owner, request, summary.as_dict(), document.text)


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where a summary is kept: in the archive, in the queue of those that a person has to see, in both, or nowhere."""

    told: dict[str, str]
    """`archive_id` and `review_id`, as far as it is there."""
    write: Callable[[Connection], None] | None
    """What keeps it, in a transaction of the caller's."""


def keeping(archive: Archive, reviews: Reviews, made: Entry) -> Keeping:
    """What is to be kept of a summary; nothing is written yet."""
    why = reviews.due(made.summary)
    told = {"archive_id": made.id} if archive.keeps is not None else {}
    told |= {"review_id": made.id} if why else {}

    def write(connection: Connection) -> None:
        if archive.keeps is not None:
            archive.write(connection, made)
        if why:
            reviews.open(connection, made, why)

    return Keeping(told, write if told else None)


async def kept(
    request: Request, asked: SummaryAsked | ChatAsked, document: Document, summary: Summary
) -> dict[str, str]:
    """Keep a summary where that is asked for: what is told of that. Raises `StoreError`."""
    state = request.app.state
    made, mask = entry(request.state.key, asked, document, summary), masker(state.service, asked)
    if mask is not None:
        made = await asyncio.to_thread(hidden, made, mask)
    chosen = keeping(state.archive, state.reviews, made)
    if chosen.write is not None:
        await asyncio.to_thread(_written, state.archive.database, chosen.write)
    return chosen.told


def _written(database: Database, write: Callable[[Connection], None]) -> None:
    with database.writing() as connection:
        write(connection)


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
    """Remove a summary, what was said of it, and its review."""
    archive: Archive = request.app.state.archive
    reviews: Reviews = request.app.state.reviews
    key: Key = request.state.bearer
    also = partial(reviews.withdraw, identity=identity, owner=key.id, who=key.who)
    if not archive.remove(identity, key.id, also=also):
        raise _missing()
    return Response(status_code=204)


@router.post("/feedback", status_code=201, response_model=None, responses=MISSING)
def feedback(asked: FeedbackAsked, request: Request) -> dict[str, Any]:
    """Say what a summary of the archive is worth: 1 to 5, or up or down. With 1, 2 or down a person will look at it,
    where there is review."""
    archive: Archive = request.app.state.archive
    reviews: Reviews = request.app.state.reviews
    key: Key = request.state.bearer
    why = complaint(str(asked.rating), asked.comment) if reviews.opens else None
    found = archive.find(asked.summary, key.id) if why is not None else None
    also = None
    if why is not None and found is not None:
        also = partial(reviews.complain, kept=found, owner=key.id, who=key.who, why=why)
    said = archive.rate(asked.summary, key.id, str(asked.rating), asked.comment, also=also)
    if said is None:
        raise _missing()
    return {"id": said}


def _missing() -> HTTPException:
    return HTTPException(404, "this key has no summary of that id")
