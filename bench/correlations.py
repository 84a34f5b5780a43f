"""How far each metric agrees with people: correlations with human judgments of summaries, with 95 % intervals.

    python bench/correlations.py --data FOLDER -o bench/results/correlations.md

FOLDER holds `factuality/SET/dev.jsonl` with `document`, `summary`, `label` (1: consistent) and `annotations`. Writes a
Markdown page and beside it, under the same name, a JSON file of all figures; sets that the JSON file has are not
computed again. Needs the encoder: `epitome models pull minilm`.
"""

from __future__ import annotations

import argparse
import datetime
import json
import math
import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from epitome.documents import from_text
from epitome.engines.encoder import Encoder, open_encoder
from epitome.metrics import bertscore, similarity
from epitome.metrics.abstractiveness import abstractiveness
from epitome.metrics.bleu import bleu
from epitome.metrics.chrf import chrf
from epitome.metrics.correlation import Coefficient, correlate
from epitome.metrics.repetition import repeated_share
from epitome.metrics.rouge import scores
from epitome.metrics.tokens import words
from epitome.trust.check import Source

Row = dict[str, Any]
DIMENSIONS = ("consistency", "relevance", "coherence", "fluency")


def label(row: Row) -> float:
    return float(row["label"])


def score(row: Row) -> float:
    return float(row["annotations"]["score"])


def dimension(name: str) -> Callable[[Row], float]:
    return lambda row: float(row["annotations"]["scores"][name])


def faultless(row: Row) -> float:
    sentences = row["annotations"]["sentences"]
    return sum(each["classes"] == ["No Error"] for each in sentences) / len(sentences)


LABEL = {"label": label}
SETS: dict[str, dict[str, Callable[[Row], float]]] = {
    "summedits": LABEL,
    "faithbench": LABEL,
    "diasumfact": LABEL | {"share of sentences without error": faultless},
    "faceval": LABEL,
    "qags-cnndm": LABEL | {"share of consistent sentences": score},
    "qags-xsum": LABEL,
    "summeval": LABEL | {name: dimension(name) for name in DIMENSIONS},
    "polytope": LABEL,
    "realsumm": {"recall of the gold's content": dimension("litepyramid_recall")},
}
"""What people said of the summaries of each set."""

PUBLISHED = """\
Figures of others, for orientation: they are of whole test sets, ours of the dev parts, and other encoders.

| set | judgment | coefficient | metric: figure | source |
|---|---|---|---|---|
| SummEval | consistency | Pearson | ROUGE-2 against the gold .212, against the source .298; BERTScore P .023 and .343; sentence-BERTScore P .266 and .450 | DocAsRef (Bao et al.), the authors' repository |
| SummEval | consistency | Spearman | MoverScore .157; BARTScore .382; UniEval .446; GPTScore .449; G-Eval with GPT-4 .507 | a third party's table, not checked against the papers |
| QAGS-CNN/DM | share of consistent sentences | Pearson | ROUGE-2 .459; ROUGE-L .357; BERTScore .576; FactCC .416; QAGS .545; BARTScore .735; CTC .619; UniEval .682; G-Eval with GPT-4 .631 | the same |
| QAGS-XSum | share of consistent sentences | Pearson | ROUGE-2 .097; ROUGE-L .024; BERTScore .024; FactCC .297; QAGS .175; BARTScore .184; CTC .309; UniEval .461; G-Eval with GPT-4 .558 | the same |
"""


class Vectors:
    """The vectors of a set's texts, each text read once."""

    def __init__(self, encoder: Encoder, texts: Sequence[str]) -> None:
        unique = list(dict.fromkeys(texts))
        self.tokens = dict(zip(unique, encoder.tokens(unique), strict=True))
        self.whole = dict(zip(unique, encoder.vectors(unique), strict=True))


def against(summary: str, golds: list[str], vectors: Vectors) -> dict[str, float]:
    """The metrics that compare with something, gold summaries or the source."""
    rouge = scores(summary, golds)
    matched = bertscore.best(vectors.tokens[summary], [vectors.tokens[gold] for gold in golds])
    return {
        "ROUGE-1": rouge["rouge1"].f,
        "ROUGE-1 precision": rouge["rouge1"].precision,
        "ROUGE-2": rouge["rouge2"].f,
        "ROUGE-2 precision": rouge["rouge2"].precision,
        "ROUGE-L": rouge["rougeL"].f,
        "BLEU": bleu(summary, golds),
        "chrF": chrf(summary, golds),
        "BERTScore P": matched.precision,
        "BERTScore R": matched.recall,
        "BERTScore F": matched.f,
        "similarity": similarity.best(vectors.whole[summary], [vectors.whole[gold] for gold in golds]),
    }


def alone(summary: str, source: Source) -> dict[str, float]:
    """The metrics that need no reference."""
    copied = abstractiveness(summary, source.document.text)
    checked = source.check(summary) or [source.check_sentence(summary)]
    return {
        "support, mean of sentences": sum(each.support for each in checked) / len(checked),
        "support, lowest sentence": min(each.support for each in checked),
        "unsupported facts": sum(len(each.facts) for each in checked),
        "novel bigrams": copied.novel[1],
        "coverage": copied.coverage,
        "density": copied.density,
        "compression": copied.compression,
        "words": len(words(summary)),
        "repetition": repeated_share(summary),
    }


def measured(rows: list[Row], encoder: Encoder) -> dict[str, list[float]]:
    """Every metric's figures for every row, in the rows' order."""
    golds = [references(row) for row in rows]
    texts = [text for row in rows for text in (row["summary"], row["document"])]
    vectors = Vectors(encoder, texts + [gold for each in golds for gold in each])
    sources: dict[str, Source] = {}
    figures: list[dict[str, float]] = []
    for row, gold in zip(rows, golds, strict=True):
        document, summary = row["document"], row["summary"]
        if document not in sources:
            sources[document] = Source(from_text(document, language="en"))
        found = alone(summary, sources[document])
        found |= {f"{name}, source": v for name, v in against(summary, [document], vectors).items()}
        if all(golds):
            found |= {f"{name}, gold": v for name, v in against(summary, gold, vectors).items()}
        figures.append(found)
    return {name: [each[name] for each in figures] for name in figures[0]}


def references(row: Row) -> list[str]:
    notes = row["annotations"]
    return notes.get("references") or ([notes["reference"]] if notes.get("reference") else [])


def auc(values: Sequence[float], labels: Sequence[float]) -> Coefficient:
    """The chance that a consistent summary scores above an inconsistent one, ties counted half."""
    x, y = np.asarray(values), np.asarray(labels)
    wins = np.sign(x[y == 1][:, None] - x[y == 0]) / 2 + 0.5
    rng = np.random.default_rng(0)
    up, down = wins.shape
    drawn = [
        rng.multinomial(up, np.full(up, 1 / up)) @ wins @ rng.multinomial(down, np.full(down, 1 / down))
        for _ in range(1000)
    ]
    low, high = np.percentile(np.asarray(drawn) / wins.size, (2.5, 97.5))
    return Coefficient(float(wins.mean()), float(low), float(high))


def judged(name: str, path: Path, encoder: Encoder) -> dict[str, Any]:
    """All coefficients of one set."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    figures = measured(rows, encoder)
    found: dict[str, Any] = {}
    for judgment, read in SETS[name].items():
        said = [read(row) for row in rows]
        found[judgment] = {}
        for metric, values in figures.items():
            both = correlate(values, said)
            each = {"Pearson": both.pearson, "Spearman": both.spearman, "Kendall": both.kendall}
            if judgment == "label":
                each["AUC"] = auc(values, said)
            found[judgment][metric] = {
                key: [round(value, 4) for value in (one.value, one.low, one.high)]
                for key, one in each.items()
                if math.isfinite(one.value)
            }
    return {
        "n": len(rows),
        "date": datetime.date.today().isoformat(),
        "encoder": encoder.identity,
        "judgments": found,
    }


def page(results: dict[str, Any]) -> str:
    """The Markdown page: one table over all, then one a judgment."""
    graded = [
        (name, judgment, metrics)
        for name, result in results.items()
        for judgment, metrics in result["judgments"].items()
    ]
    lines = [
        "# What the metrics are worth",
        "",
        "Written by `bench/correlations.py`; dev parts; percentile bootstrap, 1,000 resamples of summaries (summaries of "
        "one document are not independent, so true intervals are wider). `source`: the document stands in for the gold.",
        f"Encoder {next(iter(results.values()))['encoder']}; Python {platform.python_version()}.",
        "",
        "## Spearman, all sets",
        "",
        "| metric | " + " | ".join(f"{name}: {judgment}" for name, judgment, _ in graded) + " |",
        "|---" * (len(graded) + 1) + "|",
    ]
    best = [
        max(abs(each["Spearman"][0]) for each in metrics.values() if "Spearman" in each)
        for _, _, metrics in graded
    ]
    for metric in dict.fromkeys(metric for _, _, metrics in graded for metric in metrics):
        cells = []
        for (_, _, metrics), top in zip(graded, best, strict=True):
            value = metrics.get(metric, {}).get("Spearman", [None])[0]
            shown = "" if value is None else f"{value:.2f}"
            cells.append(f"**{shown}**" if value is not None and abs(value) == top else shown)
        lines.append(f"| {metric} | " + " | ".join(cells) + " |")
    lines += ["", "## Published", "", PUBLISHED]
    for name, judgment, metrics in graded:
        result = results[name]
        columns = list(next(iter(metrics.values())))
        lines += [
            f"## {name}: {judgment}",
            "",
            f"{result['n']:,} summaries, {result['date']}.",
            "",
            "| metric | " + " | ".join(columns) + " |",
            "|---" * (len(columns) + 1) + "|",
        ]
        for metric, each in metrics.items():
            cells = [
                "{:.3f} [{:.3f}, {:.3f}]".format(*each[c]) if c in each else "never varies" for c in columns
            ]
            lines.append(f"| {metric} | " + " | ".join(cells) + " |")
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE")
    arguments = parser.parse_args()
    kept = arguments.output.with_suffix(".json")
    results: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    with open_encoder() as encoder:
        for name in SETS:
            if name not in results:
                results[name] = judged(name, arguments.data / "factuality" / name / "dev.jsonl", encoder)
                kept.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
                arguments.output.write_text(
                    page({key: results[key] for key in SETS if key in results}), encoding="utf-8"
                )
                print(f"{name}: done", flush=True)


if __name__ == "__main__":
    main()
