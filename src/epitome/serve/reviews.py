"""`/v1/reviews`: summaries that a person has to see. Keys that may review see all of them, the others their own."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from epitome.desk.keys import Key
from epitome.desk.reviews import LONGEST, HeldError, Review, Reviews
from epitome.serve.jobs import MISSING, Before, Identity, Limit

router = APIRouter()
Text = Annotated[str, Field(max_length=LONGEST)]
FORBIDDEN: dict[int | str, dict[str, Any]] = {403: {"description": "This key may not review."}}


class ReviewAsked(BaseModel):
    """The body of `POST /v1/reviews/{id}`."""

    model_config = ConfigDict(extra="forbid")

    action: Literal["claim", "release", "approve", "edit", "reject", "reopen"]
    text: Text = ""
    """What an edited summary says."""
    reason: Text = ""
    """Why; a rejection needs it."""


@router.get("/reviews", response_model=None)
def listed(
    request: Request,
    state: Literal["open", "approved", "edited", "rejected"] | None = None,
    limit: Limit = 50,
    past: Before = None,
) -> dict[str, Any]:
    """Open reviews the oldest first, decided ones or all the newest first; `past` an id, for the next page.

    `counts` has how many there are of each state.
    """
    reviews: Reviews = request.app.state.reviews
    owner = _owner(request)
    found = reviews.all(state=state, owner=owner, limit=limit, past=past)
    return {"reviews": [asdict(brief) for brief in found], "counts": reviews.counts(owner)}


@router.get("/reviews/{identity}", response_model=None, responses=MISSING)
def one(identity: Identity, request: Request) -> dict[str, Any]:
    """A review with its summary as the model made it, each sentence with its passages; the document where kept."""
    return asdict(_found(identity, request))


@router.post(
    "/reviews/{identity}",
    response_model=None,
    responses=MISSING | FORBIDDEN | {409: {"description": "Somebody else is at it, or it has been decided."}},
)
def act(identity: Identity, asked: ReviewAsked, request: Request) -> dict[str, Any]:
    """Claim a review for a quarter of an hour, release it, approve, edit or reject the summary, or open it again."""
    _reviewing(request)
    _found(identity, request)
    reviews: Reviews = request.app.state.reviews
    key: Key = request.state.bearer
    try:
        done = reviews.act(identity, key.who, asked.action, text=asked.text, reason=asked.reason)
    except HeldError as error:
        raise HTTPException(409, str(error)) from None
    return asdict(done)


@router.delete("/reviews/{identity}", status_code=204, response_class=Response, responses=MISSING)
def withdraw(identity: Identity, request: Request) -> Response:
    """Remove a review of one's own, with its texts. What was done stays in the trail."""
    reviews: Reviews = request.app.state.reviews
    key: Key = request.state.bearer
    with reviews.database.writing() as connection:
        if not reviews.withdraw(connection, identity, key.id, key.who):
            raise _missing()
    return Response(status_code=204)


@router.get("/reviews/{identity}/trail", response_model=None, responses=MISSING | FORBIDDEN)
def trail(identity: Identity, request: Request) -> dict[str, Any]:
    """Who did what to it and when, the oldest first; also of a review that was withdrawn."""
    _reviewing(request)
    reviews: Reviews = request.app.state.reviews
    entries = reviews.trail.of(identity)
    if not entries:
        raise _missing()
    return {"trail": [asdict(entry) for entry in entries]}


def _owner(request: Request) -> str | None:
    """Whose reviews the key sees; None: everybody's."""
    key: Key = request.state.bearer
    return None if key.reviewer else key.id


def _found(identity: str, request: Request) -> Review:
    reviews: Reviews = request.app.state.reviews
    review = reviews.find(identity, _owner(request))
    if review is None:
        raise _missing()
    return review


def _reviewing(request: Request) -> None:
    if not request.state.bearer.reviewer:
        raise HTTPException(403, "this key may not review")


def _missing() -> HTTPException:
    return HTTPException(404, "this key has no review of that id")
