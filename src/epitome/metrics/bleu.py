"""BLEU (Papineni et al. 2002), computed by sacrebleu (Post, "A call for clarity in reporting BLEU scores", 2018)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from epitome.metrics.tokens import by_character

_TOKENISERS = {"zh": "zh", "ja": "char"}
"""sacrebleu's own for Chinese; Japanese by character, since its own needs a dictionary that must be compiled."""


def tokeniser(language: str) -> str:
    """sacrebleu's name for how texts of this language are cut: `13a`, `zh` or `char`."""
    return _TOKENISERS.get(language[:2].lower(), "13a") if by_character(language) else "13a"


def bleu(prediction: str, references: Sequence[str], language: str = "en") -> float:
    """Sentence BLEU in points, with effective order: a text of three words is not blamed for having no 4-grams.

    >>> round(bleu("The cat sat on the mat.", ["The cat sat on the mat."]))
    100
    """
    return float(_bleu(tokeniser(language), True).sentence_score(prediction, list(references)).score)


def corpus_bleu(
    predictions: Sequence[str], references: Sequence[Sequence[str]], language: str = "en"
) -> float:
    """Corpus BLEU in points. `references[n]` are those of `predictions[n]`, however many each has."""
    most = max((len(each) for each in references), default=0)
    streams = [[each[at] if at < len(each) else None for each in references] for at in range(most)]
    return float(_bleu(tokeniser(language), False).corpus_score(list(predictions), streams).score)


@lru_cache(maxsize=8)
def _bleu(tokenise: str, effective_order: bool) -> Any:
    from sacrebleu.metrics.bleu import BLEU

    return BLEU(tokenize=tokenise, effective_order=effective_order)
