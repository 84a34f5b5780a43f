"""How fast a summary is there, and what the speed costs in quality, beside transformers and plain llama.cpp bindings.

    python bench/summarize.py --data FOLDER [--only cold|throughput|quality]

FOLDER holds `scitldr/dev.jsonl` with `document` and `summary` or `summaries`. Three parts, in one run: a cold start
on one article, throughput on many documents, ROUGE on the same. The systems take turns in each, because a shared
machine is never equally fast for long. A row is on disk as soon as it is measured. Takes half an hour on two cores;
run it with the Python that has every extra, on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from epitome.errors import EpitomeError, UsageError
from epitome.models.model import Model
from epitome.models.resolve import resolve
from epitome.models.weights import prepared
from harness import machine
from harness.process import ProcessError
from harness.report import Report
from speed.cold import cold
from speed.quality import quality
from speed.systems import Bench, Measured, Row, rendered
from speed.throughput import throughput

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("cold", "throughput", "quality")
NEEDED = ("torch", "transformers", "safetensors", "gguf", "xllamacpp")
NAMED = ("epitome", *NEEDED, "openvino", "openvino-genai", "tokenizers", "numpy")


def load_rows(asked: argparse.Namespace, model: Model) -> list[Row]:
    """The documents that are measured, and one more round of them to tune peers on."""
    wanted = max(asked.documents, asked.quality) + -(-asked.documents // asked.rounds)
    rows: list[Row] = []
    with (asked.data / "scitldr" / "dev.jsonl").open(encoding="utf-8") as lines:
        for line, _ in zip(lines, range(wanted), strict=False):
            row = json.loads(line)
            document = row["document"].strip()
            golds = row.get("summaries") or [row["summary"]]
            rows.append(Row(document, rendered(model, document), golds))
    if len(rows) < max(asked.documents, asked.quality):
        raise UsageError(f"{asked.data}: scitldr/dev.jsonl has only {len(rows)} rows")
    return rows


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--only", choices=PARTS, help="one of the three parts, into a file of its own")
    parser.add_argument("--model", default="default", help="a GGUF model, as epitome names it")
    parser.add_argument("--cold-runs", type=int, default=5, metavar="N")
    parser.add_argument("--documents", type=int, default=64, metavar="N")
    parser.add_argument("--rounds", type=int, default=4, metavar="N", help="1: all documents at once")
    parser.add_argument("--quality", type=int, default=100, metavar="N", help="documents to score")
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: bench/results/summarize.md")
    parser.add_argument("--work", type=Path, default=ROOT / "runs" / "bench", metavar="FOLDER")
    asked = parser.parse_args(given)
    for name in ("cold_runs", "documents", "rounds", "quality"):
        if getattr(asked, name) < 1:
            parser.error(f"--{name.replace('_', '-')} must be at least 1")
    asked.rounds = min(asked.rounds, asked.documents)
    if not (asked.data / "scitldr" / "dev.jsonl").is_file():
        parser.error(f"{asked.data} holds no scitldr/dev.jsonl")
    name = f"summarize-{asked.only}.md" if asked.only else "summarize.md"
    asked.out = asked.out or ROOT / "bench" / "results" / name
    asked.work = asked.work.resolve()
    asked.work.mkdir(parents=True, exist_ok=True)
    return asked


def main(given: Sequence[str] | None = None) -> None:
    asked = arguments(given)
    machine.require(NEEDED)
    model = resolve(asked.model)
    rows = load_rows(asked, model)
    report = Report(asked.out, "Speed of a summary, and its quality")
    for fact in machine.facts(NAMED, ROOT):
        report.line(fact)
    if machine.installed("openvino-genai") is None:
        report.line("**no openvino-genai**: engine auto is llama.cpp throughout")
    bench = Bench(asked, model, report, rows)
    prepared(model)
    try:
        measure(bench, (asked.only,) if asked.only else PARTS)
    except KeyboardInterrupt:
        report.line("**interrupted**: what stands above had been measured")
        raise


def measure(bench: Bench, parts: Sequence[str]) -> None:
    """The parts, in order; answers to documents that two of them need are made once."""
    answered_before: dict[str, Measured] = {}
    if "cold" in parts:
        cold(bench)
    if "throughput" in parts:
        answered_before = throughput(bench)
    if "quality" in parts:
        quality(bench, answered_before)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except (EpitomeError, ProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(3)
