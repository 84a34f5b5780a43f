"""Forms: where a route takes JSON, it takes the same fields as `multipart/form-data`, and a `file` besides."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.datastructures import FormData, UploadFile
from starlette.types import Message

from epitome.errors import UsageError
from epitome.serve.guard import LARGEST

LISTS = frozenset({"mention", "glossary"})
"""Fields that may come more than once."""
_JSON = (b"content-type", b"application/json")
_UNSEEN = re.compile(r"[^\w\s.,()+&'-]|[\n\r\t]")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came, and what its sender calls it."""

    name: str
    data: bytes

    @property
    def suffix(self) -> str:
        """`.pdf`, say; empty where there is none."""
        return PurePosixPath(self.name).suffix.lower()


class FormRoute(APIRoute):
    """A route that also takes forms: the fields go on as JSON, the file as `uploaded(request)`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler of the route, which sees JSON in any case."""
        plain = super().get_route_handler()

        async def handle(request: Request) -> Response:
            if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
                request = await _as_json(request)
            return await plain(request)

        return handle


def uploaded(request: Request) -> Upload | None:
    """The file that came with a request."""
    found: Upload | None = getattr(request.state, "upload", None)
    return found


def form_of(body: type[BaseModel]) -> dict[str, Any]:
    """What the OpenAPI document says of a route's form: FastAPI's `openapi_extra`."""
    fields = {
        name: schema
        for name, schema in body.model_json_schema()["properties"].items()
        if "$ref" not in json.dumps(schema)  # a field with fields of its own comes as JSON only
    }
    file = {
        "type": "string",
        "format": "binary",
        "description": "PDF, DOCX, EPUB, HTML, Markdown, SRT, VTT or text.",
    }
    schema = {"type": "object", "properties": {"file": file} | fields}
    return {"requestBody": {"content": {"multipart/form-data": {"schema": schema}}}}


async def _as_json(request: Request) -> Request:
    async with request.form(max_files=1, max_fields=1100, max_part_size=LARGEST) as form:
        request.state.upload = await _file(form)
        body = json.dumps(_fields(form)).encode()

    waiting = [body]

    async def receive() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await request.receive()  # that the client goes away

    headers = [
        pair for pair in request.scope["headers"] if pair[0] not in (b"content-type", b"content-length")
    ]
    return Request({**request.scope, "headers": [*headers, _JSON]}, receive)


async def _file(form: FormData) -> Upload | None:
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            if name != "file":
                raise UsageError(f"{name[:100]!r} is a file; the document's field is `file`")
            return Upload(_safe(value.filename or ""), await value.read())
    return None


def _fields(form: FormData) -> dict[str, Any]:
    """The fields that are filled in: a browser also sends the empty ones."""
    found: dict[str, Any] = {}
    for name, value in form.multi_items():
        if isinstance(value, UploadFile) or not value:
            continue
        if name in LISTS:
            found.setdefault(name, []).append(value)
        elif name in found:
            raise UsageError(f"{name[:100]}: given twice")
        else:
            found[name] = value
    return found


def _safe(name: str) -> str:
    """The last part of a path, without what a terminal or a header would obey; its end, where it is long."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return _UNSEEN.sub("_", last)[-100:].strip() or "the file"
