"""ROUGE against rouge-score: the same numbers, how much faster, and whether memory stays flat.

    python bench/metrics.py DATA [DATA …] [--pairs 10000] [--rounds 5] [--out bench/results/metrics.md]

DATA is anything that `epitome evaluate` reads. Every sentence of a document is a prediction for its gold summary, until
there are as many pairs as asked for. Each program scores them in a process of its own, on one core, in turn; what is
timed is the scoring alone. Memory is the peak of a process that reads the pairs one by one.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from statistics import median

from epitome.datasets.pair import Pair
from epitome.datasets.read import read
from epitome.documents import sentences
from harness import machine, process
from harness.report import Report

ROOT = Path(__file__).resolve().parent.parent
KINDS = {
    "1, 2, L": ["rouge1", "rouge2", "rougeL"],
    "1, 2, L, Lsum": ["rouge1", "rouge2", "rougeL", "rougeLsum"],
}
BAR = 5.0
EQUAL = 1e-9


def pairs(sources: list[str]) -> Iterator[tuple[str, str]]:
    for source in sources:
        for pair in read(source):
            if isinstance(pair, Pair):
                for start, end in sentences(pair.document, pair.lang):
                    yield pair.document[start:end], pair.summaries[0]


def lines(path: Path) -> Iterator[tuple[str, str]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield tuple(json.loads(line))


def work(name: str, path: Path, kinds: list[str]) -> dict[str, object]:
    """In the child: score every pair; the seconds of scoring and the sum of each figure."""
    if name == "epitome":
        from epitome.metrics.rouge import rouge

        lsum = "rougeLsum" in kinds

        def one(prediction: str, gold: str) -> dict[str, float]:
            return rouge(prediction, [gold], lsum=lsum)
    else:
        from rouge_score.rouge_scorer import RougeScorer

        scorer = RougeScorer(kinds, use_stemmer=True)

        def one(prediction: str, gold: str) -> dict[str, float]:
            return {kind: 100 * score.fmeasure for kind, score in scorer.score(gold, prediction).items()}

    one("A first text.", "Another one.")  # what is loaded at the first call is not scoring
    sums = dict.fromkeys(kinds, 0.0)
    seconds = 0.0
    for prediction, gold in lines(path):
        started = time.perf_counter()
        found = one(prediction, gold)
        seconds += time.perf_counter() - started
        for kind in kinds:
            sums[kind] += found[kind]
    return {"seconds": seconds, "sums": sums}


def child(name: str, path: Path, kinds: list[str], log: Path) -> tuple[float, dict[str, float], int]:
    command = [sys.executable, str(Path(__file__).resolve()), "--work", name, str(path), ",".join(kinds)]
    usage, text = process.run(command, log)
    found = json.loads(text)
    return found["seconds"], found["sums"], usage.peak


def speed(report: Report, path: Path, count: int, rounds: int, folder: Path) -> None:
    for label, kinds in KINDS.items():
        report.section(f"ROUGE-{label}: {count:,} pairs, {rounds} rounds in turn")
        report.table("program", "seconds, median", "fastest", "slowest", "pairs a second", "peak MiB")
        seconds: dict[str, list[float]] = {"epitome": [], "rouge-score": []}
        sums, peaks = {}, {}
        for _ in range(rounds):
            for name, taken in seconds.items():
                one, sums[name], peaks[name] = child(name, path, kinds, folder / "log")
                taken.append(one)
        for name, taken in seconds.items():
            report.row(
                name, median(taken), min(taken), max(taken), count / median(taken), peaks[name] / 2**20
            )
        report.gap()
        apart = max(abs(sums["epitome"][kind] - sums["rouge-score"][kind]) / count for kind in kinds)
        report.line(
            f"difference of the means: {apart:.1e} points ({'equal' if apart < EQUAL else '**NOT EQUAL**'})"
        )
        report.bar(
            "times faster than rouge-score", median(seconds["rouge-score"]) / median(seconds["epitome"]), BAR
        )


def equal(report: Report, sources: list[str]) -> None:
    """Every English document of the data: its first three sentences against all gold summaries, each protocol."""
    from rouge_score.rouge_scorer import RougeScorer

    from epitome.metrics.rouge import PROTOCOLS, rouge

    kinds = KINDS["1, 2, L, Lsum"]
    scorer = RougeScorer(kinds, use_stemmer=True)
    report.section("The same figures, document by document: first three sentences, all gold summaries")
    report.table("data", "documents", *PROTOCOLS)
    for source in sources:
        apart = dict.fromkeys(PROTOCOLS, 0.0)
        count = 0
        for pair in read(source):
            if not isinstance(pair, Pair) or pair.lang != "en":
                continue
            count += 1
            spans = sentences(pair.document, pair.lang)[:3]
            prediction = "\n".join(pair.document[start:end] for start, end in spans)
            each = [
                {kind: 100 * score.fmeasure for kind, score in scorer.score(gold, prediction).items()}
                for gold in pair.summaries
            ]
            theirs = {
                "best-r1": max(each, key=lambda one: one["rouge1"]),
                "max": {kind: max(one[kind] for one in each) for kind in kinds},
                "mean": {kind: sum(one[kind] for one in each) / len(each) for kind in kinds},
            }
            for protocol in PROTOCOLS:
                ours = rouge(prediction, pair.summaries, protocol=protocol, lsum=True)
                apart[protocol] = max(
                    apart[protocol], *(abs(ours[kind] - theirs[protocol][kind]) for kind in kinds)
                )
        report.row(
            "/".join(Path(source).parts[-2:]),
            count,
            *(f"{one:.0e} {'' if one < EQUAL else '**NOT EQUAL**'}" for one in apart.values()),
        )
    report.gap()


def flat(report: Report, sources: list[str], folder: Path) -> None:
    report.section("Memory: peak of the process, ROUGE-1, 2, L, Lsum")
    report.table("pairs", "epitome, MiB")
    for count in (1_000, 10_000, 100_000):
        path = folder / f"{count}.jsonl"
        if write(islice(pairs(sources), count), path) == count:
            report.row(
                f"{count:,}", child("epitome", path, KINDS["1, 2, L, Lsum"], folder / "log")[2] / 2**20
            )
    report.gap()


def write(found: Iterable[tuple[str, str]], path: Path) -> int:
    with path.open("w", encoding="utf-8") as file:
        return sum(bool(file.write(json.dumps(pair) + "\n")) for pair in found)


def main() -> None:
    if sys.argv[1:2] == ["--work"]:
        print(json.dumps(work(sys.argv[2], Path(sys.argv[3]), sys.argv[4].split(","))))
        return
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", nargs="+")
    parser.add_argument("--pairs", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=ROOT / "bench" / "results" / "metrics.md")
    arguments = parser.parse_args()
    machine.require(["rouge-score"])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # A child's peak is never below its parent's size, so nothing large is loaded before the children have run.
        count = write(islice(pairs(arguments.data), arguments.pairs), folder / "pairs.jsonl")
        if count < arguments.pairs:
            parser.error(f"the data has only {count} pairs")
        report = Report(arguments.out, "ROUGE: the same figures as rouge-score, sooner")
        for fact in machine.facts(["epitome", "rouge-score"], ROOT):
            report.line(fact)
        speed(report, folder / "pairs.jsonl", count, arguments.rounds, folder)
        flat(report, arguments.data, folder)
        equal(report, arguments.data)


if __name__ == "__main__":
    main()
