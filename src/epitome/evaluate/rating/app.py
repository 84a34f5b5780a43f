"""The web page where people rate: plain forms that work without scripts, blind, one item at a time."""

from __future__ import annotations

import hmac
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from epitome.evaluate.rating.assign import next_item, swapped
from epitome.evaluate.rating.store import Rating, Shown, Store
from epitome.evaluate.rating.study import SCALE
from epitome.pages import page, render

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
LONGEST = {"name": 60, "comment": 2000}
_NUMBER = re.compile("[0-9]{1,9}")
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def application(store: Store, *, key: str | None = None) -> FastAPI:
    """The study as a web application.

    With `key`, nobody gets in without it (`/?key=…` once, then a cookie). Without, only requests that name this
    machine as their host are answered, so that no page elsewhere can reach it under another name.
    """
    app = FastAPI(title="Epitome ratings", docs_url=None, redoc_url=None, openapi_url=None)

    @app.middleware("http")
    async def guarded(request: Request, proceed: Callable[[Request], Awaitable[Response]]) -> Response:
        response = _refused(request, key) or _admitted(request, key) or await proceed(request)
        response.headers.update(_HEADERS)
        return response

    @app.get("/", response_class=HTMLResponse)
    def show(request: Request) -> Response:
        rater = request.cookies.get("rater", "")
        return HTMLResponse(_item_page(store, rater) if rater else _welcome(store))

    @app.post("/rater")
    def name(name: str = Form("")) -> Response:
        chosen = " ".join(name.split())[: LONGEST["name"]] or f"rater-{secrets.token_hex(3)}"
        response = RedirectResponse("/", status_code=303)
        # Percent-encoded: a cookie holds ASCII only.
        response.set_cookie(
            "rater", _encoded(chosen), httponly=True, samesite="strict", max_age=90 * 24 * 3600
        )
        return response

    @app.post("/rate")
    async def rate(request: Request) -> Response:
        rater = request.cookies.get("rater", "")
        form = {key: str(value) for key, value in (await request.form()).items()}
        asked = form.get("item", "")
        shown = store.shown(int(asked)) if _NUMBER.fullmatch(asked) else None
        answers = _answers(store, shown, rater, form) if shown and rater else None
        if answers is None:
            text = "This is no answer to an item of this study. Go back, answer every question, and send it again."
            return HTMLResponse(_message("Not understood", text), status_code=400)
        store.rate(answers)
        return RedirectResponse("/", status_code=303)

    @app.post("/undo")
    def undo(request: Request) -> Response:
        store.undo(_decoded(request.cookies.get("rater", "")))
        return RedirectResponse("/", status_code=303)

    return app


# --- who may ---


def _refused(request: Request, key: str | None) -> Response | None:
    """An answer to whoever has no business here, or None."""
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    if key is None and host not in LOOPBACK:
        return HTMLResponse(_message("Not here", "This study answers on this machine only."), status_code=403)
    origin = request.headers.get("origin")
    if (
        request.method == "POST"
        and origin is not None
        and urlsplit(origin).netloc != request.headers.get("host")
    ):
        return HTMLResponse(
            _message("Not from there", "Answers are taken from this page only."), status_code=403
        )
    given = request.query_params.get("key") or request.cookies.get("key", "")
    if key is not None and not hmac.compare_digest(given.encode(), key.encode()):
        return HTMLResponse(_message("A key is needed", "Open the link that you were sent."), status_code=401)
    return None


def _admitted(request: Request, key: str | None) -> Response | None:
    """Whoever comes with the key in the address gets it as a cookie, and an address without it."""
    if key is None or "key" not in request.query_params:
        return None
    response = RedirectResponse("/", status_code=303)
    response.set_cookie("key", key, httponly=True, samesite="strict")
    return response


def _encoded(name: str) -> str:
    from urllib.parse import quote

    return quote(name, safe="")


def _decoded(cookie: str) -> str:
    from urllib.parse import unquote

    return unquote(cookie)[: LONGEST["name"]]


# --- pages ---


def _message(title: str, text: str) -> str:
    return page(title, render("epitome.evaluate.rating:message.html", text=text))


def _welcome(store: Store) -> str:
    return page("Rate summaries", render("epitome.evaluate.rating:welcome.html", plan=store.plan))


def _item_page(store: Store, cookie: str) -> str:
    rater = _decoded(cookie)
    items, ratings = store.items(), store.ratings()
    mine = len({one.item for one in ratings if one.rater == rater})
    item = next_item(store.plan, items, ratings, rater)
    if item is None:
        return page("Thank you", render("epitome.evaluate.rating:done.html", mine=mine, rater=rater))
    shown = store.shown(item.number)
    assert shown is not None
    texts = shown.summaries[::-1] if swapped(store.plan, rater, item.number) else shown.summaries
    context: dict[str, Any] = {
        "plan": store.plan,
        "shown": shown,
        "texts": texts,
        "scale": SCALE,
        "started": f"{time.time():.3f}",
        "mine": mine,
        "rater": rater,
        "comment_length": LONGEST["comment"],
    }
    return page("Rate summaries", render("epitome.evaluate.rating:item.html", **context), language=shown.lang)


def _answers(store: Store, shown: Shown, cookie: str, form: dict[str, str]) -> list[Rating] | None:
    """The ratings that a form holds, or None if it does not answer every question."""
    rater, number = _decoded(cookie), shown.item.number
    pairwise = store.plan.mode == "pairwise"
    values = {"left": 1, "tie": 0, "right": -1} if pairwise else {str(value): value for value in SCALE}
    said = [values.get(form.get(f"q{at}", "")) for at in range(len(store.plan.questions))]
    if any(value is None for value in said):
        return None
    turn = -1 if pairwise and swapped(store.plan, rater, number) else 1
    made = datetime.now(UTC).isoformat(timespec="milliseconds")
    comment = form.get("comment", "").strip()[: LONGEST["comment"]].encode("utf-8", "replace").decode()
    return [
        Rating(number, rater, at, turn * value, _seconds(form.get("started", "")), comment, made)
        for at, value in enumerate(said)
        if value is not None
    ]


def _seconds(started: str) -> float:
    try:
        return round(max(0.0, min(time.time() - float(started), 86_400.0)), 1)
    except ValueError:
        return 0.0
