"""Servers under measurement, each a process of its own: started, asked what it is, ended."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import httpx

from harness.process import ProcessError, environment, tail

BENCH = Path(__file__).resolve().parent.parent
START_SECONDS = 300.0
END_SECONDS = 90.0


class Started:
    """A server that says `serving at ADDRESS` when it is there.

    >>> with Started(["-m", "epitome.cli", "serve", "--port", "0"], Path("serve.log")) as server:
    ...     httpx.get(server.address)

    Raises `ProcessError` if it does not start.
    """

    def __init__(self, arguments: Sequence[str], log: Path) -> None:
        self._log = log
        with log.open("wb") as said:
            self._child = subprocess.Popen(
                [sys.executable, *arguments], stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd=BENCH,
                env=environment(), start_new_session=True,
            )  # fmt: skip
        try:
            self.address = self._address()
        except BaseException:
            self._child.kill()
            raise

    def _address(self) -> str:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._child.poll() is None:
            if found := re.search(r"serving at (\S+)", self._log.read_text("utf-8", "replace")):
                self._until_ready(found[1], deadline)
                return found[1]
            time.sleep(0.1)
        raise ProcessError(f"the server does not start: {tail(self._log)}")

    def _until_ready(self, address: str, deadline: float) -> None:
        for path in ("/readyz", "/health"):  # ours, llama.cpp's
            while time.monotonic() < deadline:
                try:
                    answer = httpx.get(address + path)
                except httpx.TransportError:
                    time.sleep(0.2)
                    continue
                if answer.status_code == 200:
                    return
                if answer.status_code in (401, 404):
                    break
                time.sleep(0.2)
        if time.monotonic() >= deadline:
            raise ProcessError(f"the server is never ready: {tail(self._log)}")

    @property
    def resident(self) -> int:
        """Bytes of memory that it takes now."""
        status = Path(f"/proc/{self._child.pid}/status").read_text("utf-8")
        found = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
        assert found is not None
        return 1024 * int(found[1])

    @property
    def seconds(self) -> float:
        """Of processor time that it has taken."""
        fields = Path(f"/proc/{self._child.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def metrics(self) -> str:
        """What `/metrics` says."""
        return httpx.get(f"{self.address}/metrics").text

    def __enter__(self) -> Started:
        return self

    def __exit__(self, *_: object) -> None:
        self._child.send_signal(signal.SIGTERM)
        try:
            self._child.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()


class Ours(Started):
    """`epitome serve`, or `serving.capped` in its place."""

    def __init__(self, folder: Path, options: Sequence[str], *, capped: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        program = ["-m", "serving.capped"] if capped else ["-m", "epitome.cli", "serve"]
        key = folder / "key.txt"
        said = ["--port", "0", "--data", str(folder), "--key-file", str(key), *options]
        super().__init__([*program, *said], folder / "serve.log")
        self.headers = {"Authorization": f"Bearer {key.read_text('utf-8').strip()}"}
