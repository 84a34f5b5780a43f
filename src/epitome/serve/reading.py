"""Documents that strangers send are parsed in processes of their own, which are limited and can be killed."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any

from epitome.errors import SourceError
from epitome.serve.room import BusyError
from epitome.types import Document, Origin, Section

PARALLEL = 2
"""Documents parsed at once."""
WAITING = 32
_KEPT = ("PYTHONPATH", "LANG", "LC_ALL", "TMPDIR", "TEMP", "SYSTEMROOT")
"""Of the environment. The rest may hold secrets, and a parser needs none."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What parsing one document may take."""

    memory: int = 1 << 30
    """Bytes of address space. Python and the readers take a quarter of it before the document comes."""
    seconds: int = 120
    """Of processor time. A PDF is the slowest to read: 500 pages of 60 full lines took 79 s."""
    patience: int = 300
    """Seconds by the clock, on a machine that is busy with other things."""
    output: int = 128 << 20
    """Bytes of its answer: the text in JSON, and where each paragraph lies."""


class Reading:
    """Reads documents in limited processes, a few at a time.

    >>> document = await Reading().read(data, "paper.pdf", ".pdf")
    """

    def __init__(
        self, limits: Limits | None = None, *, parallel: int = PARALLEL, waiting: int = WAITING
    ) -> None:
        self.limits = limits or Limits()
        self._most = parallel + waiting
        self._held = 0
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = Lock()
        self._threads = ThreadPoolExecutor(parallel, thread_name_prefix="reading")

    async def read(self, data: bytes, name: str, suffix: str = "", encoding: str | None = None) -> Document:
        """What `documents.source.parse` returns. Raises `SourceError` as it does, and for what is over a limit.

        Raises `BusyError` where too many documents wait already.
        """
        with self._lock:
            if self._held >= self._most:
                raise BusyError(f"{self._held} documents wait to be read", hint="try again in a moment")
            self._held += 1
        head = {"name": name, "suffix": suffix, "encoding": encoding}
        running = self._threads.submit(self._read, head, data)
        running.add_done_callback(self._freed)
        return await asyncio.wrap_future(running)

    def stop(self) -> None:
        """End what is under way: whoever waits for it gets a `SourceError`."""
        with self._lock:
            for process in self._running:
                process.kill()

    @contextmanager
    def _known(self, process: subprocess.Popen[bytes]) -> Iterator[None]:
        with self._lock:
            self._running.add(process)
        try:
            yield
        finally:
            with self._lock:
                self._running.discard(process)

    def _freed(self, _: object) -> None:
        with self._lock:
            self._held -= 1

    def _read(self, head: dict[str, Any], data: bytes) -> Document:
        limits, name = self.limits, head["name"]
        given = {"memory": limits.memory, "seconds": limits.seconds, "output": limits.output}
        line = json.dumps(head | given).encode() + b"\n"
        # What it writes into a file the kernel bounds; a pipe it could flood.
        with tempfile.TemporaryFile() as answer:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "epitome.serve.cell"],
                stdin=subprocess.PIPE, stdout=answer, stderr=subprocess.DEVNULL, env=_environment(),
            )  # fmt: skip
            with process, self._known(process):
                try:
                    process.communicate(line + data, timeout=limits.patience)
                except subprocess.TimeoutExpired:
                    raise SourceError(f"{name}: reading it took longer than {limits.patience} s") from None
                finally:
                    process.kill()
            answer.seek(0)
            written = answer.read()
        if process.returncode != 0:
            raise SourceError(
                f"{name}: it cannot be read: its reader broke, or needed more than a document may"
            )
        return _document(json.loads(written))


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    # A thread more would count against its memory, and it may not start any.
    return kept | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def _document(answer: dict[str, Any]) -> Document:
    if "error" in answer:
        raise SourceError(answer["error"])
    sections = [Section(**section) for section in answer.pop("sections")]
    origins = [Origin(**origin) for origin in answer.pop("origins")]
    return Document(**answer, sections=sections, origins=origins)
