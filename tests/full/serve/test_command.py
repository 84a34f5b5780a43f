"""`epitome serve` as a person starts it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
from tests.base.cli.command import epitome


def started(
    folder: Path, log: Path, *options: str, model: str = "default"
) -> tuple[subprocess.Popen[bytes], str]:
    """A server and its address, once it answers; `lexrank` as its model starts at once."""
    command = [sys.executable, "-m", "epitome.cli", "serve", "--port", "0", "--data", str(folder)]
    command += ["--engine", "llamacpp", "--model", model, *options]
    with log.open("wb") as file:
        process = subprocess.Popen(command, stderr=file)
    deadline = time.monotonic() + 60
    while not (found := re.search(r"serving at (\S+)", log.read_text("utf-8"))):
        assert process.poll() is None, log.read_text("utf-8")
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return process, found[1]


def test_the_first_key_is_written_once_and_opens_the_door(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    process, address = started(folder, tmp_path / "one.log")
    try:
        secret = (folder / "key.txt").read_text("utf-8").strip()
        assert (folder / "key.txt").stat().st_mode & 0o777 == 0o600
        assert secret not in (tmp_path / "one.log").read_text("utf-8")
        answer = httpx.get(f"{address}/v1/models", headers={"Authorization": f"Bearer {secret}"})
        assert answer.status_code == 200
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) in (0, -signal.SIGTERM)
    (folder / "key.txt").unlink()
    process, address = started(folder, tmp_path / "two.log")
    try:
        assert not (folder / "key.txt").exists()
        answer = httpx.get(f"{address}/v1/models", headers={"Authorization": f"Bearer {secret}"})
        assert answer.status_code == 200
    finally:
        process.kill()
        process.wait()


def test_a_port_in_use_is_told(tmp_path: Path) -> None:
    done = epitome("serve", "--host", "203.0.113.1", "--data", str(tmp_path))
    assert done.returncode == 2
    assert "cannot be listened at" in done.stderr
