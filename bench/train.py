"""How fast `epitome train` learns, and in how much memory, beside TRL's `SFTTrainer`.

    python bench/train.py --data FOLDER [--rounds 3] [--steps 3] [--peer-python PYTHON]

FOLDER holds `scitldr/train.jsonl`. Every system trains the same LoRA on the same weights in the same number format, from
the same first values, with the same rates, on the same batches of 16 pairs in the same order: `peers/train_plan.py` asks
Epitome for all of it. Each run is a process of its own; the systems take turns, because a shared machine is never equally
fast for long. The losses of each step must agree. The first step is left out of the speed.

TRL gets an environment of its own in runs/venv-trl, made when it is missing, unless --peer-python names one. Epitome is
started as in docs/training.md; evaluation on dev is not in its steps' seconds. Two cores take 5 to 6 minutes a round of
three steps; run it on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from epitome.engines.machine import cores
from epitome.errors import EpitomeError
from harness import machine
from harness.process import ProcessError
from harness.report import Report
from speed.systems import rotated
from training.figures import figures
from training.peer import peer_python
from training.systems import BATCH, STANDARD, SYSTEMS, TRL, Plan, Taken, make_plan, title, train

ROOT = Path(__file__).resolve().parent.parent
NEEDED = ("torch", "transformers", "peft")
NAMED = ("epitome", *NEEDED, "accelerate")


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument("--steps", type=int, default=3, metavar="N", help="of each run; the first is warm-up")
    parser.add_argument("--systems", nargs="+", default=list(STANDARD), choices=SYSTEMS, metavar="SYSTEM",
                        help=f"some of {', '.join(SYSTEMS)}")  # fmt: skip
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE",
                        help="a setting of the training, for all; may be repeated")  # fmt: skip
    parser.add_argument("--peer-python", type=Path, metavar="PYTHON", help="of an environment with TRL")
    parser.add_argument("--out", type=Path, default=ROOT / "bench" / "results" / "train.md", metavar="FILE")
    parser.add_argument("--work", type=Path, default=ROOT / "runs" / "bench-train", metavar="FOLDER")
    asked = parser.parse_args(given)
    if asked.rounds < 1:
        parser.error("--rounds must be at least 1")
    if asked.steps < 2:
        parser.error("--steps must be at least 2: the first is warm-up")
    if not (asked.data / "scitldr" / "train.jsonl").is_file():
        parser.error(f"{asked.data} holds no scitldr/train.jsonl")
    asked.work = asked.work.resolve()
    asked.work.mkdir(parents=True, exist_ok=True)
    return asked


def main(given: Sequence[str] | None = None) -> None:
    asked = arguments(given)
    machine.require(NEEDED)
    peer = None
    if any(name in TRL for name in asked.systems):
        peer = asked.peer_python or peer_python(ROOT / "runs" / "venv-trl")
    report = Report(asked.out, "Speed and memory of training")
    for fact in machine.facts(NAMED, ROOT):
        report.line(fact)
    plan = make_plan(asked)
    for line in setting(plan):
        report.line(line)
    rounds: dict[str, list[Taken]] = {name: [] for name in asked.systems}
    try:
        measure(report, plan, rounds, peer, asked.rounds)
    except KeyboardInterrupt:
        report.line("**interrupted**: what stands above had been measured")
        raise
    figures(report, rounds, plan)


def setting(plan: Plan) -> Iterator[str]:
    """What every system does."""
    yield (
        f"The first {BATCH * len(plan.tokens)} pairs of SciTLDR train, {BATCH} a step; tokens of prompt and answer in the "
        f"steps: {' '.join(map(str, plan.tokens))}; padding is not counted"
    )
    yield f"LoRA with the defaults of `epitome train` and {', '.join(plan.settings)}; {cores()} threads in all"
    yield "TRL, A x B: `per_device_train_batch_size` A, `gradient_accumulation_steps` B, autocast to bfloat16"


def measure(
    report: Report, plan: Plan, rounds: dict[str, list[Taken]], peer: Path | None, count: int
) -> None:
    """All rounds; each row is there as soon as it is measured."""
    report.section("Rounds")
    report.table(
        "system, in the order of the turns", "round", "s of each step", "tokens/s but for the first",
        "peak MiB", "CPU s", "s of the whole process",
    )  # fmt: skip
    for at in range(count):
        for name in rotated(list(rounds), at):
            taken = train(name, plan, peer)
            rounds[name].append(taken)
            seconds = " ".join(f"{one:.1f}" for one in taken.seconds)
            report.row(
                title(name), at + 1, seconds, taken.speed(plan), taken.peak / 2**20, taken.cpu, taken.wall
            )
    report.gap()
    for line in sorted(said(rounds)):
        report.line(line)


def said(rounds: dict[str, list[Taken]]) -> set[str]:
    """What the peer says of itself."""
    facts = [one.facts for taken in rounds.values() for one in taken if one.facts]
    return {
        f"TRL ran with {one['note']}; "
        + ", ".join(f"{name} {version}" for name, version in one["versions"].items())
        for one in facts
    }


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except (EpitomeError, ProcessError, subprocess.CalledProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(3)
