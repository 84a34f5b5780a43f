"""How an answer is generated: greedy, sampled, or as a model was trained to be asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from epitome.engines.base import Decoding

TEMPERATURE, TOP_P = 0.7, 0.95

# What begins a second sentence. One sentence is wanted from each prompt, so generation stops there: half the
# tokens, measured on SciTLDR and news train. A bare full stop would also stop at "Mr." and "3.5".
_SECOND = tuple(
    f"{end} {word}"
    for end in (".", "!", "?")
    for word in (
        "The",
        "This",
        "It",
        "In",
        "A",
        "He",
        "She",
        "They",
        "We",
        "However",
        "These",
        "Our",
        "As",
        "By",
    )
)
_CHINESE_SECOND = ("。",)


def decoding(
    wanted: Decoding, language: str, draw: int | None, usual: Mapping[str, Any], *, whole: bool
) -> Decoding:
    """How to generate an answer.

    Args:
        wanted: length, adapter, what is to be reported, and the request's seed.
        language: of the answer.
        draw: which sample it is; None: not a sample but the likeliest answer.
        usual: what the model's folder says of its own way of writing (`Trained.decoding`). Its beams are for the
            likeliest answer of which nothing is to be reported: a beam search has nothing to tell of its steps.
        whole: whether several sentences are wanted from the answer.
    """
    second = () if whole else _CHINESE_SECOND if language == "zh" else _SECOND
    how = replace(wanted, stop=("\n\n", *second), **{**usual, "beams": 1})
    if draw is not None:
        return replace(how, temperature=TEMPERATURE, top_p=TOP_P, seed=wanted.seed + draw)
    if (beams := int(usual.get("beams", 1))) > 1 and not wanted.logprobs and not wanted.contrast:
        return replace(how, beams=beams, stop=(), alternatives=0)
    return how
