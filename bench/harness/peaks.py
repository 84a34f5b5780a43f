"""Peaks of memory of a program that starts others: the system reports only the largest of them, not their sum."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from types import TracebackType

PROC = Path("/proc")


class Peaks:
    """Watches the children of this process, and theirs; each keeps the peak that was seen last.

    >>> with Peaks() as peaks:
    ...     run(["torchrun", "…"], log)
    >>> peaks.total  # bytes; 0 where there is no /proc

    Memory that processes share is counted for each of them.
    """

    def __init__(self, seconds: float = 0.5) -> None:
        self._seconds = seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._seen: dict[int, int] = {}

    @property
    def total(self) -> int:
        """The sum of the peaks."""
        return sum(self._seen.values())

    def _watch(self) -> None:
        while not self._ended.wait(self._seconds):
            self._seen |= {pid: peak for pid in below(os.getpid(), 2) if (peak := peak_of(pid))}

    def __enter__(self) -> Peaks:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()


def below(pid: int, depth: int) -> set[int]:
    """Processes that `pid` started, and down to `depth` those that they started."""
    parents = {int(path.name): _parent(path) for path in PROC.glob("[0-9]*")}
    found, level = set(), {pid}
    for _ in range(depth):
        level = {child for child, parent in parents.items() if parent in level}
        found |= level
    return found


def peak_of(pid: int) -> int:
    """Bytes of a process' memory at its peak until now; 0 if it is gone."""
    return 1024 * int(_field(PROC / str(pid), "VmHWM") or 0)


def _parent(path: Path) -> int:
    return int(_field(path, "PPid") or 0)


def _field(path: Path, name: str) -> str:
    try:
        lines = (path / "status").read_text("utf-8").splitlines()
    except OSError:
        return ""
    return next((line.split()[1] for line in lines if line.startswith(f"{name}:")), "")
