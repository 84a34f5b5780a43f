"""Make the classifier that tells which adapter suits a text, and measure it.

    python recipes/kinds.py --data FOLDER     # -> src/epitome/documents/kinds.json, bench/results/kinds.md

Logistic regression (softmax over `KINDS`, L2) on the words of the training documents. Long documents give a few samples
from their middle besides their beginning. Takes half a minute on one core.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from epitome.documents import kinds as classifier
from epitome.documents.kinds import SAMPLE, features

ROOT = Path(__file__).resolve().parent.parent
KINDS = ("papers", "legal", "medical-dialogue", "meeting", "")
SETS = {
    "scitldr": "papers", "legal-plain": "legal", "medical-notes": "medical-dialogue",
    "medical-visits": "medical-dialogue", "qmsum-queries": "meeting", "qmsum-meetings": "meeting",
    "squality": "", "judgments-au": "", "papers-full": "",
}  # fmt: skip
STRANGE = ("news", "dialogsum", "email", "judgments-in")
"""Never learnt from (they may not ship): what the classifier has to leave alone."""
WORDS, RARE = 2500, 8
"""Words in the model at most; words in fewer documents than that are left out."""
SHORT = (1, 600)
"""Characters of the short samples."""
STEPS, RATE, DECAY = 600, 0.05, 1e-4
Matrix = NDArray[np.float32]


def documents(data: Path, name: str, part: str) -> Iterator[str]:
    path = data / name / f"{part}.jsonl"
    if path.is_file():
        with path.open(encoding="utf-8") as lines:
            yield from (json.loads(line)["document"] for line in lines if line.strip())


def samples(data: Path) -> Iterator[tuple[str, str]]:
    """Texts and their kinds; a long one from several places."""
    draw = random.Random(0)
    for name, kind in SETS.items():
        for text in documents(data, name, "train"):
            yield text, kind
            for _ in range((1 if kind else 3) if len(text) > 2 * SAMPLE else 0):
                yield text[draw.randrange(len(text) - SAMPLE) :], kind
            if not kind:  # otherwise every few words would be a clause: these are the shortest texts
                start = draw.randrange(len(text))
                yield text[start : start + draw.randrange(*SHORT)], kind


def learnt(inputs: Matrix, labels: NDArray[np.int64]) -> Matrix:
    """Weights (kinds, words + 1), the last column the bias; every kind counts the same. Adam, all at once."""
    share = 1 / np.bincount(labels, minlength=len(KINDS))[labels]
    share /= share.sum()
    weights = np.zeros((len(KINDS), inputs.shape[1]), np.float32)
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(STEPS):
        scores = inputs @ weights.T
        error = np.exp(scores - scores.max(axis=1, keepdims=True))
        error /= error.sum(axis=1, keepdims=True)
        error[np.arange(len(labels)), labels] -= 1
        gradient = (error * share[:, None]).T @ inputs + DECAY * weights
        first = 0.9 * first + 0.1 * gradient
        second = 0.99 * second + 0.01 * gradient**2
        weights -= RATE * (1 - step / STEPS) * first / (np.sqrt(second) + 1e-8)
    return weights


def made(data: Path) -> None:
    texts = [(features(text), KINDS.index(kind)) for text, kind in samples(data)]
    seen: Counter[str] = Counter()
    for counts, _ in texts:
        seen.update(counts.keys())
    words = [word for word, count in seen.most_common(WORDS) if count >= RARE]
    place = {word: at for at, word in enumerate(words)}
    inputs = np.zeros((len(texts), len(words) + 1), np.float32)
    inputs[:, -1] = 1
    for row, (counts, _) in zip(inputs, texts, strict=True):
        for word, count in counts.items():
            if word in place:
                row[place[word]] = (count / counts.total()) ** 0.5
    weights = learnt(inputs, np.array([label for _, label in texts]))
    rounded = [[round(float(value), 2) for value in column] for column in weights.T]
    model = {"kinds": KINDS, "bias": rounded.pop(), "words": dict(zip(words, rounded, strict=True))}
    target = Path(classifier.__file__).with_name("kinds.json")
    target.write_text(json.dumps(model, separators=(",", ":")).replace("],", "],\n") + "\n", "utf-8")
    print(f"{target}: {len(words)} words, {target.stat().st_size / 1e3:.0f} kB, from {len(texts)} texts")


def measured(data: Path) -> str:
    """What is made of each dev set, as a table."""
    named = [kind or "none" for kind in KINDS]
    lines = ["| set | documents | of the kind | " + " | ".join(named) + " |", "|---" * (len(named) + 3) + "|"]
    for name in (*SETS, *STRANGE):
        found = Counter(classifier.kind(text) for text in documents(data, name, "dev"))
        counts = " | ".join(str(found[kind]) for kind in KINDS)
        lines.append(f"| {name} | {found.total()} | {SETS.get(name, '') or 'none'} | {counts} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER")
    asked = parser.parse_args()
    made(asked.data)
    table = measured(asked.data)
    print(table)
    (ROOT / "bench" / "results" / "kinds.md").write_text(
        "# What kind each development document is taken for\n\n`python recipes/kinds.py --data FOLDER`; a kind is "
        f"named from a probability of {classifier.SURE}.\n\n{table}\n",
        "utf-8",
    )


if __name__ == "__main__":
    main()
