"""What trains: Epitome as its users start it, and TRL's `SFTTrainer` on the same batches; each run a new process."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from epitome.engines.machine import cores
from epitome.errors import UsageError
from harness.peaks import Peaks
from harness.process import PEERS, ProcessError, run

BATCH = 16
OURS, OURS_TWO = "epitome", "epitome-processes"
TRL: Mapping[str, dict[str, Any]] = {
    "trl-16x1": {"batch": 16, "accumulate": 1, "checkpointing": False},
    "trl-1x16": {"batch": 1, "accumulate": 16, "checkpointing": False},
    "trl-16x1-checkpointing": {"batch": 16, "accumulate": 1, "checkpointing": True},
    "trl-1x16-checkpointing": {"batch": 1, "accumulate": 16, "checkpointing": True},
}
SYSTEMS = (OURS, OURS_TWO, *TRL)
STANDARD = (OURS, OURS_TWO, "trl-16x1", "trl-1x16")


@dataclass(frozen=True, slots=True)
class Plan:
    """The files of the measured training, and how many tokens each of its steps has."""

    folder: Path
    settings: tuple[str, ...]
    tokens: tuple[int, ...]

    @property
    def pairs(self) -> Path:
        return self.folder / "train.jsonl"

    @property
    def dev(self) -> Path:
        return self.folder / "dev.jsonl"


@dataclass(frozen=True, slots=True)
class Taken:
    """One run: losses and seconds of all its steps, the first is warm-up; bytes at the peak, seconds of everything."""

    losses: list[float]
    seconds: list[float]
    peak: int
    wall: float
    cpu: float
    facts: dict[str, Any] = field(default_factory=dict)

    def speed(self, plan: Plan) -> float:
        """Tokens a second, without the first step."""
        return sum(plan.tokens[1:]) / sum(self.seconds[1:])


def title(name: str) -> str:
    """A system as the report calls it."""
    if name == OURS:
        return f"epitome train, one process of {cores()} threads"
    if name == OURS_TWO:
        return f"epitome train, {cores()} processes of one thread"
    options = TRL[name]
    more = ", activation checkpointing" if options["checkpointing"] else ""
    return f"TRL, {options['batch']} x {options['accumulate']}{more}"


def make_plan(asked: argparse.Namespace) -> Plan:
    """Pairs, settings and batches of the training that every system does.

    The pair after the last one is dev: without one, Epitome would keep a tenth of the others for it.
    """
    folder: Path = asked.work
    count = BATCH * asked.steps
    lines = (asked.data / "scitldr" / "train.jsonl").read_text("utf-8").splitlines()[: count + 1]
    if len(lines) <= count:
        raise UsageError(f"{asked.data}: scitldr/train.jsonl has fewer than {count + 1} rows")
    settings = (
        f"train.max_steps={asked.steps}",
        f"train.batch={BATCH}",
        "train.dtype=bfloat16",
        "optim.warmup=0",
        "eval.generate=0",
        "eval.loss_pairs=1",
        *asked.set,
    )
    (folder / "train.jsonl").write_text("".join(f"{line}\n" for line in lines[:count]), "utf-8")
    (folder / "dev.jsonl").write_text(lines[count] + "\n", "utf-8")
    script = [sys.executable, str(PEERS / "train_plan.py")]
    run([*script, str(folder / "train.jsonl"), str(folder), *settings], folder / "plan.log")
    tokens = json.loads((folder / "plan.json").read_text("utf-8"))["tokens"]
    return Plan(folder, settings, tuple(tokens))


def train(name: str, plan: Plan, peer: Path | None) -> Taken:
    """Train once, from a cold start. Raises `ProcessError` if it fails or has trained on other tokens."""
    if name in TRL:
        assert peer is not None
        return _trl(name, plan, peer)
    return _epitome(name, plan)


def _epitome(name: str, plan: Plan) -> Taken:
    many = name == OURS_TWO
    folder = plan.folder / name
    shutil.rmtree(folder, ignore_errors=True)  # else it would find itself finished
    launcher = (
        ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(cores())] if many else []
    )
    command = [
        sys.executable,
        *launcher,
        "-m",
        "epitome.cli",
        "train",
        str(plan.pairs),
        "--dev",
        str(plan.dev),
    ]
    command += ["-o", str(folder), "--quiet"]
    for setting in (*plan.settings, f"train.threads={1 if many else cores()}"):
        command += ["--set", setting]
    with Peaks() as peaks:
        usage, _ = run(command, plan.folder / f"{name}.log")
    steps = [json.loads(line) for line in (folder / "log.jsonl").read_text("utf-8").splitlines()]
    same_tokens(name, [step["tokens"] for step in steps], plan.tokens)
    losses, seconds = ([step[key] for step in steps] for key in ("loss", "seconds"))
    peak = max(usage.peak, peaks.total) if many else usage.peak
    return Taken(losses, seconds, peak, usage.wall, usage.cpu)


def _trl(name: str, plan: Plan, peer: Path) -> Taken:
    out = plan.folder / f"{name}.json"
    out.unlink(missing_ok=True)
    options = TRL[name] | {"threads": cores()}
    command = [str(peer), str(PEERS / "trl_sft.py"), str(plan.folder), str(out), json.dumps(options)]
    usage, _ = run(command, plan.folder / f"{name}.log")
    found = json.loads(out.read_text("utf-8"))
    steps = found.pop("steps")
    # TRL counts the answer's last token too, which is only predicted.
    same_tokens(name, [step["read"] - BATCH for step in steps], plan.tokens)
    losses, seconds = ([step[key] for step in steps] for key in ("loss", "seconds"))
    return Taken(losses, seconds, usage.peak, usage.wall, usage.cpu, found)


def same_tokens(name: str, read: Sequence[int], planned: Sequence[int]) -> None:
    """Raises `ProcessError` if a system's steps had other tokens than were planned."""
    if list(read) != list(planned):
        raise ProcessError(
            f"{name} has read {list(read)} tokens, not {list(planned)}: nothing can be compared"
        )
