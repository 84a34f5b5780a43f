"""A 5-gram model with modified Kneser-Ney smoothing (Chen and Goodman 1999), interpolated: what a network has to beat
on the same tokens.

    python recipes/kneser_ney.py TEXTS FOLDER       # its held-out loss, with the words of the model in FOLDER

Grams are numbers: one of n words is that of its first n - 1 words and the last word, so that counting is sorting. Five
million tokens take half a minute and a gigabyte.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from epitome.datasets.texts import BadRow, Corpus, held_out, open_corpus

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Order:
    """What is known of the grams of one length."""

    keys: Ints
    """Of each gram the number of its context times the vocabulary, plus its last word; sorted."""
    counts: Ints
    """How often it stands in the texts, or below the longest, how many words stand before it."""
    totals: Ints
    """By context: the counts of its grams together."""
    left: Floats
    """By context: the probability that the discounts leave to the shorter context."""
    discounts: Floats
    """Of counts 0, 1, 2 and more."""


class KneserNey:
    """Trained on token ids.

    >>> model = KneserNey([[1, 2, 3], [1, 2, 4]], size=10)
    >>> model.losses([1, 2, 3]).mean()
    """

    def __init__(self, documents: Iterable[Sequence[int]], size: int, order: int = 5) -> None:
        self.size, self.order = size, order
        self._begin, self._words = size, size + 1
        stream, predicted = self._stream(documents)
        self._orders: list[_Order] = []
        grams, first = self._numbered(stream)
        self._learn(grams, first, predicted)

    def _stream(self, documents: Iterable[Sequence[int]]) -> tuple[Ints, NDArray[np.bool_]]:
        """All documents behind each other, each begun by enough marks, and which tokens are words."""
        begin = np.full(self.order - 1, self._begin, np.int64)
        parts = [part for ids in documents for part in (begin, np.asarray(ids, np.int64))]
        stream = np.concatenate(parts)
        return stream, stream != self._begin

    def _numbered(self, stream: Ints) -> tuple[list[tuple[Ints, Ints]], list[Ints]]:
        """For each length the grams' keys and which gram ends at each token; and each gram's first word."""
        found: list[tuple[Ints, Ints]] = []
        first: list[Ints] = []
        before = np.zeros(len(stream), np.int64)  # the empty context
        for length in range(1, self.order + 1):
            keys, places, ids = np.unique(
                before * self._words + stream, return_index=True, return_inverse=True
            )
            found.append((keys, ids.astype(np.int64)))
            first.append(stream[np.maximum(places - length + 1, 0)])
            before = np.concatenate([[0], ids[:-1]])
        return found, first

    def _learn(self, grams: list[tuple[Ints, Ints]], first: list[Ints], predicted: NDArray[np.bool_]) -> None:
        for at, (keys, ids) in enumerate(grams):
            raw = np.bincount(ids[predicted], minlength=len(keys))
            counts = raw
            if at + 1 < self.order:
                longer, ends = grams[at + 1]
                seen = np.zeros(len(longer), np.int64)
                seen[ends[predicted]] = ids[predicted]  # the shorter gram that each longer one ends on
                live = np.bincount(ends[predicted], minlength=len(longer)) > 0
                ways = np.bincount(seen[live], minlength=len(keys))
                counts = np.where(first[at] == self._begin, raw, ways)  # nothing stands before the beginning
            contexts = len(grams[at - 1][0]) if at else 1
            self._orders.append(_order(keys, counts, keys // self._words, contexts))

    def losses(self, ids: Sequence[int]) -> Floats:
        """For each token its negative log-probability, in nats, after the (up to) four before it."""
        stream, predicted = self._stream([ids])
        likely = np.full(len(stream), 1 / self.size)
        context = np.zeros(len(stream), np.int64)
        for order in self._orders:
            known = context >= 0
            keys = np.where(known, context, 0) * self._words + stream
            place = np.minimum(np.searchsorted(order.keys, keys), len(order.keys) - 1)
            found = known & (order.keys[place] == keys)
            count = np.where(found, order.counts[place], 0)
            total = np.where(known, order.totals[np.where(known, context, 0)], 0)
            taken = np.maximum(count - order.discounts[np.minimum(count, 3)], 0)
            left = order.left[np.where(known, context, 0)]
            likely = np.where(total > 0, taken / np.maximum(total, 1) + left * likely, likely)
            ends = np.where(found, place, -1)
            context = np.concatenate([[-1], ends[:-1]])
        losses: Floats = -np.log(likely[predicted])
        return losses


def _order(keys: Ints, counts: Ints, context: Ints, contexts: int) -> _Order:
    ones, twos, threes, fours = (max(int((counts == times).sum()), 1) for times in (1, 2, 3, 4))
    y = ones / (ones + 2 * twos)
    discounts = np.array([0, 1 - 2 * y * twos / ones, 2 - 3 * y * threes / twos, 3 - 4 * y * fours / threes])
    times = np.arange(4)
    discounts = np.clip(discounts, 0.1 * (times > 0), 0.999 * times)  # of few texts the estimates may be odd
    totals = np.bincount(context, weights=counts, minlength=contexts).astype(np.int64)
    given = np.bincount(context, weights=discounts[np.minimum(counts, 3)], minlength=contexts)
    return _Order(keys, counts.astype(np.int64), totals, given / np.maximum(totals, 1), discounts)


def sides(corpus: Corpus, share: float, *, held: bool) -> Iterator[str]:
    """The documents that are held out, or those that are not."""
    for file in range(len(corpus.files)):
        for text in corpus.texts(file):
            if not isinstance(text, BadRow) and held_out(text, share) == held:
                yield text


def trained(corpus: Corpus, share: float, encode: Callable[[str], Sequence[int]], size: int) -> KneserNey:
    """A model of the documents that are not held out."""
    return KneserNey((encode(text) for text in sides(corpus, share, held=False)), size)


def main() -> None:
    from epitome.engines.tokenizer import HubTokenizer

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("texts")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--held-out", type=float, default=0.02, metavar="SHARE")
    asked = parser.parse_args()
    words, corpus = HubTokenizer(asked.folder), open_corpus(asked.texts)
    model = trained(corpus, asked.held_out, words.encode, words.size)
    found = [model.losses(words.encode(text)) for text in sides(corpus, asked.held_out, held=True)]
    losses = np.concatenate(found)
    print(f"{len(found)} documents, {len(losses)} tokens: {losses.mean():.4f} nats a token")


if __name__ == "__main__":
    main()
