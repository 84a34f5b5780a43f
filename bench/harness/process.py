"""Other programs under measurement: run once and timed whole, or kept open and asked again and again.

Each has a process of its own, so that libraries share no threads and each peak of memory is its own. The parent
must stay small: on Linux a child's peak is never reported below the size of the process that started it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

PEERS = Path(__file__).resolve().parent.parent / "peers"
CLOSE_SECONDS = 30.0
"""How long a worker may take to free its model before it is killed."""


class ProcessError(Exception):
    """A program that ended badly; the message has the last lines that it said."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a finished process took: seconds on the wall and of all its threads, bytes at its peak."""

    wall: float
    cpu: float
    peak: int


@dataclass(frozen=True, slots=True)
class Answers:
    """A worker's answers to one job, and the seconds until they were all there."""

    texts: list[str]
    prompt_tokens: int
    generated_tokens: int
    seconds: float


def environment() -> dict[str, str]:
    """For every process alike: nothing is asked of a network, so none waits for one."""
    return os.environ | {"HF_HUB_OFFLINE": "1", "EPITOME_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}


def run(command: Sequence[str], log: Path) -> tuple[Usage, str]:
    """Run to the end from a cold start: what it took and what it printed.

    Raises `ProcessError` if it fails; its standard error goes to `log`.
    """
    with log.open("w+b") as errors, log.with_suffix(".out").open("w+b") as output:
        started = time.perf_counter()
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, env=environment()
        )
        try:
            reaped = _reaped(child, started)
        except BaseException:
            child.kill()
            raise
        assert reaped is not None
        usage, status = reaped
        output.seek(0)
        text = output.read().decode("utf-8", "replace").strip()
    if status:
        raise ProcessError(f"{command[0]} ended with {status}: {tail(log)}")
    return usage, text


class Worker:
    """A system in its own process, its model loaded: a JSON line in, a JSON line out.

    >>> with Worker("transformers", {"folder": "…", "dtype": "float32"}, Path("worker.log")) as worker:
    ...     worker.ask(["A document."], ["Its prompt"]).texts

    Raises `ProcessError` if the system does not start, or breaks off.
    """

    def __init__(self, system: str, options: Mapping[str, Any], log: Path) -> None:
        self.usage: Usage | None = None
        """Known when it is closed."""
        self._log = log
        self._errors: IO[bytes] = log.open("wb")
        self._started = time.perf_counter()
        # In a session of its own: Ctrl-C is for the parent, which then closes it.
        self._child = subprocess.Popen(
            [sys.executable, str(PEERS / "worker.py"), system, json.dumps(options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment(),
            start_new_session=True,
        )
        try:
            self.note: str = self._read()["note"]
        except BaseException:
            self.close()
            raise

    def ask(self, documents: Sequence[str], prompts: Sequence[str], **options: Any) -> Answers:
        """Answers to all documents; `prompts` are the same ones as a peer must be asked them."""
        job = {"documents": list(documents), "prompts": list(prompts), **options}
        assert self._child.stdin is not None
        started = time.perf_counter()
        try:
            self._child.stdin.write(json.dumps(job).encode() + b"\n")
            self._child.stdin.flush()
        except OSError as error:
            raise ProcessError(f"the worker is gone: {tail(self._log)}") from error
        answer = self._read()
        seconds = time.perf_counter() - started
        return Answers(answer["texts"], answer["prompt_tokens"], answer["generated_tokens"], seconds)

    def _read(self) -> dict[str, Any]:
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line:
            raise ProcessError(f"the worker broke off: {tail(self._log)}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End the process, and learn what it took."""
        if self.usage is not None:
            return
        for pipe in (self._child.stdin, self._child.stdout):
            try:
                if pipe is not None:
                    pipe.close()
            except OSError:
                pass  # it had died with something unread in the pipe
        deadline = time.monotonic() + CLOSE_SECONDS
        while (reaped := _reaped(self._child, self._started, os.WNOHANG)) is None:
            if time.monotonic() > deadline:
                self._child.kill()
            time.sleep(0.02)
        self.usage = reaped[0]
        self._errors.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, failure: object, *_: object) -> None:
        if failure is not None:
            self._child.kill()  # nobody waits for what it is at
        self.close()


def tail(log: Path, lines: int = 3) -> str:
    """The last lines that a program said, in one line."""
    said = log.read_text("utf-8", "replace").strip().splitlines()
    return " | ".join(said[-lines:]) or "it said nothing"


def _reaped(child: subprocess.Popen[bytes], started: float, options: int = 0) -> tuple[Usage, int] | None:
    """What a process took, and its exit status, when it has ended."""
    ended, status, used = os.wait4(child.pid, options)
    if not ended:
        return None
    wall = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024
    return Usage(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * unit), child.returncode
