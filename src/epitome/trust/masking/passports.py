"""Numbers of passports and travel permits, known by the word before them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from epitome.trust.masking.found import Found
from epitome.trust.masking.hints import places

_WORD = re.compile(
    r"(?:passport|travel document|residence permit|green card|护照|通行证|回乡证|台胞证|居留许可)"
    r"(?:号码?|编号)?(?: (?:no|number|num|nr|id)\b\.?| ?#)?\s?(?:[（(：:#为是,，]|is|was)?\s?",
    re.IGNORECASE,
)
_HINTS = (
    "passport",
    "travel document",
    "residence permit",
    "green card",
    "护照",
    "通行证",
    "回乡证",
    "台胞证",
    "居留许可",
)
_NUMBER = re.compile(r"(?=(?:[A-Z]*\d){5})[A-Z0-9]{7,10}(?![A-Za-z0-9])", re.ASCII)


def passports(text: str) -> Iterator[Found]:
    """Seven to ten capitals and digits after `passport`, 护照 and the like."""
    for at in places(text, _HINTS):
        word = _WORD.match(text, at)
        if word and (number := _NUMBER.match(text, word.end())):
            yield Found(*number.span(), "passport", number[0])
