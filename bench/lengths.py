"""Are lengths kept, and what does keeping them cost? Every request of the list on the same documents.

    python bench/lengths.py --data FOLDER [--documents 50] [--sets scitldr news] [--engine auto]

A request counts as held only if the text itself, counted anew here, meets it; a summary that says what it could not
meet counts as a failure too. "copied" counts summaries with a sentence that stands word for word in the document,
"torn" those that do not end as a sentence ends. ROUGE-1 is set beside that of the same model without a request.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import re
import time
from dataclasses import dataclass
from pathlib import Path

import epitome
from epitome.documents import count_length, sentences
from epitome.metrics.rouge import rouge

REQUESTS: dict[str, dict[str, object]] = {
    "none": {"style": "sentence"},
    "words 10-20": {"words": "10-20"},
    "words 15-25": {"words": "15-25"},
    "words 20": {"words": "20"},
    "words 25-40": {"words": "25-40"},
    "words 40-60": {"words": "40-60"},
    "words 60": {"words": "60"},
    "sentences 2": {"sentences": "2"},
    "sentence, 15-30": {"style": "sentence", "words": "15-30"},
    "tldr": {"style": "tldr"},
    "headline": {"style": "headline"},
    "bullets, 30-60": {"style": "bullets", "words": "30-60"},
}
BOUNDS = {"words 20": (16, 20), "words 60": (48, 60), "tldr": (1, 30), "headline": (1, 14)}
ENDED = re.compile(r"[.!?…。！？][\"'”’)\]]*$")


@dataclass
class Tally:
    held: int = 0
    copied: int = 0
    torn: int = 0
    rounds: int = 0
    rouge1: float = 0.0
    words: int = 0


def holds(text: str, name: str, asked: dict[str, object]) -> bool:
    """Whether the text meets the request, counted here."""
    flat = re.sub(r"^- ", "", text, flags=re.MULTILINE).replace("\n", " ")
    count = count_length(flat, "en")
    spans = sentences(flat, "en")
    if name in BOUNDS or "words" in asked:
        low, high = BOUNDS.get(name) or tuple(int(n) for n in str(asked["words"]).split("-"))
        if not low <= count <= high:
            return False
    if "sentences" in asked and len(spans) != int(str(asked["sentences"])):
        return False
    return not (asked.get("style") in ("sentence", "tldr") and len(spans) != 1)


def measure(summarizer: epitome.Summarizer, rows: list[dict[str, object]], name: str) -> Tally:
    asked = REQUESTS[name]
    tally = Tally()
    for row, result in zip(
        rows, summarizer.batch([str(row["document"]) for row in rows], **asked), strict=True
    ):
        if isinstance(result, epitome.EpitomeError):
            continue
        source = " ".join(str(row["document"]).split())
        lines = result.text.splitlines() if asked.get("style") == "bullets" else [result.text]
        tally.held += holds(result.text, name, asked) and not result.unmet
        tally.copied += any(sentence.text in source for sentence in result.sentences)
        tally.torn += name != "headline" and not all(ENDED.search(line) for line in lines)
        tally.rounds += sum(reason.startswith("round") for reason in result.reasons)
        tally.rouge1 += rouge(result.text, row["summaries"])["rouge1"]  # type: ignore[arg-type]
        tally.words += len(result.text.split())
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=["scitldr", "news"])
    parser.add_argument("--split", default="dev")
    parser.add_argument("--documents", type=int, default=50, help="of each set")
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--only", nargs="+", choices=REQUESTS, default=list(REQUESTS))
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    rows: list[dict[str, object]] = []
    for name in arguments.sets:
        lines = (arguments.data / name / f"{arguments.split}.jsonl").read_text(encoding="utf-8").splitlines()
        rows += [json.loads(line) for line in lines[: arguments.documents]]
    report = [
        f"{datetime.date.today()}, {platform.processor() or platform.machine()}, {os.cpu_count()} cores; "
        f"{len(rows)} documents ({', '.join(arguments.sets)}, first {arguments.documents} of {arguments.split})",
        "",
        "| request | held | copied | torn | extra rounds | words | ROUGE-1 | seconds |",
        "|---|---|---|---|---|---|---|---|",
    ]
    print("\n".join(report), flush=True)
    with epitome.Summarizer(engine=arguments.engine, work=len(rows)) as summarizer:
        for name in arguments.only:
            start = time.perf_counter()
            tally = measure(summarizer, rows, name)
            n = len(rows)
            report.append(
                f"| {name} | {tally.held}/{n} | {tally.copied} | {tally.torn} | {tally.rounds / n:.2f} "
                f"| {tally.words / n:.1f} | {tally.rouge1 / n:.2f} | {time.perf_counter() - start:.0f} |"
            )
            print(report[-1], flush=True)
            if arguments.out:
                arguments.out.write_text("\n".join(report) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
