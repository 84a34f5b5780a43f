"""How a model that was trained on requests is asked: the wish in words, and the whole summary at once.

Such a model (`data.requests` in its training) knows how long a summary of such a text is, so where nothing is said it
decides; others are asked for one sentence at a time.
"""

from __future__ import annotations

from dataclasses import replace

from epitome.summarize.budget import Budget
from epitome.summarize.prompts import Asked
from epitome.types import Length, Request

TOKENS = 400
"""Of an answer of no given length: half more than the longest gold summary such a model was trained on."""


def opened(request: Request) -> Request:
    """The request with the style left to the model where nothing is said."""
    return replace(request, style="paragraph") if free(request) else request


def free(request: Request) -> bool:
    """Whether the model decides on the length."""
    return request.style is None and request.words is None and request.sentences is None


def asked(request: Request, budget: Budget) -> Asked:
    """The whole request in words."""
    if budget.style == "headline":
        return Asked("headline")
    if budget.sentences.most == 1:
        return Asked("focus" if request.focus else "sentence", request.focus, words=budget.words)
    sentences = request.sentences
    if sentences is None and budget.words is None and not free(request):
        sentences = Length(budget.aim, budget.aim)
    return Asked("answer" if request.focus else "summary", request.focus, budget.words, sentences)


def tokens(budget: Budget) -> int:
    """Tokens an answer may have."""
    most = budget.words.most if budget.words else None
    return TOKENS if most is None else min(TOKENS, 2 * most + 32)
