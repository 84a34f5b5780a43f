"""What context-aware decoding (Shi et al. 2023) does for the truth of summaries, and what it costs.

    python bench/context.py --data FOLDER --judge JUDGE --calibrate FILE [--documents N] [--alphas 0.25 0.5]

Documents of SciTLDR dev, written in transformers by the model that `epitome summarize` uses, with and without;
one version, nothing is chosen or repaired. JUDGE and FILE are those of `bench/repair.py`, and so is what counts as
unsupported.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from epitome import Summarizer
from epitome.types import Request
from harness import machine
from harness.report import Report
from repair import Judge, Way

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--judge", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--calibrate", type=Path, required=True, metavar="FILE")
    parser.add_argument("--documents", type=int, default=60, metavar="N")
    parser.add_argument("--alphas", type=float, nargs="+", default=[0.25, 0.5], metavar="ALPHA")
    parser.add_argument("--out", type=Path, default=ROOT / "bench" / "results" / "context.md", metavar="FILE")
    asked = parser.parse_args()
    judge = Judge(asked.judge, asked.calibrate)
    report = Report(asked.out, "Context-aware decoding")
    for line in machine.facts(("epitome", "torch", "transformers"), ROOT):
        report.line(line)
    rows = (asked.data / "scitldr" / "dev.jsonl").read_text("utf-8").splitlines()[: asked.documents]
    report.line(f"SciTLDR dev, {len(rows)} documents; p against 0")
    report.table(
        "α", "sentences", "unsupported", "share", "ROUGE-1", "2", "L", "p of ROUGE-1", "s a document"
    )
    usual: Way | None = None
    for alpha in (0.0, *asked.alphas):
        way, seconds = _way(rows, alpha, judge)
        p = way.rouge.p(usual.rouge) if usual else ""
        usual = usual or way
        report.row(f"{alpha:g}", *way.truth(), *way.rouge.means(), p, seconds)
    report.gap()


def _way(lines: list[str], alpha: float, judge: Judge) -> tuple[Way, float]:
    """What so much contrast gave, and the seconds a document."""
    way, spent = Way(), 0.0
    with Summarizer(engine="transformers") as summarizer:
        summarizer(json.loads(lines[0])["document"], Request(candidates=1))  # loads the model, untimed
        for row in map(json.loads, lines):
            started = time.perf_counter()
            summary = summarizer(row["document"], Request(context_aware=alpha, candidates=1))
            spent += time.perf_counter() - started
            way.add(row["document"], summary.text, row["summaries"], judge)
    return way, spent / max(1, len(lines))


if __name__ == "__main__":
    main()
