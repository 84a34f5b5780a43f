"""The measures that need an encoder: BERTScore and similarity, with the gold summaries and with the source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from epitome.datasets.pair import Pair
from epitome.metrics.bertscore import bertscore
from epitome.metrics.similarity import cosine

if TYPE_CHECKING:
    from epitome.engines.encoder import Encoder
    from epitome.evaluate.score import Scores

NAMES = ("bertscore", "similarity", "source_bertscore", "source_similarity")
AT_ONCE = 32
"""Documents encoded together: their token vectors, 1.5 kB each, are held in memory at once."""


def encoded(pairs: Sequence[Pair], texts: Sequence[Sequence[str]], encoder: Encoder) -> list[list[Scores]]:
    """For each pair, for each system's text: the four measures. `texts[n]` are those for `pairs[n]`.

    Of several gold summaries the one with the highest figure counts. An empty text has 0 with the gold summaries and
    nothing with the source.
    """
    wanted = {text for group in texts for text in group}
    wanted |= {text for pair in pairs for text in (*pair.summaries, pair.document)}
    distinct = sorted(one for one in wanted if one.strip())
    tokens = dict(zip(distinct, encoder.tokens(distinct), strict=True))
    vectors = dict(zip(distinct, encoder.vectors(distinct), strict=True))
    return [
        [_scores(text, pair, tokens, vectors) for text in group]
        for pair, group in zip(pairs, texts, strict=True)
    ]


def _scores(text: str, pair: Pair, tokens: dict[str, Any], vectors: dict[str, Any]) -> Scores:
    if text not in tokens:
        return {"bertscore": 0.0, "similarity": 0.0, "source_bertscore": None, "source_similarity": None}
    golds = [gold for gold in pair.summaries if gold in tokens]
    ours, vector, source = tokens[text], vectors[text], pair.document
    return {
        "bertscore": max((bertscore(ours, tokens[gold]).f for gold in golds), default=None),
        "similarity": max((cosine(vector, vectors[gold]) for gold in golds), default=None),
        "source_bertscore": bertscore(ours, tokens[source]).precision,
        "source_similarity": cosine(vector, vectors[source]),
    }
