"""How a text is spoilt so that a network learns to mend it: pure functions over token ids, drawn from a given `Random`.

A text comes as words, each the ids of its tokens, so that words are masked whole. What a function returns suffices to
put the text together again (`restored`), which the tests do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from random import Random

from epitome.metrics.rouge import score

Ids = tuple[int, ...]
MASKED, ANY = 0.8, 0.1
"""Of the chosen spans these shares become masks, and any tokens; the rest stays (Devlin et al. 2019)."""
LONGEST, STOP = 10, 0.2
"""Of SpanBERT's spans: most words, and the parameter of the geometric distribution of their lengths (Joshi et al.
2020), 3.8 words on average."""
_LIKELY = [STOP * (1 - STOP) ** (length - 1) for length in range(1, LONGEST + 1)]
NOISE = 0.2
"""How far chance moves the score of a gap sentence, as a share of it (Zhang et al. 2020, PEGASUS-large)."""


# --- for encoders: some tokens are masked, and predicted where they stood ---


@dataclass(frozen=True, slots=True)
class Masked:
    """`ids` of which some are spoilt; `targets` stood at `places`."""

    ids: Ids
    places: Ids
    targets: Ids

    def restored(self) -> Ids:
        """The ids as they were."""
        found = list(self.ids)
        for place, target in zip(self.places, self.targets, strict=True):
            found[place] = target
        return tuple(found)


def whole_words(words: Sequence[Ids], share: float, draw: Random) -> list[range]:
    """Words to be masked: about `share` of all tokens."""
    return _until(words, share, draw, lambda start: range(start, start + 1))


def word_spans(words: Sequence[Ids], share: float, draw: Random) -> list[range]:
    """Spans of words to be masked: about `share` of all tokens, lengths as SpanBERT draws them."""

    def span(start: int) -> range:
        (length,) = draw.choices(range(1, LONGEST + 1), _LIKELY)
        return range(start, min(len(words), start + length))

    return _until(words, share, draw, span)


def _until(words: Sequence[Ids], share: float, draw: Random, span: Callable[[int], range]) -> list[range]:
    """Spans that do not overlap, until there are enough tokens; at least one, none that makes them too many."""
    most = max(1, round(share * sum(map(len, words))))
    taken: set[int] = set()
    chosen: list[range] = []
    tokens = 0
    for start in draw.sample(range(len(words)), len(words)):
        found = span(start)
        size = sum(len(words[at]) for at in found)
        if taken.isdisjoint(found) and (tokens + size <= most or not chosen):
            chosen.append(found)
            taken.update(found)
            tokens += size
        if tokens >= most:
            break
    return sorted(chosen, key=lambda one: one.start)


def masked(
    words: Sequence[Ids], spans: Sequence[range], mask: int, vocabulary: Sequence[int], draw: Random
) -> Masked:
    """The words with these spans spoilt, each as a whole; `vocabulary` are the ids that any token may become."""
    starts = [0]
    for word in words:
        starts.append(starts[-1] + len(word))
    ids = list(chain.from_iterable(words))
    places: list[int] = []
    targets: list[int] = []
    for span in spans:
        luck = draw.random()
        for place in range(starts[span.start], starts[span.stop]):
            places.append(place)
            targets.append(ids[place])
            if luck < MASKED:
                ids[place] = mask
            elif luck < MASKED + ANY:
                ids[place] = draw.choice(vocabulary)
    return Masked(tuple(ids), tuple(places), tuple(targets))


# --- for encoder-decoders: a part is missing from the source, and written ---


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What the encoder reads, and what the decoder is to write."""

    source: Ids
    target: Ids


def noise_spans(length: int, share: float, mean: float, most: int, draw: Random) -> list[range]:
    """Spans of `length` tokens (2 or more) to be taken out: `share` of them, `mean` tokens each on average, at most
    `most` spans (Raffel et al. 2020, section 3.1.4). Other than there a text may end on a part that is kept: of a short
    one, which has one span, the end would be taken out every time."""
    count = min(max(round(share * length), 1), length - 1)
    spans = max(1, min(round(count / mean), most, length - count + 1))
    kept = _parted(length - count + 2, spans + 1, draw)  # none but the first and the last may be empty
    kept[0] -= 1
    found, at = [], 0
    for keep, take in zip(kept, _parted(count, spans, draw), strict=False):
        found.append(range(at + keep, at + keep + take))
        at += keep + take
    return found


def _parted(total: int, parts: int, draw: Random) -> list[int]:
    """A sum in so many parts, each at least 1, all ways alike."""
    cuts = [0, *sorted(draw.sample(range(1, total), parts - 1)), total]
    return [after - before for before, after in pairwise(cuts)]


def span_corruption(ids: Ids, spans: Sequence[range], sentinels: Sequence[int]) -> Rewritten:
    """T5: each span a sentinel in the source, and behind that sentinel in the target."""
    source: list[int] = []
    target: list[int] = []
    at = 0
    for span, sentinel in zip(spans, sentinels, strict=False):
        source += [*ids[at : span.start], sentinel]
        target += [sentinel, *ids[span.start : span.stop]]
        at = span.stop
    return Rewritten((*source, *ids[at:]), tuple(target))


def spans_restored(made: Rewritten, sentinels: Collection[int]) -> tuple[Ids, Ids]:
    """The ids before `span_corruption`, and the places of those that the target has."""
    spans: dict[int, list[int]] = {}
    behind: list[int] = []
    for token in made.target:
        if token in sentinels:
            behind = spans.setdefault(token, [])
        else:
            behind.append(token)
    ids: list[int] = []
    places: list[int] = []
    for token in made.source:
        if token in spans:
            places += range(len(ids), len(ids) + len(spans[token]))
            ids += spans[token]
        else:
            ids.append(token)
    return tuple(ids), tuple(places)


def infilling(words: Sequence[Ids], share: float, mean: float, mask: int, draw: Random) -> Ids:
    """BART's text infilling: spans of words, Poisson-distributed with this mean, each become one mask; a span without
    words puts one in. About `share` of the words are taken (Lewis et al. 2020, section 2.2)."""
    wanted = max(1, round(share * len(words)))
    lengths: list[int] = []
    while sum(lengths) < wanted:
        lengths.append(min(_poisson(mean, draw), wanted - sum(lengths)))
    kept = len(words) - sum(lengths)
    lengths = [
        *lengths[:kept],
        *([sum(lengths[kept:])] if lengths[kept:] else []),
    ]  # a mask beside each kept word
    gaps = sorted(draw.sample(range(kept + 1), len(lengths)))
    source: list[int] = []
    at = before = 0
    for gap, length in zip(gaps, lengths, strict=True):
        source += chain.from_iterable(words[at : at + gap - before])
        source.append(mask)
        at += gap - before + length
        before = gap
    return (*source, *chain.from_iterable(words[at:]))


def _poisson(mean: float, draw: Random) -> int:
    """Knuth's way: how many uniform numbers keep their product above e^-mean."""
    count, product = 0, draw.random()
    while product > math.exp(-mean):
        count += 1
        product *= draw.random()
    return count


def gap_sentences(sentences: Sequence[str], share: float, language: str, draw: Random) -> list[int]:
    """Which sentences (of two or more) stand for the rest: those with the highest ROUGE-1 F1 against it, each judged
    alone (Zhang et al. 2020, Ind-Orig), with some chance in it. From half of `share` to one and a half of it."""
    wanted = draw.uniform(0.5 * share, 1.5 * share)
    count = min(max(1, round(wanted * len(sentences))), len(sentences) - 1)
    scores = []
    for at, sentence in enumerate(sentences):
        rest = " ".join((*sentences[:at], *sentences[at + 1 :]))
        found = score(sentence, rest, language)["rouge1"].f
        scores.append((found * draw.uniform(1 - NOISE, 1 + NOISE), -at))
    return sorted(-place for _, place in sorted(scores, reverse=True)[:count])


def gapped(sentences: Sequence[Ids], gaps: Collection[int], mask: int) -> Rewritten:
    """PEGASUS: each of these sentences one mask in the source; together they are the target."""
    source: list[int] = []
    target: list[int] = []
    for at, sentence in enumerate(sentences):
        if at in gaps:
            source.append(mask)
            target += sentence
        else:
            source += sentence
    return Rewritten(tuple(source), tuple(target))
