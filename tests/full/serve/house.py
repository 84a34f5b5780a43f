"""The service at a port of its own, in this process, so that what clients do to its connections can be tested."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import uvicorn

from epitome.desk.database import connect
from epitome.desk.keys import Keys
from epitome.serve.app import application
from epitome.serve.connection import Connection
from epitome.serve.server import Server
from epitome.serve.service import Service


class Quick(Connection):
    """With little patience."""

    HEAD_SECONDS = 0.5


@dataclass
class House:
    """A running service, a client with a key, and what is needed to be a bad one."""

    service: Service
    server: Server
    keys: Keys
    client: httpx.Client
    secret: str

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self.server.servers[0].sockets[0].getsockname()[1]
        return port

    def head(self, length: int, path: str = "/v1/summaries") -> bytes:
        """The head of a request with a body of so many bytes."""
        lines = (
            f"POST {path} HTTP/1.1", "Host: test", f"Authorization: Bearer {self.secret}",
            "Content-Type: application/json", f"Content-Length: {length}",
        )  # fmt: skip
        return "\r\n".join([*lines, "", ""]).encode()

    def connect(self) -> socket.socket:
        """A bare connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=200)

    def metric(self, name: str) -> float:
        """What `/metrics` says now."""
        text = self.client.get("/metrics").text
        found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else 0.0


@contextmanager
def house(folder: Path, service: Service) -> Iterator[House]:
    """The service over a database in this folder."""
    keys = Keys(connect(folder / "desk.sqlite"))
    secret = keys.make("tests")[1]
    config = uvicorn.Config(application(service, keys), port=0, http=Quick, log_config=None)
    server = Server(config, service, drain=0)
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started)
    address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    headers = {"Authorization": f"Bearer {secret}"}
    try:
        with httpx.Client(base_url=address, headers=headers, timeout=120) as client:
            yield House(service, server, keys, client, secret)
    finally:
        server.should_exit = True
        thread.join()
        keys.database.close()


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for what happens elsewhere."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)
