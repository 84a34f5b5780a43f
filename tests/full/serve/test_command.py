"""`epitome serve` as a person starts it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
from tests.base.cli.command import epitome, one_line


def started(folder: Path, log: Path, *options: str) -> tuple[subprocess.Popen[bytes], str]:
    """A server over this folder, and its address."""
    command = [sys.executable, "-m", "epitome.cli", "serve", "--port", "0", "--data", str(folder)]
    with log.open("wb") as file:
        process = subprocess.Popen([*command, *(options or ("--engine", "llamacpp"))], stderr=file)
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


def test_what_cannot_be_is_told(tmp_path: Path) -> None:
    done = epitome("serve", "--port", "0", "--data", tmp_path, "--archive", "everything")
    assert done.returncode == 2
    assert (
        one_line(done)
        == "epitome: --archive everything: there is no such thing — one of summaries, documents"
    )
    gone = {"EPITOME_DATABASE": "postgresql://epitome:hush@127.0.0.1:1/epitome"}
    done = epitome("serve", "--port", "0", "--data", tmp_path, env=gone)
    assert done.returncode == 3
    assert "postgresql://127.0.0.1:1/epitome: cannot be opened" in one_line(done)
    assert "hush" not in done.stderr
    done = epitome("serve", "--port", "0", "--data", tmp_path, "--database", "nonsense://x")
    assert done.returncode == 3
    assert "nonsense://x: cannot be opened" in one_line(done)
    done = epitome("serve", "--port", "0", "--data", tmp_path, limit=4096)
    assert done.returncode == 3
    assert "epitome.sqlite: cannot be opened" in one_line(done)
