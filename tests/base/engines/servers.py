"""Servers on the loopback that answer as they are told: for the faults that a real one has too seldom."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

Answer = tuple[int, dict[str, str], str]
"""Status, headers, body."""


@dataclass
class Served:
    """What came in, and what goes out."""

    url: str = ""
    seen: list[tuple[str, str, dict[str, str], dict[str, Any]]] = field(default_factory=list)
    """Method, path, headers, body."""

    def bodies(self, path: str) -> list[dict[str, Any]]:
        return [body for _, at, _, body in self.seen if at == path]


def models(*names: str, **more: Any) -> Answer:
    return 200, {}, json.dumps({"object": "list", "data": [{"id": name, **more} for name in names]})


def writing(text: str) -> Callable[[str, str, int], Answer | None]:
    """What a llama.cpp server with the model `m` answers that writes this text, whatever it is asked."""
    fixed = {
        "/v1/models": models("m"),
        "/apply-template": (200, {}, json.dumps({"prompt": "…"})),
        "/tokenize": (200, {}, json.dumps({"tokens": list(range(40))})),
        "/v1/chat/completions": says(text),
    }
    return lambda _, path, __: fixed.get(path)


def error(status: int, message: str, **headers: str) -> Answer:
    return status, headers, json.dumps({"error": {"message": message, "type": "server_error"}})


def says(text: str, *, prompt_tokens: int = 100, finish: str | None = "stop", done: bool = True) -> Answer:
    """A stream that says `text` word by word."""
    events: list[dict[str, Any]] = [
        {"choices": [{"index": 0, "delta": {"content": word + " "}}]} for word in text.split()
    ]
    if finish:
        events.append({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
        usage = {"prompt_tokens": prompt_tokens, "completion_tokens": len(text.split())}
        events.append({"choices": [], "usage": usage})
    lines = [f"data: {json.dumps(event)}\n\n" for event in events] + ["data: [DONE]\n\n"] * done
    return 200, {"Content-Type": "text/event-stream"}, "".join(lines)


@contextmanager
def serving(answer: Callable[[str, str, int], Answer | None]) -> Iterator[Served]:
    """A server that asks `answer(method, path, how often it was asked before)`; None is a 404."""
    served = Served()

    class Handler(BaseHTTPRequestHandler):
        def _respond(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            before = sum(path == self.path for _, path, _, _ in served.seen)
            served.seen.append((self.command, self.path, dict(self.headers), body))
            status, headers, text = answer(self.command, self.path, before) or error(404, "not here")
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = _respond  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
