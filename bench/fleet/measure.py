"""What a replica really takes: `epitome serve` in a process of its own, asked as clients ask it."""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from harness.process import environment

from .simulation import PARALLEL

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def measure(requests: int) -> dict[str, object]:
    """Seconds of `requests` requests one after the other and of as many eight at a time, and of the start."""
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("wb") as log:
        command = [sys.executable, "-m", "epitome.cli", "serve", "--port", "0", "--data", folder]
        begun = time.perf_counter()
        process = subprocess.Popen(command, stderr=log, env=environment())
        try:
            client = _client(process, Path(folder))
            _ask(client, 0)  # the model is loaded, and the machine measured, at the first
            start = time.perf_counter() - begun
            alone = [_ask(client, at) for at in range(1, requests + 1)]
            began = time.perf_counter()
            with ThreadPoolExecutor(PARALLEL) as threads:
                together = list(threads.map(lambda at: _ask(client, at), range(1, requests + 1)))
            wall = time.perf_counter() - began
        finally:
            process.terminate()
            process.wait(90)
    return {
        "requests": requests, "start": round(start, 2), "alone": [round(one, 3) for one in alone],
        "together": [round(one, 3) for one in together], "together_wall": round(wall, 3),
        "speedup": round(sum(alone) / wall, 3),
        "documents_a_second": {"alone": round(1 / statistics.mean(alone), 3), "together": round(requests / wall, 3)},
    }  # fmt: skip


def _client(process: subprocess.Popen[bytes], folder: Path) -> httpx.Client:
    while not (found := re.search(r"serving at (\S+)", (folder / "log").read_text("utf-8"))):
        if process.poll() is not None:
            raise SystemExit((folder / "log").read_text("utf-8"))
        time.sleep(0.05)
    key = (folder / "key.txt").read_text("utf-8").strip()
    return httpx.Client(base_url=found[1], headers={"Authorization": f"Bearer {key}"}, timeout=300)


def _ask(client: httpx.Client, number: int) -> float:
    """Seconds of one request: a stretch of an example, each at another place and of another length."""
    words = (EXAMPLES / ("news.txt", "judgment.txt", "manual.md")[number % 3]).read_text("utf-8").split()
    first = 37 * number % max(1, len(words) // 2)
    text = " ".join(words[first : first + 120 + 60 * (number % 6)])
    begun = time.perf_counter()
    client.post("/v1/summaries", json={"text": text}).raise_for_status()
    return time.perf_counter() - begun
