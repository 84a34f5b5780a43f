"""Documents changed on purpose, to see what a system makes of it.

Five kinds keep the meaning: the summary should stay as it is. Two change it: the summary should change with the
document, and one that stays has not been read from it. `KEEPS_MEANING` says which is which. The idea of testing
by such pairs is Ribeiro et al., "Beyond accuracy: behavioral testing of NLP models with CheckList", 2020.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Mapping
from types import MappingProxyType

from epitome.errors import UsageError
from epitome.evaluate.perturb.case import case
from epitome.evaluate.perturb.entities import entities
from epitome.evaluate.perturb.insertion import insertion
from epitome.evaluate.perturb.negation import negation
from epitome.evaluate.perturb.shuffle import shuffle
from epitome.evaluate.perturb.synonyms import synonyms
from epitome.evaluate.perturb.typos import typos

VERSION = 1
"""Counted up whenever a kind or its lists change, so that an older figure is known as such."""

KINDS = ("typos", "case", "shuffle", "insertion", "entities", "negation", "synonyms")

KEEPS_MEANING: Mapping[str, bool] = MappingProxyType(
    {
        "typos": True,
        "case": True,
        "shuffle": True,
        "insertion": True,
        "synonyms": True,
        "entities": False,
        "negation": False,
    }
)
"""Whether the summary should stay the same (True) or move with the document (False)."""

RATES: Mapping[str, float] = MappingProxyType(
    {
        "typos": 0.1,
        "case": 1.0,
        "shuffle": 1.0,
        "insertion": 0.1,
        "synonyms": 0.5,
        "entities": 1.0,
        "negation": 0.5,
    }
)
"""How much of what a kind can change it does change: words for typos, words with a synonym, sentences for case and
negation, paragraphs for shuffle, inserted sentences a sentence for insertion, names and numbers for entities."""

_CHANGES: Mapping[str, Callable[[str, str, random.Random, float], str]] = MappingProxyType(
    {
        "typos": typos,
        "case": case,
        "shuffle": shuffle,
        "insertion": insertion,
        "entities": entities,
        "negation": negation,
        "synonyms": synonyms,
    }
)


def perturb(text: str, kind: str, lang: str = "en", seed: int = 0, *, rate: float | None = None) -> str:
    """The text changed in one way; as it was where the kind finds nothing to change.

    The same text, kind and seed give the same result on every machine. `lang` is an ISO 639-1 code; English and
    Chinese have their own rules, other languages get those that need no word list. `rate` is 0 to 1, by default
    that of `RATES`.

    >>> perturb("The shop will open on Monday.", "negation", rate=1)
    'The shop will not open on Monday.'

    Raises `UsageError` for an unknown kind or a rate outside 0 to 1.
    """
    if kind not in _CHANGES:
        raise UsageError(f"{kind}: no such perturbation", hint=f"one of {', '.join(KINDS)}")
    share = RATES[kind] if rate is None else rate
    if not 0 <= share <= 1:
        raise UsageError(f"a rate of {share} is none", hint="it is a share, from 0 to 1")
    key = json.dumps([kind, seed, text]).encode()
    rng = random.Random(int.from_bytes(hashlib.sha256(key).digest()[:8], "big"))
    return _CHANGES[kind](text, lang.lower().split("-")[0], rng, share)
