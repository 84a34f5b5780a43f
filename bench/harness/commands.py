"""`epitome train` and `epitome evaluate` as a user runs them, each in a process of its own, and what came of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from harness.process import run

ROUGE = ("rouge1", "rouge2", "rougeL")
EPITOME = (sys.executable, "-m", "epitome.cli")


def trained(data: Path, folder: Path, options: Iterable[str], settings: Iterable[str]) -> dict[str, Any]:
    """A model of `data` in `folder`; how much of it learnt, to what loss on dev (None without), and what that took. The log
    lies beside the folder."""
    command = [*EPITOME, "train", str(data), "-o", str(folder), "--quiet", *options]
    for setting in settings:
        command += ["--set", setting]
    usage, _ = run(command, folder.with_suffix(".log"))
    steps = [json.loads(line) for line in (folder / "log.jsonl").read_text("utf-8").splitlines()]
    seconds = sum(step["seconds"] for step in steps)
    facts = json.loads((folder / "epitome.json").read_text("utf-8"))["trained"]
    return {
        "parameters": facts["parameters"],
        "steps": len(steps),
        "best_step": facts["best_step"],
        "loss": (facts.get("dev") or {}).get("loss"),
        "minutes": seconds / 60,
        "tokens_per_second": sum(step["tokens"] for step in steps) / seconds,
        "peak_mib": usage.peak / 2**20,
    }


def evaluated(data: Path, out: Path, *options: str) -> dict[str, Any]:
    """What `epitome evaluate --metrics rouge` writes to `out` as JSON. The log lies beside it."""
    command = [*EPITOME, "evaluate", str(data), "--json", str(out), "--quiet", "--metrics", "rouge", *options]
    run(command, out.with_suffix(".evaluate.log"))
    return dict(json.loads(out.read_text("utf-8")))


def intervals(figures: dict[str, Any]) -> dict[str, dict[str, float]]:
    """ROUGE of one system of `evaluated`: mean and 95 % interval by measure."""
    return {name: {key: figures[name][key] for key in ("mean", "low", "high")} for name in ROUGE}


def cells(figures: dict[str, Any]) -> tuple[str, str, str]:
    """The same for a table: ROUGE-1 with its interval, ROUGE-2, ROUGE-L."""
    one, two, last = (figures[name] for name in ROUGE)
    among = f"{one['mean']:.2f} ({one['low']:.2f} to {one['high']:.2f})"
    return among, f"{two['mean']:.2f}", f"{last['mean']:.2f}"
