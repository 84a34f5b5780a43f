"""A receiver of webhooks, on the loopback."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Receiver:
    """What came, and what is answered to it."""

    url: str
    statuses: list[int] = field(default_factory=list)
    """One an answer; 200 when they are used up. 0: it hangs until the other side gives up."""
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    """Headers and body of each."""

    def wait(self, number: int) -> list[tuple[dict[str, str], bytes]]:
        """What came, once that many have."""
        deadline = time.monotonic() + 60
        while len(self.came) < number:
            assert time.monotonic() < deadline, self.came
            time.sleep(0.02)
        return self.came


@contextmanager
def receiver(port: int = 0) -> Iterator[Receiver]:
    """One that listens."""
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = said.statuses.pop(0) if said.statuses else 200
            said.came.append(({name.lower(): value for name, value in self.headers.items()}, body))
            if not status:
                ended.wait(30)
                return
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    said = Receiver(f"http://127.0.0.1:{server.server_address[1]}/hook")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield said
    ended.set()
    server.shutdown()
    server.server_close()
