"""What a sentence is worth as part of a summary, whoever wrote it: above 0 it may stand, below only for want of better.

Weights were set by hand so that the order of the faults is clear, and checked on train: on SciTLDR and news, choosing
by them among seven sentences changes ROUGE-1 by less than a point either way (LOG.md); what they change is how many
summaries are torn, empty or invented.
"""

from __future__ import annotations

import re

from epitome.metrics.abstractiveness import fragments
from epitome.metrics.repetition import repeated_share
from epitome.metrics.tokens import words
from epitome.summarize.budget import BY_CHARACTER
from epitome.types import Sentence

SUPPORT = 1.0
UNSUPPORTED, UNSUPPORTED_COST = 0.35, 1.5
"""Support below which a sentence is more likely invented than reworded: the default model's greedy sentences on SciTLDR
and news train have 0.64 to 0.71 on average."""
FACT = 2.5
"""A number or quotation that the source lacks: more than any sentence is worth, so one without always wins."""
LONG, LONG_COST = 35, 0.5
"""Words from which a sentence is read twice. Cutting clauses down to 35 words left ROUGE-1 on SciTLDR and news train
as it was (31.46 and 20.56 against 31.41 and 20.57; LOG.md)."""
BRIEF, BRIEF_COST = 6, 2.0
"""Words up to which a sentence says nothing by itself: "Three towns." is a heading's echo."""
HEADING_COST = 2.0
LABEL_COST = 1.2
"""A heading or a speaker's name and a colon before the sentence: copied layout."""
REPEATS, REPEATS_COST = 0.15, 2.0
"""Share of trigrams said before, from which a sentence turns in circles."""
COPIED, COPIED_COST = 0.85, 0.3
"""Share of a sentence's words that stand in the source in runs of five or more, from which it is a copy."""
VERBATIM, VERBATIM_COST = 0.98, 0.8
"""The same for a sentence that is the source's own: any other sound sentence of that part is taken instead."""
RUN = 5

_NUMBERED = re.compile(
    r"(?:section |chapter |figure |table )?\d+(?:\.\d+)*[.):]?\s+[A-Z]|(?:section|chapter)\s+\d", re.I
)
_LABEL = re.compile(r"(?:[A-Z][\w'’.-]*\s?){1,4}(?:\([^)]*\)\s?)?:\s")
_ABOUT = re.compile(
    r"(?:the|this) (?:text|article|passage|document|author|paper|section|report)s? "
    r"(?:also )?(?:discuss|explore|describe|provide|highlight|emphasi[sz]e|outline|examine|delve)",
    re.IGNORECASE,
)
ABOUT_COST = 0.3
"""Telling that a text discusses something instead of saying what it says."""


def value(sentence: Sentence, language: str, *, taught: bool = False) -> float:
    """From its support, facts, length and wording; the last two are not held against a model that was `taught` them."""
    said = [word for word, _, _ in words(sentence.text, language)]
    worth = 1.0 + SUPPORT * sentence.support - FACT * len(sentence.facts)
    if not taught:
        worth -= UNSUPPORTED_COST if sentence.support < UNSUPPORTED else 0.0
        worth -= _wording(sentence, said, language)
    worth -= REPEATS_COST if repeated_share(sentence.text, language) > REPEATS else 0.0
    return worth


def _wording(sentence: Sentence, said: list[str], language: str) -> float:
    """What its length, its layout and its copying cost it."""
    unit = 2 if language in BY_CHARACTER else 1
    cost = 0.0
    cost += LONG_COST if len(said) > LONG * unit else 0.0
    cost += BRIEF_COST if len(said) < BRIEF * unit else 0.0
    cost += HEADING_COST if _NUMBERED.match(sentence.text) else 0.0
    cost += LABEL_COST if _LABEL.match(sentence.text) else 0.0
    cost += ABOUT_COST if _ABOUT.match(sentence.text) else 0.0
    copied = _copied(said, sentence, language)
    cost += VERBATIM_COST if copied >= VERBATIM else COPIED_COST if copied >= COPIED else 0.0
    return cost


def _copied(said: list[str], sentence: Sentence, language: str) -> float:
    """Share of the words that stand in a row in the passages the sentence rests on."""
    source = [word for span in sentence.sources for word, _, _ in words(span.text, language)]
    return sum(length for length in fragments(said, source) if length >= RUN) / max(1, len(said))
