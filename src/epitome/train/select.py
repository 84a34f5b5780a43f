"""Learning to select: which words of a document its summary uses (B, I, E), and which it does not (O).

Pairs of documents and summaries are enough: the tags are made of them (`metrics/spans.py`). An encoder scores each word
at its first token. Few words are used, so what counts is not the likeliest tag but whether a word is likely enough to
be used at all: the threshold is the one with the highest macro-F1 on one half of the held-out documents, and the report
is on the other half.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

from epitome.datasets.pair import Pair
from epitome.documents import sentences
from epitome.engines.spans import cut, decided
from epitome.metrics.classification import Report, report
from epitome.metrics.spans import TAGS, B, E, I, O, places, tags
from epitome.train.base import Base
from epitome.train.loop import evaluated
from epitome.train.objectives import padded, side_by_side

THRESHOLDS = tuple(step / 50 for step in range(1, 50))
"""Those that are tried."""
MOST_SENTENCES = 10
"""Of a document's head that the position baseline tries to take whole."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """A document, or a window of one, and the tags of its words."""

    id: str
    ids: tuple[int, ...]
    places: tuple[int, ...]
    """Where each word begins in `ids`."""
    tags: tuple[int, ...]
    domain: str = ""
    weight: float = 1.0
    kept: float = 1.0

    @property
    def tokens(self) -> int:
        """Tokens the network reads."""
        return len(self.ids)

    @property
    def learnt(self) -> int:
        """Words with a loss."""
        return len(self.tags)


def tagged(pairs: Iterable[Pair], base: Base, weights: Mapping[str, float], most: int) -> list[Tagged]:
    """Windows of at most `most` tokens over each pair's document. A domain of weight 0 is left out."""
    found: list[Tagged] = []
    for pair in pairs:
        weight = weights.get(pair.domain, 1.0)
        if weight > 0:
            found += _windows(pair, base, weight, most)
    return found


def _windows(pair: Pair, base: Base, weight: float, most: int) -> Iterator[Tagged]:
    (before, after), made = base.words.around(), cut(pair.document, pair.lang, base.words.encode)  # type: ignore[union-attr]
    told = tags(pair.document, pair.summaries, pair.lang)
    room = most - len(before) - len(after)
    for start in range(0, len(made.ids), room):
        inside = [at for at, first in enumerate(made.firsts) if start <= first < start + room]
        if inside:
            ids = (*before, *made.ids[start : start + room], *after)
            where = tuple(made.firsts[at] - start + len(before) for at in inside)
            yield Tagged(pair.id, ids, where, tuple(told[at] for at in inside), pair.domain, weight)


@dataclass(frozen=True, slots=True)
class Selecting:
    """Cross-entropy of each word's tag."""

    pad: int

    def portions(self, examples: Sequence[Tagged], tokens: int) -> Iterator[list[Tagged]]:
        yield from side_by_side(examples, tokens)

    def loss(self, network: Any, examples: Sequence[Tagged]) -> Any:
        scores = self.scores(network, examples)
        device = scores.device
        told = torch.tensor([tag for one in examples for tag in one.tags], device=device)
        weights = torch.tensor([one.weight for one in examples for _ in one.tags], device=device)
        return (functional.cross_entropy(scores.float(), told, reduction="none") * weights).sum()

    def scores(self, network: Any, examples: Sequence[Tagged]) -> Any:
        """Logits (words, 4) of all words, example by example."""
        device = network.device
        ids = padded([one.ids for one in examples], self.pad)
        mask = padded([(1,) * one.tokens for one in examples], 0)
        logits = network(input_ids=ids.to(device), attention_mask=mask.to(device)).logits
        rows = [at for at, one in enumerate(examples) for _ in one.places]
        return logits[rows, [place for one in examples for place in one.places]]


# --- how good it is ---


@dataclass(frozen=True, slots=True)
class Judgement:
    """The report on one half of the held-out documents, at a threshold chosen on the other; beside it two baselines."""

    threshold: float
    tagger: Report
    frequent: Report
    """Each word the most frequent tag."""
    position: Report
    """The first sentences, as many as do best on the other half, each a span."""


def judgement(
    network: Any, objective: Selecting, examples: Sequence[Tagged], held: Sequence[Pair], row_tokens: int
) -> Judgement:
    """Judge the network on the pairs `held`, of which the examples are made."""
    probabilities = _probabilities(network, objective, examples, row_tokens)
    known = {pair.id: at for at, pair in enumerate(held)}
    even = [at for at, one in enumerate(examples) if known[one.id] % 2 == 0]
    odd = [at for at, one in enumerate(examples) if known[one.id] % 2] or even
    gold = [tag for at in even for tag in examples[at].tags]
    shown = torch.cat([probabilities[at] for at in even]).numpy()
    threshold = max(THRESHOLDS, key=lambda one: report(gold, decided(shown, one), TAGS).macro_f1)
    last = torch.cat([probabilities[at] for at in odd]).numpy()
    final = [tag for at in odd for tag in examples[at].tags]
    common = Counter(gold).most_common(1)[0][0]
    return Judgement(
        threshold,
        report(final, decided(last, threshold), TAGS),
        report(final, [common] * len(final), TAGS),
        _position(held),
    )


def _probabilities(
    network: Any, objective: Selecting, examples: Sequence[Tagged], row_tokens: int
) -> list[Any]:
    found: dict[int, Any] = {}
    numbers = {id(one): at for at, one in enumerate(examples)}
    with evaluated(network):
        for portion in objective.portions(examples, row_tokens):
            scores = objective.scores(network, portion).float().softmax(-1).cpu()
            parts = scores.split([one.learnt for one in portion])
            found.update((numbers[id(one)], part) for one, part in zip(portion, parts, strict=True))
    return [found[at] for at in range(len(examples))]


def _position(held: Sequence[Pair]) -> Report:
    even, odd = held[::2], held[1::2] or held[::2]

    def judged(pairs: Sequence[Pair], count: int) -> Report:
        gold = [tag for pair in pairs for tag in tags(pair.document, pair.summaries, pair.lang)]
        return report(gold, [tag for pair in pairs for tag in lead(pair, count)], TAGS)

    best = max(range(1, MOST_SENTENCES + 1), key=lambda count: judged(even, count).macro_f1)
    return judged(odd, best)


def lead(pair: Pair, count: int) -> list[int]:
    """The tags of the words if the first `count` sentences were the spans."""
    found: list[int] = []
    ends = [end for _, end in sentences(pair.document, pair.lang)[:count]]
    words = places(pair.document, pair.lang)
    for start, end in [*zip([0, *ends], ends, strict=False)]:
        inside = sum(start <= first < end for first, _ in words)
        found += [B, *[I] * (inside - 2), E][:inside]
    return found + [O] * (len(words) - len(found))


def table(judged: Judgement) -> list[str]:
    """The report in Markdown."""
    rows = ["| tag | precision | recall | F1 | words |", "|---|---|---|---|---|"]
    rows += [
        f"| {one.name} | {one.precision:.2f} | {one.recall:.2f} | {one.f:.2f} | {one.count:,} |"
        for one in judged.tagger.labels
    ]
    rows += ["", "| | macro-F1 | accuracy |", "|---|---|---|"]
    for name, found in (
        ("the tagger", judged.tagger),
        ("each word the most frequent tag", judged.frequent),
        ("the first sentences", judged.position),
    ):
        rows.append(f"| {name} | {found.macro_f1:.2f} | {found.accuracy:.2f} |")
    return rows


def as_dict(judged: Judgement) -> dict[str, Any]:
    """The report for `tags.json`."""

    def figures(found: Report) -> dict[str, Any]:
        labels = {
            one.name: {"precision": one.precision, "recall": one.recall, "f1": one.f, "words": one.count}
            for one in found.labels
        }
        return {"macro_f1": found.macro_f1, "accuracy": found.accuracy, "tags": labels}

    return {
        "threshold": judged.threshold,
        "tagger": figures(judged.tagger),
        "most_frequent": figures(judged.frequent),
        "position": figures(judged.position),
    }
