"""What kind of text a document is, where it is one of a few kinds: whether an adapter has been trained on its like.

A linear classifier over common words, made by `recipes/kinds.py` from the training splits of the sets that adapters are
made of; stories, judgments and whole papers stand for everything else. Words it does not know speak against any kind.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

SURE = 0.8
"""Probability from which a kind is named. bench/results/kinds.md: of 500 stories, judgments, whole papers, news,
e-mails and everyday dialogues of dev 2 are taken for something else; of 1,071 abstracts, clauses, visits and meetings
95 % are known. At 0.7 ten of the 500 are taken for something else, at 0.9 none, and 84 % are known."""
SAMPLE = 3000
"""Characters that are looked at, from the beginning."""
_WORD = re.compile(r"[a-z]+|[0-9]+|[:?!$%]|\n")
_WEIGHTS = Path(__file__).with_name("kinds.json")


def kind(text: str) -> str:
    """The domain that the text is of, such as `papers` or `meeting`; empty if none that is known. English only.

    >>> kind("You may terminate this agreement at any time by written notice to the other party, provided that "
    ...      "fees already paid under these terms are not refunded.")
    'legal'
    """
    kinds, found = probabilities(text)
    best = max(range(len(found)), key=found.__getitem__)
    return kinds[best] if found[best] >= SURE else ""


def probabilities(text: str) -> tuple[list[str], list[float]]:
    """The kinds, the last of them "", which is none of the others, and the probability of each."""
    model = _model()
    kinds, scores = model["kinds"], list(model["bias"])
    counts = features(text)
    length = math.sqrt(max(1, counts.total()))
    for word, count in counts.items():
        for place, weight in enumerate(model["words"].get(word, ())):
            scores[place] += weight * math.sqrt(count) / length
    most = max(scores)
    powers = [math.exp(score - most) for score in scores]
    return kinds, [power / sum(powers) for power in powers]


def features(text: str) -> Counter[str]:
    """Words, numbers and the marks that tell dialogues and terms apart, counted."""
    return Counter(_WORD.findall(text[:SAMPLE].lower()))


@cache
def _model() -> dict[str, Any]:
    held: dict[str, Any] = json.loads(_WEIGHTS.read_text("utf-8"))
    return held
