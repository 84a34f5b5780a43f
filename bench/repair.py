"""What choosing and repairing do for the truth of summaries, judged by a check that did not choose.

    python bench/repair.py --data FOLDER --judge JUDGE [--documents N]

Documents of SciTLDR dev and of qmsum-queries dev, written by the model that `epitome summarize` uses. `as written`: one
version, nothing to choose among. `chosen`: what `summarize` returns. `repaired`: with `--repair`. JUDGE is a
checker of other data, seed and threshold (a folder that `recipes/graph.py` wrote); a sentence that it doubts more than
it doubts 95 % of the true sentences of `--calibrate` counts as unsupported. ROUGE against the gold summaries; p-values
by paired bootstrap against `as written`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from epitome import Summarizer
from epitome.documents import from_text, sentences
from epitome.trust.checker import Checker
from epitome.trust.passages import Passages
from epitome.types import Request
from harness import machine
from harness.report import Report
from harness.rouges import Rouges

ROOT = Path(__file__).resolve().parent.parent
SETS = {"scitldr": "", "qmsum-queries": "title"}
"""Sets, and the column that holds what is asked about."""
ALARMS = 0.05
WAYS: dict[str, dict[str, Any]] = {
    "as written": {"candidates": 1},
    "chosen": {},
    "repaired": {"repair": True},
}


class Judge:
    """The other checker, and how much doubt is too much."""

    def __init__(self, folder: Path, calibrate: Path) -> None:
        self._checker = Checker(folder)
        rows = [json.loads(line) for line in calibrate.read_text("utf-8").splitlines()]
        doubts = sorted(self.doubts((row["document"], row["sentence"]) for row in rows))
        self.most = doubts[round((1 - ALARMS) * len(doubts))]

    def doubts(self, pairs: Iterable[tuple[str, str]]) -> list[float]:
        known: dict[str, Passages] = {}
        asked = []
        for document, sentence in pairs:
            if document not in known:
                known = {document: Passages(from_text(document, language="en"))}
            asked.append((known[document].evidence(sentence), sentence))
        return self._checker.doubts(asked)

    def unsupported(self, document: str, texts: list[str]) -> int:
        return sum(doubt > self.most for doubt in self.doubts((document, text) for text in texts))


@dataclass
class Way:
    """What one way of writing gave."""

    sentences: int = 0
    unsupported: int = 0
    rouge: Rouges = field(default_factory=Rouges)

    def add(self, document: str, text: str, golds: list[str], judge: Judge) -> None:
        said = [text[start:end] for start, end in sentences(text, "en")]
        self.sentences += len(said)
        self.unsupported += judge.unsupported(document, said)
        self.rouge.add(text, golds)

    def truth(self) -> list[str]:
        """Sentences, unsupported ones and their share, for a table."""
        share = f"{self.unsupported / max(1, self.sentences):.1%}"
        return [str(self.sentences), str(self.unsupported), share]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--judge", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--calibrate", type=Path, required=True, metavar="FILE", help="of bench/plant.py")
    parser.add_argument("--documents", type=int, default=100, metavar="N")
    parser.add_argument("--out", type=Path, default=ROOT / "bench" / "results" / "repair.md", metavar="FILE")
    asked = parser.parse_args()
    judge = Judge(asked.judge, asked.calibrate)
    report = Report(asked.out, "What choosing and repairing do for the truth of summaries")
    for line in machine.facts(("epitome", "onnxruntime"), ROOT):
        report.line(line)
    for name, focus in SETS.items():
        lines = (asked.data / name / "dev.jsonl").read_text("utf-8").splitlines()[: asked.documents]
        report.section(f"{name} dev, {len(lines)} documents")
        ways = _ways([json.loads(line) for line in lines], focus, judge)
        report.table("", "sentences", "unsupported", "share", "ROUGE-1", "ROUGE-2", "ROUGE-L", "p of ROUGE-1")
        for way, found in ways.items():
            report.row(way, *found.truth(), *found.rouge.means(), found.rouge.p(ways["as written"].rouge))
        report.gap()


def _ways(rows: list[dict[str, Any]], focus: str, judge: Judge) -> dict[str, Way]:
    ways = {name: Way() for name in WAYS}
    with Summarizer(engine="llamacpp") as summarizer:
        for row in rows:
            document, golds, request = row["document"], row["summaries"], Request(focus=row.get(focus, ""))
            for name, more in WAYS.items():
                ways[name].add(document, summarizer(document, request, **more).text, golds, judge)
    return ways


if __name__ == "__main__":
    main()
