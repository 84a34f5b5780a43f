"""How well the lexical support score tells consistent summaries from inconsistent ones, beside plain overlap.

    python bench/support.py --data FOLDER

FOLDER holds `factuality/SET/dev.jsonl` with `document`, `summary` and `label` (1: consistent). Prints the area under
the ROC curve for each set that has both labels, as a Markdown table.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from epitome.documents import from_text, sentences
from epitome.metrics.tokens import tokens
from epitome.trust.check import Source

SETS = ("summedits", "faithbench", "diasumfact", "faceval", "qags-cnndm", "qags-xsum", "summeval", "polytope")


def auc(scores: Sequence[float], labels: Sequence[int]) -> float:
    """The chance that a consistent summary scores above an inconsistent one, ties counted half."""
    ordered = sorted(zip(scores, labels, strict=True))
    positives = sum(labels)
    ranks, at = 0.0, 0
    while at < len(ordered):
        end = at
        while end < len(ordered) and ordered[end][0] == ordered[at][0]:
            end += 1
        ranks += (at + end + 1) / 2 * sum(label for _, label in ordered[at:end])
        at = end
    return (ranks - positives * (positives + 1) / 2) / (positives * (len(ordered) - positives))


def measures(source: Source, summary: str) -> dict[str, float]:
    document = source.document
    spans = sentences(summary, document.language) or [(0, len(summary))]
    checked = [source.check_sentence(summary[start:end]) for start, end in spans]
    words, known = tokens(summary), set(tokens(document.text))
    return {
        "plain overlap": sum(word in known for word in words) / max(len(words), 1),
        "support, mean over sentences": sum(one.support for one in checked) / len(checked),
        "support, lowest sentence": min(one.support for one in checked),
        "mean, halved where a fact is flagged": sum(
            one.support * (0.5 if one.facts else 1) for one in checked
        )
        / len(checked),
        "share of sentences without a flagged fact": sum(not one.facts for one in checked) / len(checked),
    }


def evaluate(path: Path) -> dict[str, float]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    sources: dict[str, Source] = {}
    scored = []
    for row in rows:
        text = row["document"]
        if text not in sources:
            sources[text] = Source(from_text(text, language="en"))
        scored.append(measures(sources[text], row["summary"]))
    labels = [int(row["label"]) for row in rows]
    return {name: auc([one[name] for one in scored], labels) for name in scored[0]}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER")
    data = parser.parse_args().data
    results = {name: evaluate(data / "factuality" / name / "dev.jsonl") for name in SETS}
    print("| AUC, dev | " + " | ".join(SETS) + " | mean |\n" + "|---" * (len(SETS) + 2) + "|")
    for measure in next(iter(results.values())):
        figures = [results[name][measure] for name in SETS]
        figures.append(sum(figures) / len(figures))
        print(f"| {measure} | " + " | ".join(f"{figure:.3f}" for figure in figures) + " |")


if __name__ == "__main__":
    main()
