"""What training gives: by the number of examples, and by the method.

    python bench/learning.py examples --data FOLDER [--counts 0 10 30 100 300 1000] [--seeds 2]
    python bench/learning.py methods --data FOLDER [--count 160]

FOLDER holds `scitldr/train.jsonl` and `scitldr/dev.jsonl`. Every row is a training by `epitome train`, in a process of its
own, with the defaults of its method, and `epitome evaluate` on documents of dev whose id has an odd hash; the checkpoint
is chosen by the loss on others, whose hash is even. A row that is in the results already is not measured again, and a
training that was broken off goes on, so the script may be killed and called again. About 20 seconds a step on one core.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from harness import machine
from harness.commands import ROUGE, cells, evaluated, intervals, trained
from harness.halves import halves
from harness.report import Report

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("epitome", "torch", "transformers", "peft")
METHODS = (
    "full", "lora", "rslora", "dora", "adalora", "ia3", "prefix", "prompt", "houlsby", "pfeiffer"
)  # fmt: skip
SHAPE = ("data.max_answer_tokens=96", "eval.generate=0")
BATCH, EPOCHS = 16, 2
FEWEST, MOST = 16, 64
"""Steps of a training: ten examples are gone through 25 times, a thousand once."""
WATCHED = 32
"""Documents whose loss chooses the checkpoint."""
MANY = 300
"""From here on one training a count: it takes long, and which examples were drawn matters less."""


@dataclass(frozen=True)
class Trial:
    """One training. `count` 0 is no training."""

    count: int
    seed: int = 0
    method: str = "lora"

    @property
    def name(self) -> str:
        return f"{self.method}-{self.count}-{self.seed}"


class Trials:
    """Trains, judges and keeps what came of it."""

    def __init__(self, asked: argparse.Namespace) -> None:
        self.asked = asked
        self.rows_file: Path = asked.out.with_suffix(".jsonl")
        self.work: Path = asked.work
        self.work.mkdir(parents=True, exist_ok=True)
        lines = (asked.data / "scitldr" / "train.jsonl").read_text("utf-8").splitlines()
        self.train = [line for line in lines if line.strip()]
        with (asked.data / "scitldr" / "dev.jsonl").open(encoding="utf-8") as rows:
            dev = list(rows)
        even, others = halves(dev)
        self.watched = self._write("dev-watched", even[:WATCHED])
        self.judged = self._write("dev-judged", others[: asked.documents])

    def _write(self, name: str, rows: Sequence[str]) -> Path:
        target = self.work / f"{name}.jsonl"
        target.write_text("".join(rows), "utf-8")
        return target

    def measured(self) -> dict[str, dict[str, Any]]:
        """Rows by name."""
        if not self.rows_file.is_file():
            return {}
        rows = (json.loads(line) for line in self.rows_file.read_text("utf-8").splitlines())
        return {row["name"]: row for row in rows}

    def measure(self, trial: Trial) -> dict[str, Any]:
        """The row of a trial, from the results if it is there."""
        if found := self.measured().get(trial.name):
            return found
        row: dict[str, Any] = {"name": trial.name, "method": trial.method, "count": trial.count}
        row |= {"seed": trial.seed, **(self._trained(trial) if trial.count else {})}
        row |= self._judged(trial)
        with self.rows_file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        return row

    def _folder(self, trial: Trial) -> Path:
        return self.work / trial.name

    def _trained(self, trial: Trial) -> dict[str, Any]:
        chosen = random.Random(trial.seed).sample(self.train, trial.count)
        data = self._write(f"train-{trial.count}-{trial.seed}", [f"{line}\n" for line in chosen])
        steps = min(MOST, max(FEWEST, EPOCHS * -(-len(chosen) // BATCH)))
        sets = (
            *SHAPE,
            f"seed={trial.seed}",
            f"train.max_steps={steps}",
            f"train.threads={self.asked.threads}",
        )
        options = ("--dev", str(self.watched), "--method", trial.method)
        return trained(data, self._folder(trial), options, sets)

    def _judged(self, trial: Trial) -> dict[str, Any]:
        system = str(self._folder(trial)) if trial.count else "default"
        found = evaluated(self.judged, self.work / f"{trial.name}.json", "--system", system)
        (figures,) = found["systems"].values()
        return intervals(figures)


def examples(trials: Trials, asked: argparse.Namespace, report: Report) -> None:
    """ROUGE by the number of examples, over seeds."""
    report.table(
        "examples", "trainings", "ROUGE-1", "ROUGE-2", "ROUGE-L", "lowest and highest ROUGE-1", "minutes"
    )
    for count in asked.counts:
        seeds = range(asked.seeds if 0 < count < MANY else 1)
        rows = [trials.measure(Trial(count, seed)) for seed in seeds]
        means = [f"{mean(row[name]['mean'] for row in rows):.2f}" for name in ROUGE]
        found = [row["rouge1"]["mean"] for row in rows]
        spread = f"{min(found):.2f} to {max(found):.2f}" if len(found) > 1 else ""
        minutes = f"{mean(row['minutes'] for row in rows):.1f}" if count else ""
        report.row(count or "none", len(rows) if count else "", *means, spread, minutes)


def methods(trials: Trials, asked: argparse.Namespace, report: Report) -> None:
    """The methods on the same examples."""
    report.table(
        "method", "trained parameters", "MiB at peak", "minutes", "tokens/s", "ROUGE-1, 95 %", "2", "L"
    )
    for method in asked.methods:
        row = trials.measure(Trial(asked.count, 0, method))
        report.row(
            method, f"{row['parameters']:,}", row["peak_mib"], f"{row['minutes']:.1f}", row["tokens_per_second"],
            *cells(row),
        )  # fmt: skip


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("examples", "methods"))
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--counts", type=int, nargs="+", default=[0, 10, 30, 100, 300, 1000], metavar="N")
    parser.add_argument("--seeds", type=int, default=2, metavar="N")
    parser.add_argument("--count", type=int, default=160, metavar="N", help="examples of the methods' table")
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=METHODS, metavar="METHOD")
    parser.add_argument("--documents", type=int, default=150, metavar="N", help="documents to judge on")
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="of a training; 0: one a core")
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: bench/results/learning-WHAT.md")
    parser.add_argument("--work", type=Path, default=ROOT / "runs" / "learning", metavar="FOLDER")
    asked = parser.parse_args(given)
    if not (asked.data / "scitldr" / "train.jsonl").is_file():
        parser.error(f"{asked.data} holds no scitldr/train.jsonl")
    asked.out = asked.out or ROOT / "bench" / "results" / f"learning-{asked.what}.md"
    return asked


def main(given: Sequence[str] | None = None) -> None:
    asked = arguments(given)
    trials = Trials(asked)
    report = Report(asked.out, f"What training gives, by {asked.what}")
    for line in _facts(asked, trials):
        report.line(line)
    {"examples": examples, "methods": methods}[asked.what](trials, asked, report)


def _facts(asked: argparse.Namespace, trials: Trials) -> Iterator[str]:
    yield from machine.facts(PACKAGES, ROOT)
    yield (
        f"SciTLDR-A: examples drawn from train by seed, {BATCH} a step, {EPOCHS} epochs but {FEWEST} to {MOST} "
        f"steps, the defaults of each method; judged on {asked.documents} documents of dev whose id has an odd hash"
    )


if __name__ == "__main__":
    main()
