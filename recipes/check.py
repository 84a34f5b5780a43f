"""Make the checker that ships with Epitome: gather true and wrong sentences, train it, put it into 8 bits.

    python recipes/check.py --data FOLDER        # -> runs/check, then src/epitome/trust/checker

FOLDER holds a folder a set with `train.jsonl`, and `factuality/SET/`. Only sets that may ship are learnt from, and of
these no document that a set which the checker is judged by has too. The base is MiniLM (`epitome models pull minilm`);
the settings are in check.toml beside this script. A run that was broken off goes on when it is called again.
"""

from __future__ import annotations

import argparse
import difflib
import json
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from graph import written

from epitome.datasets.claims import claims
from epitome.datasets.columns import parse
from epitome.datasets.pair import Pair
from epitome.datasets.read import load
from epitome.documents import from_text, sentences
from epitome.trust.checker import Checker
from epitome.trust.passages import Passages

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
SHIPPED = ROOT / "src" / "epitome" / "trust" / "checker"
SETS = (
    "scitldr", "legal-plain", "medical-notes", "qmsum-queries", "squality", "papers-full", "medical-visits",
    "qmsum-meetings", "judgments-au",
)  # fmt: skip
DEV_SHARE = 0.02
SHINGLE, MOST_SHARED = 8, 0.05
"""Words a shingle has, and the share of a document's that others may have: whole meetings hold the spans judged on."""
Row = dict[str, Any]


def gathered(data: Path, most: int) -> tuple[list[Row], list[Row]]:
    """Rows to learn from and to be watched on, of different documents; at most `most` with errors we put in."""
    made: list[Row] = []
    judged = _judged(data)
    for name in SETS:
        pairs = load(str(data / name / "train.jsonl"), parse(())).pairs
        kept = [pair for pair in pairs if not _shared(pair.document, judged)]
        print(f"{name}: {len(kept)} of {len(pairs)} documents; the others are judged on")
        rows = (_row(claim.pair, claim.text, claim.wrong, claim.kind) for claim in claims(kept))
        made += [row | {"domain": name} for row in rows]
    draw = random.Random(0)
    draw.shuffle(made)
    rows = [*made[:most], *edited(data / "factuality" / "summedits" / "train.jsonl")]
    draw.shuffle(rows)
    count = round(DEV_SHARE * len(rows))
    watched = {row["source"] for row in rows[:count]}
    return [row for row in rows if row["source"] not in watched], rows[:count]


def _judged(data: Path) -> set[int]:
    """Shingles of the documents of every set that checks are judged by."""
    found: set[int] = set()
    for path in sorted((data / "factuality").glob("*/dev.jsonl")):
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        for document in {row["document"] for row in rows if "document" in row}:
            found.update(_shingles(document))
    return found


def _shingles(text: str) -> set[int]:
    words = re.findall(r"\w+", text.lower())
    return {hash(tuple(words[at : at + SHINGLE])) for at in range(len(words) - SHINGLE + 1)}


def _shared(document: str, judged: set[int]) -> bool:
    """Whether a good part of it is in one of the others, or one of the others in it."""
    own = _shingles(document)
    return len(own & judged) > MOST_SHARED * len(own)


def edited(path: Path) -> Iterator[Row]:
    """SummEdits: what of a sentence differs from the summary that was edited is what is wrong in it."""
    for line in path.read_text("utf-8").splitlines():
        row = json.loads(line)
        pair = Pair(row["document"], (row["summary"],), id=row["id"])
        wrong = [] if row["label"] else differing(row["annotations"]["original_summary"], row["summary"])
        for start, end in sentences(row["summary"], "en"):
            inside = tuple(
                (max(a, start) - start, min(b, end) - start) for a, b in wrong if a < end and b > start
            )
            yield _row(pair, row["summary"][start:end], inside, "edited") | {"domain": "summedits"}


def differing(before: str, after: str) -> list[tuple[int, int]]:
    """Spans of `after` that `before` does not have; where something was left out, the word that follows."""
    old, new = (re.findall(r"\w+|\W", text) for text in (before, after))
    places = [0]
    for piece in new:
        places.append(places[-1] + len(piece))
    found = []
    for what, _, _, start, end in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what != "equal":
            found.append((places[start], max(places[end], places[min(start + 1, len(new))])))
    return found


@lru_cache(8)
def _passages(document: str) -> Passages:
    return Passages(from_text(document, language="en"))


def _row(pair: Pair, text: str, wrong: tuple[tuple[int, int], ...], kind: str) -> Row:
    """The evidence stands for the document, which the trainer would cut down to it anyway."""
    evidence = _passages(pair.document).evidence(text)
    return {
        "document": evidence or pair.document, "summary": text, "label": int(not wrong), "wrong": wrong, "kind": kind,
        "source": pair.id, "lang": "en",
    }  # fmt: skip


def calibrated(folder: Path, dev: Path) -> None:
    """Write `calibration.json`: slope and intercept that make its logits probabilities on dev, both classes even."""
    rows = [json.loads(line) for line in dev.read_text("utf-8").splitlines()]
    scores = np.array(Checker(folder).scores([(row["document"], row["summary"]) for row in rows]))
    wrong = np.array([1.0 - row["label"] for row in rows])
    weights = np.where(wrong == 1, 0.5 / wrong.mean(), 0.5 / (1 - wrong).mean())
    inputs, held = np.stack([scores, np.ones_like(scores)], 1), np.array([1.0, 0.0])
    for _ in range(50):  # Newton's method
        chance = 1 / (1 + np.exp(-inputs @ held))
        slope = inputs.T @ (weights * (chance - wrong))
        bend = inputs.T @ (inputs * (weights * chance * (1 - chance))[:, None])
        held = held - np.linalg.solve(bend + 1e-6 * np.eye(2), slope)
    found = {"slope": round(float(held[0]), 4), "intercept": round(float(held[1]), 4), "sentences": len(rows)}
    (folder / "calibration.json").write_text(json.dumps(found) + "\n", "utf-8")
    print(found)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--most", type=int, default=40_000, metavar="N", help="sentences of ours, at most")
    parser.add_argument("--work", type=Path, default=ROOT / "runs" / "check", metavar="FOLDER")
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="KEY=VALUE")
    asked = parser.parse_args()
    files = {part: asked.work.with_name(f"{asked.work.name}-{part}.jsonl") for part in ("train", "dev")}
    if not files["train"].is_file():
        asked.work.parent.mkdir(parents=True, exist_ok=True)
        for part, rows in zip(files, gathered(asked.data, asked.most), strict=True):
            files[part].write_text(
                "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8"
            )
            print(f"{files[part]}: {len(rows)} sentences")
    command = [sys.executable, "-m", "epitome.cli", "train", str(files["train"]), "--dev", str(files["dev"])]
    command += ["-o", str(asked.work), "--config", str(HERE / "check.toml")]
    for setting in asked.settings:
        command += ["--set", setting]
    subprocess.run(command, check=True)
    written(asked.work, SHIPPED)
    calibrated(SHIPPED, files["dev"])


if __name__ == "__main__":
    main()
