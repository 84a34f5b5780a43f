"""One line an event on standard error, as JSON or as text: never a document's text, never a secret."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Literal

Format = Literal["text", "json"]
Level = Literal["debug", "info", "warning", "error"]

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""Of the request under way; it stands in every line that is logged meanwhile, from threads of the service too."""


def configure(form: Format = "text", level: Level = "info") -> None:
    """Send the log of this process to standard error: ours from `level` on, uvicorn's from `warning`.

    Of libraries only errors are let through: their warnings may quote what they read.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.ERROR)
    logging.getLogger("epitome").setLevel(level.upper())
    logging.getLogger("uvicorn").setLevel(logging.WARNING)


def facts(record: logging.LogRecord) -> dict[str, Any]:
    """What a line says beside time, level and message: the `facts` it was logged with, the request, the traceback."""
    found: dict[str, Any] = {}
    if identity := getattr(record, "request_id", None) or request_id.get():
        found["request_id"] = identity
    given = getattr(record, "facts", None)
    found |= given if isinstance(given, Mapping) else {}
    if record.exc_info and record.exc_info[1] is not None:
        found["error"] = type(record.exc_info[1]).__name__
        found["traceback"] = traced(record.exc_info[1])
    return found


def traced(error: BaseException) -> str:
    """Where it happened, and the errors behind it; without their messages, which may quote a document."""
    lines: list[str] = []
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        lines.append(
            f"{type(cause).__name__}, raised at:\n{''.join(traceback.format_tb(cause.__traceback__))}"
        )
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return "because of ".join(lines).rstrip()


class JsonLines(logging.Formatter):
    """A JSON object a line: `time` (UTC), `level`, `logger`, `message`, and the record's facts."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        head = {"time": _time(record), "level": record.levelname.lower(), "logger": record.name}
        line = head | {"message": record.getMessage()} | facts(record)
        return json.dumps(line, ensure_ascii=False, default=str)


class TextLines(logging.Formatter):
    """`TIME level message name=value …`, the traceback on lines of its own."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        found = facts(record)
        where = found.pop("traceback", None)
        named = "".join(f" {name}={value}" for name, value in found.items())
        message = " ".join(record.getMessage().split())
        line = f"{_time(record)} {record.levelname.lower()} {message}{named}"
        return f"{line}\n{where}" if where else line


def _time(record: logging.LogRecord) -> str:
    return (
        datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )
