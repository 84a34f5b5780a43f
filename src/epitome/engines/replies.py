"""What the replies of an OpenAI-compatible server mean: events, requests to wait, refusals in its own words."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from epitome.errors import ContextError, EngineError

if TYPE_CHECKING:
    import httpx

LONGEST_WAIT = 60.0
"""Seconds; a server that asks for a longer pause is reported instead."""


def events(answer: httpx.Response, url: str) -> Iterator[dict[str, Any]]:
    """The JSON of each `data:` line up to `[DONE]`. Raises what the server reports in the stream."""
    for line in answer.iter_lines():
        if not line.startswith("data:"):
            continue
        data = line.removeprefix("data:").strip()
        if data == "[DONE]":
            return
        try:
            event = json.loads(data)
        except ValueError as error:
            raise EngineError(f"{url} sent something that is no JSON: {data[:80]}") from error
        if not isinstance(event, dict):
            raise EngineError(f"{url} sent something that is no event: {data[:80]}")
        if event.get("error"):
            raise reported(event["error"], url)
        yield event


def pause(answer: httpx.Response, attempt: int) -> float | None:
    """Seconds to wait before trying again; None if that is no use, or the server wants too long a pause."""
    if answer.status_code not in {429, 500, 502, 503, 504, 529}:
        return None
    asked = answer.headers.get("retry-after", "")
    try:
        wait = float(asked) if asked else 0.5 * 2**attempt
    except ValueError:
        try:
            wait = parsedate_to_datetime(asked).timestamp() - time.time()
        except ValueError:
            wait = 0.5 * 2**attempt
    return max(0.0, wait) if wait <= LONGEST_WAIT else None


def refusal(answer: httpx.Response, url: str) -> EngineError:
    """The error for a reply that is no answer."""
    try:
        found = answer.json()
        error = found.get("error", found) if isinstance(found, dict) else found
    except ValueError:
        error = answer.text.strip()[:200] or answer.reason_phrase
    if answer.status_code in {401, 403}:
        return EngineError(f"{url} refuses the key: {_said(error)}", hint="set OPENAI_API_KEY")
    if answer.status_code == 404:
        return EngineError(
            f"{url}: {_said(error)}", hint="check the address (it ends in /v1) and the model's name"
        )
    return reported(error, f"{url} ({answer.status_code})")


def reported(error: Any, where: str) -> EngineError:
    """The server's own words. Servers name an overlong prompt in many ways; all of them mention the context."""
    said = _said(error)
    code = f"{error.get('code')} {error.get('type')}" if isinstance(error, dict) else ""
    if "context" in f"{said} {code}".lower() and any(
        word in f"{said} {code}".lower() for word in ("exceed", "length", "maximum", "too long", "larger")
    ):
        return ContextError(f"{where}: {said}", hint="shorten the document, or ask for less")
    return EngineError(f"{where}: {said}")


def _said(error: Any) -> str:
    message = error.get("message", error) if isinstance(error, dict) else error
    return str(message).strip()
