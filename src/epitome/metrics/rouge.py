"""ROUGE-1, 2, L and Lsum (Lin, "ROUGE: a package for automatic evaluation of summaries", 2004).

The numbers are those of the `rouge-score` package with its stemmer on, which a test holds; what differs is
the way: the longest common subsequence is found in whole machine words at a time (Hyyrö, "Bit-parallel
LCS-length computation revisited", 2004), and a text met again (a gold summary beside another system) is not
analysed again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import pairwise
from typing import Literal, TypeVar, get_args

from epitome.errors import UsageError
from epitome.metrics.parallel import each
from epitome.metrics.tokens import tokens

Protocol = Literal["best-r1", "max", "mean"]
PROTOCOLS: tuple[Protocol, ...] = get_args(Protocol)
_Gram = TypeVar("_Gram")


@dataclass(frozen=True, slots=True)
class Score:
    """Precision, recall and F1 in points from 0 to 100."""

    precision: float
    recall: float
    f: float


class _Text:
    """One side of a comparison: its n-grams counted, and where each token stands as a bit mask."""

    __slots__ = ("bigrams", "masks", "tokens", "unigrams")

    def __init__(self, words: Sequence[str]) -> None:
        self.tokens = words
        self.unigrams = Counter(words)
        self.bigrams = Counter(pairwise(words))
        self.masks = _masks(words)


def _masks(words: Sequence[str]) -> dict[str, int]:
    masks: dict[str, int] = {}
    for at, word in enumerate(words):
        masks[word] = masks.get(word, 0) | 1 << at
    return masks


@lru_cache(maxsize=1024)
def _remembered(text: str, language: str) -> _Text:
    return _Text(tokens(text, language))


def _analyse(text: str, language: str) -> _Text:
    # Only summaries come again; whole documents would fill the memory.
    return _remembered(text, language) if len(text) <= 4000 else _Text(tokens(text, language))


def _score(hits: int, predicted: int, wanted: int) -> Score:
    precision = hits / max(predicted, 1)
    recall = hits / max(wanted, 1)
    f = 2 * precision * recall / (precision + recall) if hits else 0.0
    return Score(100 * precision, 100 * recall, 100 * f)


def _overlap(prediction: Mapping[_Gram, int], reference: Mapping[_Gram, int]) -> int:
    if len(reference) < len(prediction):
        prediction, reference = reference, prediction
    get = reference.get
    return sum(min(count, get(gram, 0)) for gram, count in prediction.items())


def _lcs(reference: _Text, prediction: _Text) -> int:
    """Length of the longest common subsequence, in len(prediction) steps on integers."""
    full = (1 << len(reference.tokens)) - 1
    row = full
    get = reference.masks.get
    for word in prediction.tokens:
        mask = get(word)
        if mask:
            hits = row & mask
            row = ((row + hits) | (row - hits)) & full
    return (row ^ full).bit_count()


def _lcs_places(masks: Mapping[str, int], reference: Sequence[str], prediction: Sequence[str]) -> set[int]:
    """Which tokens of the reference one longest common subsequence uses.

    There are several; ROUGE-Lsum depends on which. As in the published scripts, the walk back prefers to
    step in the prediction only where that alone keeps the length.
    """
    full = (1 << len(reference)) - 1
    rows = [full]
    for word in prediction:
        row = rows[-1]
        hits = row & masks.get(word, 0)
        rows.append(((row + hits) | (row - hits)) & full)
    used: set[int] = set()
    i, j = len(reference), len(prediction)
    while i and j:
        if reference[i - 1] == prediction[j - 1]:
            used.add(i - 1)
            i, j = i - 1, j - 1
        elif _length(rows[j - 1], i) > _length(rows[j], i - 1):
            j -= 1
        else:
            i -= 1
    return used


def _length(row: int, i: int) -> int:
    """The common length over the first i tokens: the zeros among the row's first i bits."""
    return i - (row & ((1 << i) - 1)).bit_count()


def _lines(text: str, language: str) -> list[list[str]]:
    return [tokens(line, language) for line in text.split("\n") if line]


def _lsum(prediction: str, reference: str, language: str) -> Score:
    """Summary-level LCS (section 3.2): each reference line against all lines of the prediction."""
    wanted, predicted = _lines(reference, language), _lines(prediction, language)
    left_wanted = Counter(word for line in wanted for word in line)
    left_predicted = Counter(word for line in predicted for word in line)
    totals = left_predicted.total(), left_wanted.total()
    holders: dict[str, list[int]] = {}
    for at, line in enumerate(predicted):
        for word in set(line):
            holders.setdefault(word, []).append(at)
    hits = 0
    for line in wanted:
        masks = _masks(line)
        union: set[int] = set()
        # Lines without a word in common have no sequence in common either.
        for at in {at for word in masks for at in holders.get(word, ())}:
            union |= _lcs_places(masks, line, predicted[at])
        for at in sorted(union):
            word = line[at]
            if left_predicted[word] > 0 and left_wanted[word] > 0:
                hits += 1
                left_predicted[word] -= 1
                left_wanted[word] -= 1
    return _score(hits, *totals)


def score(prediction: str, reference: str, language: str = "en", lsum: bool = False) -> dict[str, Score]:
    """ROUGE of a prediction against one reference: `rouge1`, `rouge2`, `rougeL`, with `lsum` `rougeLsum`.

    `rougeLsum` takes every line of the text as a sentence, the others the text as one sequence.
    """
    ours, theirs = _analyse(prediction, language), _analyse(reference, language)
    sizes = len(ours.tokens), len(theirs.tokens)
    scores = {
        "rouge1": _score(_overlap(ours.unigrams, theirs.unigrams), *sizes),
        "rouge2": _score(_overlap(ours.bigrams, theirs.bigrams), max(sizes[0] - 1, 0), max(sizes[1] - 1, 0)),
        "rougeL": _score(_lcs(theirs, ours), *sizes),
    }
    if lsum:
        scores["rougeLsum"] = _lsum(prediction, reference, language)
    return scores


def scores(
    prediction: str,
    references: Sequence[str],
    language: str = "en",
    protocol: Protocol = "best-r1",
    lsum: bool = False,
) -> dict[str, Score]:
    """As `rouge`, with precision and recall beside F1."""
    if not references:
        raise UsageError("ROUGE needs at least one gold summary", hint="give the row a `summary`")
    golds = [score(prediction, reference, language, lsum) for reference in references]
    if protocol == "best-r1":
        return max(golds, key=lambda one: one["rouge1"].f)
    if protocol == "max":
        return {name: max((one[name] for one in golds), key=lambda s: s.f) for name in golds[0]}
    if protocol == "mean":
        return {name: _mean([one[name] for one in golds]) for name in golds[0]}
    raise UsageError(f"unknown protocol {protocol!r}", hint=f"one of {', '.join(PROTOCOLS)}")


def _mean(scored: Sequence[Score]) -> Score:
    count = len(scored)
    return Score(
        sum(one.precision for one in scored) / count,
        sum(one.recall for one in scored) / count,
        sum(one.f for one in scored) / count,
    )


def rouge(
    prediction: str,
    references: Sequence[str],
    language: str = "en",
    protocol: Protocol = "best-r1",
    lsum: bool = False,
) -> dict[str, float]:
    """F1 in points from 0 to 100, under the keys `rouge1`, `rouge2`, `rougeL` and, with `lsum`, `rougeLsum`.

    Several gold summaries: `best-r1` takes the one with the highest ROUGE-1 for all figures (the SciTLDR
    authors' protocol, Cachola et al. 2020), `max` the highest of each figure on its own, `mean` the mean
    over the golds. English is stemmed, Chinese and Japanese are compared by character (see `tokens`).

    >>> rouge("The cat sat.", ["A cat was sitting."])["rouge1"]
    28.571428571428573

    Raises `UsageError` without a reference or for an unknown protocol.
    """
    found = scores(prediction, references, language, protocol, lsum)
    return {name: one.f for name, one in found.items()}


def batch(
    predictions: Sequence[str],
    references: Sequence[Sequence[str]],
    languages: Sequence[str] | str = "en",
    protocol: Protocol = "best-r1",
    lsum: bool = False,
    processes: int = 1,
) -> list[dict[str, float]]:
    """`rouge` for many texts, in order; `references[n]` are those of `predictions[n]`.

    `languages`: one for all, or one each. Beyond 1, `processes` share the work (see `parallel.each`). Raises
    `UsageError` where the three differ in length, and as `rouge` does.
    """
    each_language = [languages] * len(predictions) if isinstance(languages, str) else list(languages)
    if not len(predictions) == len(references) == len(each_language):
        raise UsageError(
            f"{len(predictions)} predictions, {len(references)} references and {len(each_language)} languages",
            hint="give one of each for every text",
        )
    items = list(zip(predictions, references, each_language, strict=True))
    return list(each(partial(_one, protocol=protocol, lsum=lsum), items, processes))


def _one(item: tuple[str, Sequence[str], str], protocol: Protocol, lsum: bool) -> dict[str, float]:
    prediction, references, language = item
    return rouge(prediction, references, language, protocol, lsum)
