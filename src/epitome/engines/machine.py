"""What this machine offers a model: instructions, cores that may be used, and how many of them are free now."""

from __future__ import annotations

import os
import platform
import statistics
import time
from pathlib import Path

from epitome.errors import EngineError

_CGROUP = Path("/sys/fs/cgroup")
_CPUINFO = Path("/proc/cpuinfo")
_LOADAVG = Path("/proc/loadavg")
SPIN_COUNT = "2000"
"""How often a waiting OpenMP thread looks again before it sleeps. Idle, 2 cores, 2 threads: 0 writes 40 tokens/s,
2000 writes 87. With 5 processes wanting the cores: 0 writes 21, 500 24, 2000 14, 20000 only 5."""
_NEEDED = ("avx2", "fma", "f16c", "bmi2")
"""Compiled into the llama.cpp wheel for x86-64; a CPU without them dies of an illegal instruction."""


def require_llamacpp(cpuinfo: Path = _CPUINFO, machine: str = "") -> None:
    """Raise `EngineError` on an x86-64 processor that would crash in the llama.cpp wheel."""
    if (machine or platform.machine()).lower() not in {"x86_64", "amd64"}:
        return
    flags = _flags(cpuinfo)
    if flags and (missing := [name for name in _NEEDED if name not in flags]):
        raise EngineError(
            f"the llama.cpp wheel needs a processor with {', '.join(missing).upper()}, and this one has none",
            hint="use another machine, --engine transformers, or a server: --model http://HOST:PORT/v1",
        )


def _flags(cpuinfo: Path) -> set[str]:
    """The first core's instruction sets; empty where the system does not say."""
    for line in _lines(cpuinfo):
        if line.startswith("flags"):
            return set(line.partition(":")[2].split())
    return set()


def cpu(cpuinfo: Path = _CPUINFO) -> str:
    """The processor's name."""
    for line in _lines(cpuinfo):
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def cores(cgroup: Path = _CGROUP) -> int:
    """Cores this process may keep busy: its affinity and the container's quota, not what the machine has."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    share = quota(cgroup)
    return max(1, min(allowed, int(share))) if share is not None else max(1, allowed)


def quota(cgroup: Path = _CGROUP) -> float | None:
    """The container's limit in cores (cgroup 2, else 1), or None without one.

    A thread more than the quota allows makes all of them wait at every barrier while the group is throttled.
    """
    if (both := _words(cgroup / "cpu.max")) and both[0] != "max":
        return int(both[0]) / int(both[1])
    limit, period = _words(cgroup / "cpu/cpu.cfs_quota_us"), _words(cgroup / "cpu/cpu.cfs_period_us")
    if limit and period and int(limit[0]) > 0:
        return int(limit[0]) / int(period[0])
    return None


def free_cores(loadavg: Path = _LOADAVG, samples: int = 3, interval: float = 0.004) -> int:
    """Cores that nobody else is using at this moment, at least 1, at most `cores()`.

    Looks at how many threads of the whole machine want to run, besides this one, a few times over some milliseconds.
    Where the system does not say (no Linux), all cores count as free.
    """
    wanted = []
    for sample in range(samples):
        if sample:
            time.sleep(interval)
        words = _words(loadavg)
        running = words[3].partition("/")[0] if len(words) > 3 else ""
        if not running.isdigit():
            return cores()
        wanted.append(int(running) - 1)
    machine = os.cpu_count() or 1
    return max(1, min(cores(), machine - int(statistics.median(wanted))))


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(errors="replace").splitlines()
    except OSError:
        return []


def _words(file: Path) -> list[str]:
    try:
        return file.read_text().split()
    except (OSError, UnicodeDecodeError):
        return []
