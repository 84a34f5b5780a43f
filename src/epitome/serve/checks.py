"""`POST /v1/checks`: is a summary, whoever wrote it, true to its document?"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import Field

from epitome.errors import UsageError
from epitome.serve.asked import Sourced
from epitome.serve.forms import FormRoute, form_of, uploaded
from epitome.serve.opened import opened
from epitome.stages import Stage
from epitome.trust.check import Source

router = APIRouter(route_class=FormRoute)


class CheckAsked(Sourced):
    """The body: the `summary`, and the `text`, `url` or `file` it is of."""

    summary: Annotated[str, Field(max_length=1_000_000, examples=["The ferry left with 212 people."])]


@router.post("/checks", response_model=None, openapi_extra=form_of(CheckAsked))
async def checks(asked: CheckAsked, request: Request) -> dict[str, Any]:
    """Support, verdict and unsupported facts of each sentence: what `epitome check --json` prints."""
    if not asked.summary.strip():
        raise UsageError("summary: it is empty")
    document = await opened(asked, uploaded(request))
    with Stage("check"):
        verdict = await asyncio.to_thread(lambda: Source(document).verdict(asked.summary))
    return verdict.as_dict()
