"""Capitals where there were none, or none where there were."""

from __future__ import annotations

import random
import re

from epitome.documents import sentences

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


def case(text: str, lang: str, rng: random.Random, rate: float) -> str:
    """All lower case, all capitals, or Every Word Capitalised: one of them for the whole document.

    Models transcripts, old telexes and headlines. Systems that tell names by their capitals, or whose tokenizer
    cuts capitals into letters, read less of such a text. Chinese has no case. `rate` is the share of sentences.
    Niu et al., "Evaluating robustness to input perturbations for neural machine translation", 2020.
    """
    written = rng.choice((str.lower, str.upper, _titled))
    pieces, at = [], 0
    for start, end in sentences(text, lang):
        pieces.append(text[at:start])
        sentence = text[start:end]
        pieces.append(written(sentence) if rng.random() < rate else sentence)
        at = end
    return "".join(pieces) + text[at:]


def _titled(sentence: str) -> str:
    return _WORD.sub(lambda match: match.group()[:1].upper() + match.group()[1:].lower(), sentence)
