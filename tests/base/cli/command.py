"""The command as a person runs it: in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

COMMAND = Path(sys.executable).with_name("epitome")


def epitome(
    *arguments: str | Path,
    input: str | bytes | None = None,
    env: Mapping[str, str] | None = None,
    limit: int | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run it and wait. No file may grow beyond `limit` bytes, which is what a full disk looks like."""
    command = [str(COMMAND), *map(str, arguments)]
    if limit is not None:
        command = ["prlimit", f"--fsize={limit}", *command]
    run = subprocess.run(
        command,
        input=input.encode() if isinstance(input, str) else input,
        capture_output=True,
        env=os.environ | dict(env or {}),
        check=False,
        timeout=240,
    )
    return subprocess.CompletedProcess(command, run.returncode, run.stdout.decode(), run.stderr.decode())


def one_line(run: subprocess.CompletedProcess[str]) -> str:
    """What standard error says, which must be one line and no traceback."""
    lines = [line for line in run.stderr.splitlines() if not line.startswith("engine ")]
    assert len(lines) == 1, run.stderr
    assert lines[0].startswith("epitome: ")
    assert "Traceback" not in run.stderr
    return lines[0]
