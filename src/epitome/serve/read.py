"""`POST /v1/read`: what a document says, as the summariser would read it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request

from epitome.errors import SourceError
from epitome.serve.asked import Sourced
from epitome.serve.forms import FormRoute, form_of, uploaded
from epitome.serve.opened import opened

router = APIRouter(route_class=FormRoute)


@router.post("/read", response_model=None, openapi_extra=form_of(Sourced))
async def read(asked: Sourced, request: Request) -> dict[str, Any]:
    """Text, title, language, sections and origins of a text, a page or a file.

    Offsets count characters of `text`. Other routes take the answer as `document`: then the sources of a summary's
    sentences are spans of this very text, and nothing is fetched or parsed twice.
    """
    document = await opened(asked, uploaded(request))
    if not document.text:
        raise SourceError("the text: there is nothing to read in it")
    return asdict(document)
