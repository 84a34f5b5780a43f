"""The embedded 135M decoder as a check: a LoRA that answers yes or no, beside the encoder that ships.

    python bench/yesno.py train --claims runs/check-train.jsonl --work runs/yesno [--rows 2000]
    python bench/yesno.py judge --data FOLDER --work runs/yesno [--limit 60]

`train` takes the rows that `recipes/check.py` made and trains with `epitome train` on their evidence, sentence and answer.
`judge` writes the area under the ROC curve on the sets that `bench/check.py sets` uses, the first rows of each, for the
log-odds of "yes", and for the encoder on the same rows.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from epitome.documents import from_text, sentences
from epitome.engines.base import Decoding, GenerationRequest, answers
from epitome.engines.llamacpp import LlamaCpp
from epitome.models import adapter, lora
from epitome.models.folder import Form
from epitome.models.resolve import resolve
from epitome.trust.check import Source
from epitome.trust.checker import Checker
from epitome.types import Message, Prompt
from harness import machine
from harness.report import Report
from support import SETS, auc

ROOT = Path(__file__).resolve().parent.parent
SYSTEM = "Answer yes if the text bears the sentence out, else no."
USER = "{document}\n\nSentence: {title}"
SETTINGS = f"""base = "default"
seed = 0

[method]
name = "lora"
rank = 16
alpha = 32
first_layer = 10

[prompt]
system = {json.dumps(SYSTEM)}
user = {json.dumps(USER)}

[optim]
lr = 5e-4
schedule = "linear"

[train]
epochs = 1
batch = 16
threads = 1

[eval]
times = 1
generate = 0
"""


def train(asked: argparse.Namespace) -> None:
    rows = [json.loads(line) for line in asked.claims.read_text("utf-8").splitlines()]
    random.Random(0).shuffle(rows)
    made = [_pair(at, row) for at, row in enumerate(rows[: asked.rows + 100])]
    for part, chosen in (("train", made[100:]), ("dev", made[:100])):
        asked.work.with_name(f"{asked.work.name}-{part}.jsonl").write_text(
            "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in chosen), "utf-8"
        )
    settings = asked.work.with_name(f"{asked.work.name}.toml")
    settings.write_text(SETTINGS, "utf-8")
    files = [str(asked.work.with_name(f"{asked.work.name}-{part}.jsonl")) for part in ("train", "dev")]
    command = [
        sys.executable,
        "-m",
        "epitome.cli",
        "train",
        files[0],
        "--dev",
        files[1],
        "-o",
        str(asked.work),
    ]
    subprocess.run([*command, "--config", str(settings)], check=True)


def _pair(at: int, row: dict[str, Any]) -> dict[str, Any]:
    answer = "yes" if row["label"] else "no"
    return {
        "id": str(at),
        "document": row["document"],
        "title": row["summary"],
        "summary": answer,
        "lang": "en",
    }


def judge(asked: argparse.Namespace) -> None:
    report = Report(ROOT / "bench" / "results" / "check-decoder.md", "The decoder as a check")
    for line in machine.facts(("epitome", "xllamacpp"), ROOT):
        report.line(line)
    encoder = Checker()
    report.table("AUC", *SETS, "mean", "sentences/s")
    found: dict[str, list[float]] = {"decoder, yes or no": [], "encoder that ships": []}
    seconds = dict.fromkeys(found, 0.0)
    count = 0
    model = resolve("default")
    beside = lora.as_gguf(model, adapter.read(asked.work, model))
    with LlamaCpp(model, adapters={"yesno": beside}, context=2048) as engine:
        for name in SETS:
            path = asked.data / "factuality" / name / "dev.jsonl"
            rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()][: asked.limit]
            scores: dict[str, list[float]] = {way: [] for way in found}
            for row in rows:
                source = Source(from_text(row["document"], language="en"))
                said = [row["summary"][a:b] for a, b in sentences(row["summary"], "en")]
                pairs = [(source.passages.evidence(text), text) for text in said]
                count += len(pairs)
                started = time.perf_counter()
                scores["decoder, yes or no"].append(min(yes(engine, *pair) for pair in pairs))
                between = time.perf_counter()
                scores["encoder that ships"].append(-max(encoder.doubts(pairs)))
                seconds["decoder, yes or no"] += between - started
                seconds["encoder that ships"] += time.perf_counter() - between
            for way, values in scores.items():
                found[way].append(auc(values, [int(row["label"]) for row in rows]))
    for way, areas in found.items():
        cells = [f"{area:.3f}" for area in [*areas, statistics.mean(areas)]]
        report.row(way, *cells, f"{count / seconds[way]:.0f}")
    report.line(f"the first {asked.limit} rows of each set")


def yes(engine: LlamaCpp, evidence: str, sentence: str) -> float:
    """Log-odds of "yes" against "no" as the first token."""
    system, user = Form(SYSTEM, USER).fill(evidence, request="", title=sentence)
    prompt = Prompt((Message("system", system), Message("user", user)))
    asked = GenerationRequest(prompt, Decoding(max_tokens=1, alternatives=20, adapter="yesno"))
    (answer,) = answers(engine, [asked])
    known = {text.strip().lower(): logprob for text, logprob in reversed(answer.alternatives[0])}
    least = min((logprob for _, logprob in answer.alternatives[0]), default=-math.inf)
    return known.get("yes", least) - known.get("no", least)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("train", "judge"))
    parser.add_argument("--claims", type=Path, metavar="FILE")
    parser.add_argument("--data", type=Path, metavar="FOLDER")
    parser.add_argument("--work", type=Path, default=ROOT / "runs" / "yesno", metavar="FOLDER")
    parser.add_argument("--rows", type=int, default=2000, metavar="N")
    parser.add_argument("--limit", type=int, default=60, metavar="N")
    asked = parser.parse_args()
    (train if asked.what == "train" else judge)(asked)


if __name__ == "__main__":
    main()
