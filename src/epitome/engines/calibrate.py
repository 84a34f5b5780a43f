"""How llama.cpp runs a model fastest on this machine: measured once in some 2 s, then read from a small file.

What is measured: threads for reading prompts and for writing. The number format follows from the file alone, because
other numbers write other text, and a summary must not depend on how busy the machine was on its first day: what has
no kernels of its own is run as a Q8_0 made of it, in 0.69 to 0.75 of the time (2 cores, AVX512; LOG.md).
What is not measured but adapted at each start: no more threads than cores are free, because llama.cpp's threads wait
for each other at every step. On 2 cores with 5 processes wanting them, 2 threads write 14 tokens/s and 1 writes 30;
on the idle machine it is 87 and 66.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from epitome import settings
from epitome.engines.machine import SPIN_COUNT, cores, cpu, free_cores
from epitome.errors import EpitomeError
from epitome.models import cache, gguf, weights
from epitome.models.model import Model

FAST_TYPES = {"Q4_0", "Q4_K", "Q8_0", "IQ4_NL", "MXFP4"}
"""Formats with x86 kernels of their own in llama.cpp: no Q8_0 is tried beside them."""
LARGEST = 1_000_000_000
"""Parameters; above, a Q8_0 costs more memory traffic at each token than it saves in the prompt."""
PROMPT, ANSWER = 96, 12
"""Tokens read and written in one measurement."""
TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was chosen."""

    write_threads: int
    read_threads: int
    prepared: bool
    """Whether the Q8_0 made of the file is run, and not the file as shipped."""
    ubatch: int = 512
    measured: bool = True
    """False for the guess of an unmeasured or busy machine."""

    @property
    def threads(self) -> tuple[int, int]:
        """For writing and for reading, with only the cores that are free now."""
        free = free_cores()
        return min(self.write_threads, free), min(self.read_threads, free)

    def weights(self, model: Model) -> Path | None:
        """The file to load instead of the model's own, if any."""
        return weights.prepared(model, "q8_0") if self.prepared else None


def guess(model: Model) -> Calibration:
    """All cores."""
    return Calibration(cores(), cores(), prepared=_candidate(model) is not None, measured=False)


def known(model: Model) -> Calibration | None:
    """What was measured earlier for this model on this machine with this version of llama.cpp."""
    try:
        row = json.loads(_file().read_text("utf-8"))[_key(model)]
        return Calibration(**row)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def measure(model: Model, on_note: Callable[[str], None] | None = None) -> Calibration:
    """Measure and remember. On a busy machine nothing is measured: the figures would be the others'.

    Raises nothing for a failed measurement: the guess works everywhere.
    """
    if model.path is None or free_cores() < cores():
        return guess(model)
    if on_note:
        on_note("measuring once how this machine runs the model fastest")
    counts = sorted({1, *(count for count in (2, cores() // 2, cores()) if count <= cores())})
    quantised = _candidate(model)
    times = _times(quantised or model.path, counts)
    if not times or free_cores() < cores():  # it failed, or somebody came in between
        return guess(model)
    write, read = _best(times)
    chosen = Calibration(write, read, prepared=quantised is not None)
    _remember(model, chosen)
    return chosen


def _candidate(model: Model) -> Path | None:
    """A Q8_0 of the model, where its own format is a slow one."""
    if model.path is None:
        return None
    head = gguf.read(model.path)
    if head.tensor_types[0] in FAST_TYPES or head.parameters > LARGEST:
        return None
    try:
        return weights.prepared(model, "q8_0")
    except EpitomeError:  # no room on the disk, or a format that cannot be converted: as shipped, then
        return None


Times = dict[int, tuple[float, float]]
"""By threads: seconds for a token read, and for one written."""


def _best(times: Times) -> tuple[int, int]:
    """Threads for writing, and for reading."""
    return min(times, key=lambda count: times[count][1]), min(times, key=lambda count: times[count][0])


def _times(path: Path, counts: list[int]) -> Times:
    """Measured in a process of its own: OpenMP reads its settings when the library is loaded."""
    command = [sys.executable, "-c", _SCRIPT, str(path), json.dumps([counts, PROMPT, ANSWER])]
    environment = os.environ | {"GOMP_SPINCOUNT": os.environ.get("GOMP_SPINCOUNT", SPIN_COUNT)}
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT,
            check=True,
        )
        rows = json.loads(done.stdout)
        return {int(count): (float(read), float(write)) for count, read, write in rows}
    except (OSError, subprocess.SubprocessError, ValueError, TypeError):
        return {}


_SCRIPT = """
import json, os, secrets, sys
import xllamacpp

counts, prompt, answer = json.loads(sys.argv[2])
out, rows = os.dup(1), []
null = os.open(os.devnull, os.O_WRONLY)
os.dup2(null, 1)
os.dup2(null, 2)
for count in counts:
    params = xllamacpp.CommonParams()
    params.model.path, params.n_ctx, params.n_parallel = sys.argv[1], 256, 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = count
    params.api_keys, params.warmup, params.verbosity = [secrets.token_urlsafe(24)], False, -1
    server = xllamacpp.Server(params)
    asked = {"max_tokens": answer, "temperature": 0, "cache_prompt": False, "ignore_eos": True}
    # The first tokens wait for the file to be read into memory.
    server.handle_completions(asked | {"prompt": list(range(300, 308)), "max_tokens": 1})
    times = server.handle_completions(asked | {"prompt": list(range(300, 300 + prompt))})["timings"]
    rows.append([count, times["prompt_per_token_ms"] / 1000, times["predicted_per_token_ms"] / 1000])
    del server
os.write(out, json.dumps(rows).encode())
os._exit(0)
"""


def _file() -> Path:
    return settings.home() / "calibration.json"


def _key(model: Model) -> str:
    """The processor, the cores that may be used, llama.cpp's version and the file."""
    from importlib.metadata import version

    assert model.path is not None
    stat = model.path.stat()
    file = model.sha256 or f"{model.path.resolve()} {stat.st_size} {stat.st_mtime_ns}"
    text = f"threads {cpu()} {cores()} {version('xllamacpp')} {os.environ.get('GOMP_SPINCOUNT', SPIN_COUNT)} {file}"
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _remember(model: Model, chosen: Calibration) -> None:
    try:
        found = json.loads(_file().read_text("utf-8"))
        rows = found if isinstance(found, dict) else {}
    except (OSError, ValueError):
        rows = {}
    try:
        cache.write_atomically(_file(), json.dumps(rows | {_key(model): asdict(chosen)}, indent=1) + "\n")
    except EpitomeError:  # a cache that cannot be written costs time, not the summary
        return
