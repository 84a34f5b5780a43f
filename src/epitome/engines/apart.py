"""The process in which OpenVINO runs (`continuous.py`), as this process sees it: requests in, their tokens out."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from contextlib import suppress
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from threading import Lock, Thread
from typing import IO

from epitome.engines.base import Decoding
from epitome.engines.continuous import Told
from epitome.errors import EngineError, ModelError

END_SECONDS = 10.0
"""How long it may take to end after its last step, before it is killed."""
LOST = "its process ended; the next request starts it anew"
PROGRAM = "from epitome.engines.continuous import main; main()"
"""Not `python -m`: what it sends would be of the module `__main__`."""
Tokens = SimpleQueue[Told]


class Apart:
    """A process that has loaded the model of a folder.

    Raises `ModelError` if it cannot. Safe for threads.
    """

    def __init__(self, folder: Path, *, threads: int, exact: bool) -> None:
        options = {"folder": str(folder), "threads": threads, "exact": exact}
        found = str(Path(__file__).parents[2])  # by whatever way this process found it
        path = os.pathsep.join(filter(None, (found, os.environ.get("PYTHONPATH"))))
        self._child = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, json.dumps(options)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": path},
        )  # fmt: skip
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._commands: IO[bytes] = self._child.stdin
        self._told: IO[bytes] = self._child.stdout
        self._numbers = count(1)
        self._open: dict[int, Tokens] = {}
        self._lock = Lock()
        self.alive = True
        """Whether it can be asked."""
        self._begun(folder)
        self._reader = Thread(target=self._read, name="openvino", daemon=True)
        self._reader.start()

    def _begun(self, folder: Path) -> None:
        try:
            wrong = pickle.load(self._told)
        except (EOFError, OSError):
            wrong = "its process ended"
        except BaseException:
            self.close()
            raise
        if wrong is not None:
            self.close()
            raise ModelError(
                f"{folder}: OpenVINO cannot load it ({wrong})", hint="delete that folder and try again"
            )

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._child.pid

    def add(self, ids: list[int], decoding: Decoding, ends: set[int], told: Tokens) -> int:
        """Begin a request, whose tokens come on `told`; its number."""
        with self._lock:
            number = next(self._numbers)
            self._open[number] = told
            self._send(("add", number, ids, decoding, ends))
        return number

    def cancel(self, number: int) -> None:
        """End a request; nothing more comes of it."""
        with self._lock, suppress(EngineError):  # a process that has ended does nothing any more
            if self._open.pop(number, None) is not None:
                self._send(("cancel", number))

    def _send(self, command: tuple[object, ...]) -> None:
        if not self.alive:
            raise EngineError(f"OpenVINO: {LOST}")
        try:
            self._commands.write(pickle.dumps(command))
            self._commands.flush()
        except OSError:
            self.alive = False  # the reader tells all others
            raise EngineError(f"OpenVINO: {LOST}") from None

    def _read(self) -> None:
        """Give everybody their tokens, until the process ends."""
        try:
            while True:
                told: list[Told] = pickle.load(self._told)
                for piece in told:
                    queue = self._open.get(piece.number)
                    if queue is None:
                        continue
                    if piece.finish is not None:
                        self._open.pop(piece.number, None)
                    queue.put(piece)
        except (EOFError, OSError, pickle.UnpicklingError):
            pass  # it has ended
        finally:
            with self._lock:
                self.alive = False
                while self._open:
                    number, queue = self._open.popitem()
                    queue.put(Told(number, [], [], LOST))

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self.alive = False
            try:
                self._commands.close()
            except OSError:
                pass  # it had ended with a command unread
        try:
            self._child.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        if hasattr(self, "_reader"):
            self._reader.join()
        self._told.close()
