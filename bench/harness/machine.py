"""What a figure was measured on and with: without it no figure means anything."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from epitome.engines.machine import cores

BUSY = 0.5
"""Load above which the figures are called doubtful: half a core taken by somebody else."""
_WORTH_NAMING = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_bf16", "asimddp", "i8mm")


def facts(packages: Sequence[str], root: Path) -> list[str]:
    """One line each: machine, load, versions, commit, day."""
    lines = [
        f"Machine: {processor()}, {cores()} cores for this process, {memory() / 2**30:.0f} GiB",
        f"Python {platform.python_version()}, {platform.system()} {platform.release()}",
        "Packages: " + ", ".join(f"{name} {installed(name) or 'missing'}" for name in packages),
        f"Commit {commit(root)}, {date.today().isoformat()}",
    ]
    if cards := graphics():
        lines.insert(1, f"GPU: {cards}")
    load = os.getloadavg()[0]
    busy = ": other work is going on, read the ratios only" if load > BUSY else ""
    return [*lines, f"Load before the run: {load:.2f}{busy}"]


def processor() -> str:
    """The processor's name and the vector instructions that matter here."""
    try:
        rows = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    fields = {key.strip(): value.strip() for key, _, value in (row.partition(":") for row in rows)}
    flags = set((fields.get("flags") or fields.get("Features") or "").split())
    named = [flag for flag in _WORTH_NAMING if flag in flags]
    return " ".join([fields.get("model name", platform.machine()), f"({', '.join(named)})" if named else ""])


def graphics() -> str:
    """The graphics cards that NVIDIA's driver names; empty without one."""
    try:
        said = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""
    return ", ".join(line.partition(":")[2].partition("(UUID")[0].strip() for line in said.splitlines())


def memory() -> int:
    """Bytes of memory in the machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def installed(package: str) -> str | None:
    """Its version, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def require(packages: Sequence[str]) -> None:
    """End with one line if something to measure against is missing."""
    if missing := [name for name in packages if installed(name) is None]:
        print(
            f"not installed: {', '.join(missing)} (run it with the Python that has every extra: make full)",
            file=sys.stderr,
        )
        raise SystemExit(3)


def commit(root: Path) -> str:
    """The commit, marked where the code has been changed since."""
    try:
        name = _git(root, "rev-parse", "--short", "HEAD")
        changed = _git(root, "status", "--porcelain", "--untracked-files=no", "src", "bench")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{name} with changes" if changed else name


def _git(root: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=root, capture_output=True, text=True, check=True
    ).stdout.strip()
