"""`GET /` and `GET /reviews`: the pages, as files of the package, which fetch nothing from anywhere else."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath

from fastapi import APIRouter, Request, Response

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
"""No script but ours runs, and none makes markup out of text (https://www.w3.org/TR/CSP3, /trusted-types)."""
_PAGES = {"index.html": "/", "reviews.html": "/reviews"}
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


def front() -> APIRouter:
    """A route a file: no path that somebody asks for is ever looked up on disk."""
    router = APIRouter(include_in_schema=False)
    for file in (files("epitome.serve") / "page").iterdir():
        _serve(router, file, _PAGES.get(file.name, f"/page/{file.name}"))
    return router


def _serve(router: APIRouter, file: Traversable, path: str) -> None:
    content = file.read_bytes()
    headers = {
        "Content-Security-Policy": POLICY,
        "Cache-Control": "no-cache",  # asked for again each time, and answered with 304 while it is the same
        "ETag": f'"{hashlib.sha256(content).hexdigest()[:24]}"',
    }
    kind = _TYPES[PurePosixPath(file.name).suffix]

    @router.api_route(path, methods=["GET", "HEAD"])
    def answer(request: Request) -> Response:
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        return Response(content, headers=headers, media_type=kind)
