"""What a shipped adapter gives on each development set, beside the bare base and what copying gives.

    python bench/shipped.py tldr --data FOLDER --sets scitldr
    python bench/shipped.py general --data FOLDER [--sets scitldr news ...] [--limit 100]

FOLDER holds `SET/dev.jsonl`. Every row is `epitome evaluate` on one set: `lead` under the same request, the base without
the adapter, the base with it, and `words`, the first words of each document, as many as the adapter's summary has.
Settings were chosen on the documents whose id has an even hash; the other half is reported beside the whole. Where a
set's titles are questions they are the focus. Texts are cached, so the script may be killed and called again.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness import machine
from harness.commands import ROUGE, evaluated
from harness.halves import odd
from harness.report import Report

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("epitome", "openvino_genai", "xllamacpp")
SETS = (
    "scitldr", "news", "medical-notes", "dialogsum", "qmsum-queries", "legal-plain", "email", "papers-full",
    "judgments-au", "judgments-in", "qmsum-meetings", "squality", "medical-visits",
)  # fmt: skip
QUESTIONS = frozenset({"qmsum-queries", "squality"})


class Sets:
    """The documents of each set, and what systems make of them."""

    def __init__(self, asked: argparse.Namespace) -> None:
        self.asked = asked
        self.work: Path = asked.work
        self.work.mkdir(parents=True, exist_ok=True)

    def rows(self, name: str) -> list[dict[str, Any]]:
        with (self.asked.data / name / "dev.jsonl").open(encoding="utf-8") as lines:
            return [json.loads(line) for line in lines if line.strip()][: self.asked.limit]

    def judged(self, name: str) -> dict[str, dict[str, Any]]:
        """By part (`all`, `odd`) what `epitome evaluate --json` says."""
        rows = self.rows(name)
        data = self._write(f"{name}-all", rows)
        outputs = self.work / f"{name}-outputs"
        adapted = ("--system", f"adapter=default+{self.asked.adapter}")
        self._evaluate(name, data, f"{name}-written", *adapted, "--outputs", str(outputs))
        words = self._first_words(rows, outputs / "adapter.jsonl")
        systems = ("--system", "lead", "--system", "base=default+none", *adapted, "--against", "adapter")
        parts = {"all": rows, "odd": [row for row in rows if odd(row["id"])]}
        found = {}
        for part, held in parts.items():
            chosen = self._write(f"{name}-{part}", held)
            kept = {row["id"] for row in held}
            copied = self._write(f"{name}-{part}-words", [row for row in words if row["id"] in kept])
            found[part] = self._evaluate(
                name, chosen, f"{name}-{part}", *systems, "--system", f"words={copied}"
            )
        return found

    def _evaluate(self, name: str, data: Path, label: str, *options: str) -> dict[str, Any]:
        asked = ("--focus", "title") if name in QUESTIONS else ()
        return evaluated(data, self.work / f"{label}.json", *options, *asked)

    def _first_words(self, rows: Sequence[dict[str, Any]], outputs: Path) -> list[dict[str, Any]]:
        with outputs.open(encoding="utf-8") as lines:
            written = [json.loads(line) for line in lines if line.strip()]
        lengths = [len((row["summary"] or "").split()) for row in written]
        return [
            {"id": row["id"], "summary": " ".join(row["document"].split()[: max(1, count)])}
            for row, count in zip(rows, lengths, strict=True)
        ]

    def _write(self, label: str, rows: Sequence[dict[str, Any]]) -> Path:
        path = self.work / f"{label}.jsonl"
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
        return path


def _three(figures: dict[str, Any]) -> str:
    return "/".join(f"{figures[name]['mean']:.2f}" for name in ROUGE)


def _difference(result: dict[str, Any], other: str) -> str:
    """ROUGE-1 of the adapter less that of another system, with the corrected p."""
    found = next(
        one for one in result["comparisons"] if one["metric"] == "rouge1" and other in (one["a"], one["b"])
    )
    sign = 1 if found["b"] == other else -1
    return f"{sign * found['difference']:+.2f} (p {found['corrected']:.2g})"


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("adapter", help="a shipped adapter's name or a folder")
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=SETS, metavar="SET")
    parser.add_argument("--limit", type=int, metavar="N", help="the first documents of each set")
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: bench/results/shipped-ADAPTER.md")
    parser.add_argument("--work", type=Path, metavar="FOLDER", help="default: runs/shipped-ADAPTER")
    asked = parser.parse_args(given)
    label = Path(asked.adapter).name
    asked.out = asked.out or ROOT / "bench" / "results" / f"shipped-{label}.md"
    asked.work = asked.work or ROOT / "runs" / f"shipped-{label}"
    return asked


def main(given: Sequence[str] | None = None) -> None:
    asked = arguments(given)
    report = Report(asked.out, f"The adapter {Path(asked.adapter).name} on the development sets")
    for line in machine.facts(PACKAGES, ROOT):
        report.line(line)
    report.line(
        "ROUGE-1/2/L; differences in ROUGE-1 of the adapter to the others, paired, p corrected (Holm)"
    )
    others = ("lead", "words", "base")
    report.table(
        "set", "documents", "lead", "first words", "base", "adapter", *(f"to {one}" for one in others)
    )
    sets = Sets(asked)
    for name in asked.sets:
        for part, result in sets.judged(name).items():
            systems = result["systems"]
            columns = [_three(systems[one]) for one in ("lead", "words", "base", "adapter")]
            count = systems["adapter"]["rouge1"]["n"]
            told = [_difference(result, one) for one in others]
            report.row(name if part == "all" else "its odd half", count, *columns, *told)


if __name__ == "__main__":
    main()
