"""What the check is worth: on summaries that people judged, on planted errors, and how fast it is.

    python bench/check.py sets --data FOLDER [--limit N]
    python bench/check.py planted --file planted.jsonl        # made by bench/plant.py
    python bench/check.py speed [--peer runs/check]

`sets`: balanced accuracy on the eight sets of `FOLDER/factuality/SET/dev.jsonl` that have both labels, each with the
threshold that is best on the mean of the other seven (as LLM-AggreFact does it), 95 % intervals by bootstrap, and the area
under the ROC curve; beside it what answers yes to everything, overlap of word pairs with the source, similarity of
embeddings, and the rules alone. `planted`: one decision, `supported`, for the planted errors and the same sentences
unchanged. `speed`: sentences a second against a source of 1,000 words, each asked for the first time; beside it
the same network in transformers on the same pairs, in turns.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from epitome.documents import from_text, sentences
from epitome.engines.encoder import open_encoder
from epitome.metrics.tokens import tokens
from epitome.trust.check import Source
from epitome.trust.checker import Checker
from harness import machine
from harness.report import Report
from support import SETS, auc

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("epitome", "numpy", "onnxruntime", "torch", "transformers")
ROUNDS = 500
Scores = dict[str, list[float]]


class Judges:
    """Scores of a summary against its document, higher is truer, by name."""

    def __init__(self) -> None:
        self.source = lru_cache(64)(lambda document: Source(from_text(document, language="en")))
        encoder = open_encoder("minilm")
        self.vector = lru_cache(64)(lambda text: encoder.vectors([text[:4000]])[0])

    def all(self, document: str, summary: str) -> dict[str, float]:
        source = self.source(document)
        verdict = source.verdict(summary)
        return {
            "always yes": 1.0,
            "ROUGE-2 precision with the source": _pairs(summary, document),
            "embedding similarity": float(self.vector(document) @ self.vector(summary)),
            "rules alone": -float(len(verdict.facts)),
            "overlap (lexical support)": min(
                (source.glance(one.text).support for one in verdict.sentences), default=1.0
            ),
            "**check**": verdict.support,
        }


def _pairs(summary: str, document: str) -> float:
    """Share of the summary's word pairs that the document has."""
    said, known = tokens(summary), tokens(document)
    have = set(pairwise(known))
    pairs = list(pairwise(said))
    return sum(pair in have for pair in pairs) / max(1, len(pairs))


def balanced(scores: Sequence[float], labels: Sequence[int], threshold: float) -> float:
    """Mean of the shares of true and of wrong summaries that are taken for what they are."""
    right: Counter[int] = Counter()
    for score, label in zip(scores, labels, strict=True):
        right[label] += (score >= threshold) == bool(label)
    count = Counter(labels)
    return 50 * sum(right[label] / count[label] for label in (0, 1))


def best_threshold(sets: Sequence[tuple[Sequence[float], Sequence[int]]]) -> float:
    """The threshold with the highest mean over sets."""
    every = sorted({score for scores, _ in sets for score in scores})
    step = max(1, len(every) // 200)
    return max(every[::step], key=lambda one: statistics.mean(balanced(s, truth, one) for s, truth in sets))


def interval(scores: Sequence[float], labels: Sequence[int], threshold: float) -> tuple[float, float]:
    draw = random.Random(0)
    pairs = list(zip(scores, labels, strict=True))
    found = []
    while len(found) < ROUNDS:
        sample = draw.choices(pairs, k=len(pairs))
        if len({label for _, label in sample}) == 2:
            found.append(balanced([s for s, _ in sample], [truth for _, truth in sample], threshold))
    found.sort()
    return found[round(0.025 * ROUNDS)], found[round(0.975 * ROUNDS) - 1]


def sets(asked: argparse.Namespace, report: Report) -> None:
    judges = Judges()
    labels: dict[str, list[int]] = {}
    found: dict[str, dict[str, list[float]]] = {}
    for name in SETS:
        path = asked.data / "factuality" / name / "dev.jsonl"
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()][: asked.limit]
        labels[name] = [int(row["label"]) for row in rows]
        for row in rows:
            for judge, score in judges.all(row["document"], row["summary"]).items():
                found.setdefault(judge, {}).setdefault(name, []).append(score)
    report.table("balanced accuracy (AUC)", *SETS, "mean")
    for judge, scores in found.items():
        cells, means, areas = [], [], []
        for name in SETS:
            others = [(scores[other], labels[other]) for other in SETS if other != name]
            threshold = best_threshold(others)
            value = balanced(scores[name], labels[name], threshold)
            low, high = interval(scores[name], labels[name], threshold)
            area = auc(scores[name], labels[name])
            means.append(value)
            areas.append(area)
            cells.append(f"{value:.1f} [{low:.0f}-{high:.0f}] ({area:.2f})")
        report.row(judge, *cells, f"{statistics.mean(means):.1f} ({statistics.mean(areas):.3f})")


def planted(asked: argparse.Namespace, report: Report) -> None:
    rows = [json.loads(line) for line in asked.file.read_text("utf-8").splitlines()]
    judges = Judges()
    kinds = list(dict.fromkeys(row["kind"] for row in rows))
    caught, alarms, count = Counter[str](), Counter[str](), Counter[str]()
    for row in rows:
        source = judges.source(row["document"])
        count[row["kind"]] += 1
        caught[row["kind"]] += not source.verdict(row["planted"]).supported
        alarms[row["kind"]] += not source.verdict(row["sentence"]).supported
    report.table("planted", *kinds, "all")
    report.row(
        "errors found",
        *(f"{caught[kind]} of {count[kind]}" for kind in kinds),
        f"{caught.total()} of {count.total()}",
    )
    report.row(
        "unchanged sentences flagged",
        *(f"{alarms[kind]}" for kind in kinds),
        f"{alarms.total() / count.total():.1%}",
    )


def indexed(text: str) -> Source:
    """A source that has been asked once, so that all its indices are there."""
    source = Source(from_text(text, language="en"))
    source.check_sentence("A first sentence.")
    return source


def speed(asked: argparse.Namespace, report: Report) -> None:
    """Sentences that are not copied, so that nothing is decided before the network is asked."""
    paper = (ROOT / "examples" / "paper.md").read_text("utf-8")
    text = " ".join(paper.split()[:1000])
    said = [" ".join(text[start:end].split()[::-1]) for start, end in sentences(text, "en")]
    started = time.perf_counter()
    source = indexed(text)
    report.line(f"{len(said)} sentences; the index took {time.perf_counter() - started:.2f} s")
    ways: dict[str, Callable[[Source], object]] = {
        "the check, one by one": lambda new: [new.check_sentence(one) for one in said],
        "the check, together": lambda new: new.check_all(said),
    }
    if asked.peer:
        pairs = [(source.passages.evidence(one), one) for one in said]
        peer, ours = in_transformers(asked.peer), Checker()
        ways["its network alone"] = lambda _: ours.doubts(pairs)
        portions = [pairs[at : at + 16] for at in range(0, len(pairs), 16)]
        ways["its network in transformers, one by one"] = lambda _: [peer([pair]) for pair in pairs]
        ways["its network in transformers, 16 at a time"] = lambda _: [peer(portion) for portion in portions]
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(asked.rounds):
        for name, way in ways.items():
            new = indexed(text)  # what was asked before is remembered
            started = time.perf_counter()
            way(new)
            spent[name].append(time.perf_counter() - started)
    report.table("", "sentences/s, median of the rounds")
    for name, seconds in spent.items():
        report.row(name, f"{len(said) / statistics.median(seconds):.0f}")


def in_transformers(folder: Path) -> Callable[[Sequence[tuple[str, str]]], list[float]]:
    """The network that `recipes/check.py` trained, as anybody would run it: the doubt about the worst word of each."""
    import torch
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    words = AutoTokenizer.from_pretrained(folder)
    network = AutoModelForTokenClassification.from_pretrained(folder).eval()

    def scores(pairs: Sequence[tuple[str, str]]) -> list[float]:
        evidence, said = zip(*pairs, strict=True)
        held = words(
            list(evidence),
            list(said),
            truncation="only_first",
            max_length=256,
            padding=True,
            return_tensors="pt",
        )
        with torch.inference_mode():
            logits = network(**held).logits[..., 0]
        theirs = (held["token_type_ids"] == 1) & (held["attention_mask"] == 1)
        return [float(value) for value in logits.masked_fill(~theirs, -1e9).max(-1).values]

    return scores


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("sets", "planted", "speed"))
    parser.add_argument("--data", type=Path, metavar="FOLDER")
    parser.add_argument("--file", type=Path, metavar="FILE")
    parser.add_argument("--limit", type=int, metavar="N", help="the first rows of each set")
    parser.add_argument(
        "--peer", type=Path, metavar="FOLDER", help="what `recipes/check.py` trained, for transformers"
    )
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: bench/results/check-WHAT.md")
    asked = parser.parse_args()
    report = Report(
        asked.out or ROOT / "bench" / "results" / f"check-{asked.what}.md", f"The check: {asked.what}"
    )
    for line in machine.facts(PACKAGES, ROOT):
        report.line(line)
    todo: dict[str, Callable[[Any, Report], None]] = {"sets": sets, "planted": planted, "speed": speed}
    todo[asked.what](asked, report)


if __name__ == "__main__":
    main()
