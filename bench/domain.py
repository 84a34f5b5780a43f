"""What going on with pre-training gives the summaries of a domain, by the number of labelled pairs.

    epitome pretrain judgments.jsonl --base runs/bert/mlm -o runs/judgments
    python bench/domain.py --train TRAIN --dev DEV --base without=runs/bert/mlm --base with=runs/judgments --counts 100 250

For each number of pairs every base learns from the same first pairs of TRAIN in the same number of steps
(`epitome train`), and `epitome evaluate` sets the writers side by side on DEV, with `lead`: intervals, and tests against
the base that was named first. The checkpoint is that of the last step: no document of DEV chooses. What is finished is
not done again, and what was broken off goes on.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness import machine
from harness.process import run
from harness.report import Report

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("epitome", "torch", "transformers")
NAMES = ("rouge1", "rouge2", "rougeL")


def trained(name: str, base: str, count: int, asked: argparse.Namespace) -> Path:
    """The writer of so many pairs that begins from `base`."""
    pairs = asked.work / f"train-{count}.jsonl"
    pairs.write_text("".join(asked.train.read_text("utf-8").splitlines(keepends=True)[:count]), "utf-8")
    folder = asked.work / f"{name}-{count}"
    command = [
        sys.executable,
        "-m",
        "epitome.cli",
        "train",
        str(pairs),
        "--base",
        base,
        "-o",
        str(folder),
        "--quiet",
    ]
    command += ["--config", str(ROOT / "recipes" / "bert.toml")]
    for setting in (
        f"train.max_steps={asked.steps}",
        "train.epochs=1000",
        f"seed={asked.seed}",
        *asked.settings,
    ):
        command += ["--set", setting]
    run(command, folder.with_suffix(".log"))
    return folder


def judged(count: int, writers: dict[str, Path], asked: argparse.Namespace) -> dict[str, Any]:
    """What `epitome evaluate` says of them, whole."""
    out = asked.work / f"judged-{count}.json"
    command = [sys.executable, "-m", "epitome.cli", "evaluate", str(asked.dev), "--json", str(out), "--quiet"]
    for name, folder in writers.items():
        command += ["--system", f"{name}={folder}"]
    command += ["--system", "lead", "--against", next(iter(writers)), "--metrics", "rouge"]
    if asked.documents:
        command += ["--limit", str(asked.documents)]
    run(command, out.with_suffix(".log"))
    return dict(json.loads(out.read_text("utf-8")))


def rows(count: int, found: dict[str, Any], first: str) -> list[list[object]]:
    """A row a system, with the p-value of its ROUGE-1 against the first one's."""
    tests = {one["a"]: f"{one['p']:.3f}" for one in found["comparisons"] if one["metric"] == NAMES[0]}
    lines: list[list[object]] = []
    for name, figures in found["systems"].items():
        one, two, last = (figures[metric] for metric in NAMES)
        among = f"{one['mean']:.2f} ({one['low']:.2f} to {one['high']:.2f})"
        seen = [count, name, among, f"{two['mean']:.2f}", f"{last['mean']:.2f}"]
        lines.append([*seen, "" if name == first else tests[name]])
    return lines


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--train", type=Path, required=True, metavar="TRAIN")
    parser.add_argument("--dev", type=Path, required=True, metavar="DEV")
    parser.add_argument("--base", dest="bases", action="append", required=True, metavar="NAME=MODEL")
    parser.add_argument("--counts", type=int, nargs="+", default=[100, 1000], metavar="N")
    parser.add_argument("--steps", type=int, default=100, metavar="N", help="of every training")
    parser.add_argument("--documents", type=int, default=0, metavar="N", help="to judge on; 0: all of DEV")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--out", type=Path, default=ROOT / "bench" / "results" / "domain.md", metavar="FILE")
    parser.add_argument("--work", type=Path, default=ROOT / "runs" / "domain", metavar="FOLDER")
    asked = parser.parse_args(given)
    asked.work.mkdir(parents=True, exist_ok=True)
    bases = dict(base.split("=", 1) for base in asked.bases)
    report = Report(asked.out, "Going on with pre-training, and summaries of the domain")
    for line in machine.facts(PACKAGES, ROOT):
        report.line(line)
    report.line(f"Pairs of {asked.train}, {asked.steps} steps each; p against `{next(iter(bases))}`.")
    report.table("pairs", "base", "ROUGE-1, 95 %", "2", "L", "p")
    for count in asked.counts:
        writers = {name: trained(name, base, count, asked) for name, base in bases.items()}
        for line in rows(count, judged(count, writers, asked), next(iter(bases))):
            report.row(*line)


if __name__ == "__main__":
    main()
