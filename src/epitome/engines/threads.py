"""How many cores this process may use: affinity and the container's quota, not what the machine has."""

from __future__ import annotations

import os
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")


def cores(cgroup: Path = _CGROUP) -> int:
    """Cores this process may keep busy; at least 1."""
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


def _words(file: Path) -> list[str]:
    try:
        return file.read_text().split()
    except (OSError, UnicodeDecodeError):
        return []
