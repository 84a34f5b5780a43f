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
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness import machine
from harness.commands import ROUGE, cells, evaluated, trained
from harness.report import Report

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("epitome", "torch", "transformers")


def openings(table: Path, words: int, kept: Path, count: int | None = None) -> Path:
    """The first `count` pairs of the table with so many words of their documents (0: all) in `kept`."""
    rows = [json.loads(line) for line in table.read_text("utf-8").splitlines()[:count]]
    if words:
        rows = [row | {"document": " ".join(row["document"].split()[:words])} for row in rows]
    kept.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return kept


def written(name: str, base: str, count: int, asked: argparse.Namespace) -> Path:
    """The writer of so many pairs that begins from `base`."""
    pairs = openings(asked.train, asked.words, asked.work / f"train-{count}.jsonl", count)
    folder: Path = asked.work / f"{name}-{count}"
    length = (f"train.max_steps={asked.steps}", "train.epochs=1000")
    settings = (*length, f"seed={asked.seed}", *asked.settings)
    trained(pairs, folder, ("--base", base, "--config", str(ROOT / "recipes" / "bert.toml")), settings)
    return folder


def judged(count: int, dev: Path, writers: dict[str, Path], asked: argparse.Namespace) -> dict[str, Any]:
    """What `epitome evaluate` says of them, whole."""
    options = [part for name, folder in writers.items() for part in ("--system", f"{name}={folder}")]
    options += ["--system", "lead", "--against", next(iter(writers))]
    if asked.documents:
        options += ["--limit", str(asked.documents)]
    return evaluated(dev, asked.work / f"judged-{count}.json", *options)


def rows(count: int, found: dict[str, Any], first: str) -> list[list[object]]:
    """A row a system, with the p-value of its ROUGE-1 against the first one's."""
    tests = {one["a"]: f"{one['p']:.3f}" for one in found["comparisons"] if one["metric"] == ROUGE[0]}
    return [
        [count, name, *cells(figures), "" if name == first else tests[name]]
        for name, figures in found["systems"].items()
    ]


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--train", type=Path, required=True, metavar="TRAIN")
    parser.add_argument("--dev", type=Path, required=True, metavar="DEV")
    parser.add_argument("--base", dest="bases", action="append", required=True, metavar="NAME=MODEL")
    parser.add_argument("--counts", type=int, nargs="+", default=[100, 1000], metavar="N")
    parser.add_argument("--steps", type=int, default=100, metavar="N", help="of every training")
    parser.add_argument(
        "--words", type=int, default=0, metavar="N", help="of each document, from its beginning; 0: all"
    )
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
    read = f"the first {asked.words} words of each document" if asked.words else "whole documents"
    report.line(f"Pairs of {asked.train}, {read}, {asked.steps} steps each; p against `{next(iter(bases))}`.")
    report.table("pairs", "base", "ROUGE-1, 95 %", "2", "L", "p")
    dev = openings(asked.dev, asked.words, asked.work / "dev.jsonl")
    for count in asked.counts:
        writers = {name: written(name, base, count, asked) for name, base in bases.items()}
        for line in rows(count, judged(count, dev, writers, asked), next(iter(bases))):
            report.row(*line)


if __name__ == "__main__":
    main()
