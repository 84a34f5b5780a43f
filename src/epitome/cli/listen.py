"""A port of this machine, for the commands that answer browsers and programs."""

from __future__ import annotations

import socket

from epitome.errors import UsageError


def listening_at(host: str, port: int) -> tuple[socket.socket, str]:
    """A bound socket and its address, such as `http://127.0.0.1:8000`; port 0 takes a free one.

    Raises `UsageError` if it cannot be had.
    """
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        raise UsageError(
            f"{host}:{port} cannot be listened at ({error.strerror})", hint="another --port, or 0"
        ) from error
    shown = f"[{host}]" if ":" in host else host
    return listening, f"http://{shown}:{listening.getsockname()[1]}"
