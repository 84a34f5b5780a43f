"""The default model without training, beside copied sentences: ROUGE on dev, with intervals and paired tests.

    epitome summarize FOLDER/scitldr/dev.jsonl --column document -o runs/scitldr.jsonl
    python bench/zero_shot.py runs/scitldr.jsonl [runs/news.jsonl …] [--out bench/results/zero_shot.md]

Each file is what `epitome summarize TABLE` wrote: rows with `document`, `summaries` and `summary`. Several gold
summaries are scored as SciTLDR's authors do (the gold with the highest ROUGE-1).
"""

from __future__ import annotations

import argparse
import datetime
import json
from pathlib import Path
from typing import Any

from epitome.documents import from_text
from epitome.metrics.bootstrap import interval, paired
from epitome.metrics.rouge import rouge
from epitome.summarize.extractive import METHODS, extract
from epitome.types import Request

KEYS = ("rouge1", "rouge2", "rougeL")


def scored(texts: list[str], rows: list[dict[str, Any]]) -> list[dict[str, float]]:
    return [rouge(text, row["summaries"]) for text, row in zip(texts, rows, strict=True)]


def copied(row: dict[str, Any], method: str, style: str | None) -> str:
    document = from_text(row["document"], language="en")
    return " ".join(
        document.text[start:end] for start, end in extract(document, method, Request(style=style))
    )  # type: ignore[arg-type]


def row_of(name: str, texts: list[str], scores: list[dict[str, float]], against: str) -> str:
    means = " / ".join(f"{sum(score[key] for score in scores) / len(scores):.2f}" for key in KEYS)
    _, low, high = interval([score["rouge1"] for score in scores])
    words = sum(len(text.split()) for text in texts) / len(texts)
    return f"| {name} | {means} | {low:.2f}-{high:.2f} | {words:.1f} | {against} |"


def table(path: Path, style: str | None) -> list[str]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    ours = [row["summary"] or "" for row in rows]
    our_scores = scored(ours, rows)
    lines = [
        f"## {path.stem}, {len(rows)} documents, {sum(not text for text in ours)} without a summary",
        "",
        "| system | ROUGE-1/2/L | ROUGE-1, 95 % | words | the default's ROUGE-1 beyond it, p |",
        "|---|---|---|---|---|",
        row_of("default model", ours, our_scores, ""),
    ]
    for method in METHODS:
        texts = [copied(row, method, style) for row in rows]
        scores = scored(texts, rows)
        test = paired([score["rouge1"] for score in our_scores], [score["rouge1"] for score in scores])
        against = f"{test.difference:+.2f} ({test.low:+.2f} to {test.high:+.2f}), p = {test.p:.4f}"
        lines.append(row_of(method, texts, scores, against))
    return [*lines, ""]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--style", help="of the copied summaries; default: as long as the default's own")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    report = [f"# Without training, beside copied sentences ({datetime.date.today()})", ""]
    for path in arguments.files:
        report += table(path, arguments.style)
        print("\n".join(report), flush=True)
        if arguments.out:
            arguments.out.write_text("\n".join(report).rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
