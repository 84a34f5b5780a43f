"""The server process: uvicorn with TLS where it is wanted, and an end that a load balancer sees coming."""

from __future__ import annotations

import logging
import signal
import socket
import ssl
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import uvicorn
from fastapi import FastAPI

from epitome.errors import UsageError
from epitome.serve.connection import Connection
from epitome.serve.service import Service

log = logging.getLogger("epitome.serve")
BACKLOG = 2048
"""Connections that the system accepts before we do."""
TURN = 0.001
"""Seconds that a thread keeps the interpreter while others want it. With Python's own 5 ms the last of sixteen
documents that come at once waits for 80."""
FINISH = 60
"""Seconds that requests under way have to end, once nothing more is taken."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate with its chain, and its private key: PEM files, the key without a password."""

    chain: Path
    key: Path

    def check(self) -> None:
        """Raises `UsageError` if they cannot be read, or do not belong together."""
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.chain, self.key, password="")
        except FileNotFoundError as error:
            missing = next(path for path in (self.chain, self.key) if not path.is_file())
            raise UsageError(f"{missing}: no such file", hint="name a PEM file") from error
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            raise UsageError(
                f"{self.chain} with {self.key}: cannot be used ({getattr(error, 'reason', None) or error})",
                hint="PEM files that belong together, the key without a password",
            ) from error


class Server(uvicorn.Server):
    """On SIGTERM `/readyz` answers 503 for `drain` seconds, in which requests are still taken: a load balancer needs
    them to look away. Then nothing more is taken, what waits is refused, what is under way is finished, and the process
    ends with 0.

    Ctrl-C, or a second SIGTERM, waits for no load balancer.
    """

    def __init__(self, config: uvicorn.Config, service: Service, drain: float) -> None:
        super().__init__(config)
        self._service, self._drain = service, drain
        self._last = float("inf")

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal: the first SIGTERM starts the end, any other makes it short."""
        if sig != signal.SIGTERM:
            super().handle_exit(sig, frame)
        self._last = time.monotonic() + (0 if self._service.draining else self._drain)
        self._service.draining = True

    async def on_tick(self, counter: int) -> bool:
        """Called by uvicorn ten times a second; true ends it."""
        self.should_exit = self.should_exit or time.monotonic() >= self._last
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Nothing more is taken from now on."""
        self._service.room.refuse()
        await super().shutdown(sockets)


def run(
    app: FastAPI,
    service: Service,
    listening: socket.socket,
    *,
    certificate: Certificate | None = None,
    drain: float = 0,
) -> None:
    """Answer at a bound socket until a signal comes. The log is left as it is configured."""
    listening.listen(BACKLOG)  # so that whoever reads the next line can ask at once
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    log.info("serving at http%s://%s:%d (Ctrl-C ends)", "s" if certificate is not None else "", shown, port)
    config = uvicorn.Config(
        app,
        http=Connection,
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=FINISH,
        ssl_certfile=certificate.chain if certificate is not None else None,
        ssl_keyfile=certificate.key if certificate is not None else None,
    )
    sys.setswitchinterval(TURN)
    Server(config, service, drain).run(sockets=[listening])
