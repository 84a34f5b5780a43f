"""What a guide gives: summaries of documents of which the model reads only what a tagger selects.

    epitome train scitldr/train.jsonl --dev scitldr/dev.jsonl --base runs/bert/mlm --objective select -o runs/tagger
    python bench/guide.py --dev DEV --guide runs/tagger [--documents N]

Documents of DEV whose id has an odd hash, written by the model that `epitome summarize` uses: with the whole document,
with the guide, and with as many sentences from its beginning as the guide left, by words. p by paired bootstrap against
the whole document. The columns are ROUGE, the share of the words that was read, and seconds a document.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from epitome import Summarizer
from epitome.documents import from_text, sentences
from epitome.types import Request, Summary
from harness import machine
from harness.halves import odd
from harness.report import Report
from harness.rouges import Rouges

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Way:
    """What one way of reading gave."""

    rouge: Rouges = field(default_factory=Rouges)
    shares: list[float] = field(default_factory=list)
    seconds: float = 0.0


def beginning(document: str, share: float) -> str:
    """The first sentences with about that share of the document's characters; one at least."""
    kept = 0
    for _, end in sentences(document, "en"):
        if kept and end > share * len(document):
            break
        kept = end
    return document[:kept] or document


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dev", type=Path, required=True, metavar="DEV")
    parser.add_argument("--guide", required=True, metavar="FOLDER")
    parser.add_argument("--documents", type=int, default=100, metavar="N")
    parser.add_argument("--out", type=Path, default=ROOT / "bench" / "results" / "guide.md", metavar="FILE")
    asked = parser.parse_args()
    rows = [json.loads(line) for line in asked.dev.read_text("utf-8").splitlines()]
    rows = [row for row in rows if odd(row["id"])][: asked.documents]
    report = Report(asked.out, "What a guide gives")
    for line in machine.facts(("epitome", "openvino", "xllamacpp"), ROOT):
        report.line(line)
    report.line(f"{len(rows)} documents of {asked.dev.parent.name}/{asked.dev.name}")
    report.table("read", "ROUGE-1", "2", "L", "p of ROUGE-1", "share read", "s a document")
    ways = _ways(rows, asked.guide)
    for name, way in ways.items():
        p = "" if name == "all" else way.rouge.p(ways["all"].rouge)
        share = f"{sum(way.shares) / len(way.shares):.0%}"
        report.row(name, *way.rouge.means(), p, share, way.seconds / len(rows))
    report.gap()


def _ways(rows: list[dict[str, Any]], folder: str) -> dict[str, Way]:
    ways = {"all": Way(), "what the guide selects": Way(), "as much from the beginning": Way()}
    whole, guided, begun = ways.values()
    with Summarizer() as plain, Summarizer() as other:
        marked = other.guided(folder)
        for row in rows:
            document, golds = row["document"], row["summaries"]
            _add(whole, plain, document, golds)
            found = _add(guided, marked, document, golds)
            first = beginning(document, found.read_share)
            _add(begun, plain, first, golds)
            begun.shares[-1] = len(first) / len(document)
    return ways


def _add(way: Way, write: Callable[..., Summary], document: str, golds: list[str]) -> Summary:
    started = time.perf_counter()
    summary = write(from_text(document, language="en"), Request())
    way.seconds += time.perf_counter() - started
    way.shares.append(summary.read_share)
    way.rouge.add(summary.text, golds)
    return summary


if __name__ == "__main__":
    main()
