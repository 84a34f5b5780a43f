"""Which language a text is in: by script, then by English function words, then by a trained classifier.

The classifier (py3langid) costs 0.2 s of start-up for numpy; clearly English and CJK texts never pay it.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

ENGLISH_SHARE = 0.12
"""Share of function words that settles English. Measured (bench/results/reading.md): English news and abstracts
have 0.15 at the 1st percentile and 0.22 to 0.26 in the middle, pages in other languages less than 0.01."""
SAMPLE = 6000
"""Characters looked at. Longer texts are sampled at the beginning, the middle and the end."""

_WORD = re.compile(r"[^\W\d_]+")

# Frequent in English, absent or rare in other languages written in Latin letters ("in", "is", "was", "on",
# "as" or "we" would count for Dutch, German or French too).
_ENGLISH = re.compile(
    r"\b(?:the|and|of|to|that|with|this|which|have|from|are|been|were|their|they|would|about|not|but|by|it|his|"
    r"has|you|for|will|had|its|these|than|there|because|could|should|what|when|who|she|him|them|our|your)\b",
    re.IGNORECASE,
)


def detect_language(text: str) -> str:
    """The ISO 639-1 code of the language most of `text` is written in; `en` where nothing can be told.

    >>> detect_language("会议于周二结束。")
    'zh'
    """
    return certain_language(text) or _guess(_sample(text))


def certain_language(text: str) -> str | None:
    """`zh`, `ja`, `ko` or `en` where script or function words leave no doubt; None where they do."""
    sample = _sample(text)
    kana, hangul, han, rest = _scripts(sample)
    words = len(_WORD.findall(rest))
    if hangul > max(words, han, kana):
        return "ko"
    if kana + han > words:
        # Japanese running text is about half kana; a Chinese one quotes a brand name at most.
        return "ja" if kana > 0.1 * (kana + han) else "zh"
    if words >= 8 and len(_ENGLISH.findall(sample)) >= ENGLISH_SHARE * words:
        return "en"
    return None


def _scripts(sample: str) -> tuple[int, int, int, str]:
    """How many kana, hangul and han characters, and what is left without them.

    A loop, since patterns with such ranges take 10 ms to compile, which every start would pay.
    """
    if sample.isascii():
        return 0, 0, 0, sample
    counts = {"kana": 0, "hangul": 0, "han": 0, "": 0}
    rest: list[str] = []
    for char in sample:
        script = _script(ord(char)) if char > "\u10ff" else ""
        counts[script] += 1
        rest.append(" " if script else char)
    return counts["kana"], counts["hangul"], counts["han"], "".join(rest)


def _script(code: int) -> str:
    if 0x3041 <= code <= 0x30FF or 0x31F0 <= code <= 0x31FF or 0xFF66 <= code <= 0xFF9D:
        return "kana"
    if 0xAC00 <= code <= 0xD7A3 or 0x1100 <= code <= 0x11FF or 0x3131 <= code <= 0x318E:
        return "hangul"
    if (
        0x3400 <= code <= 0x4DBF
        or 0x4E00 <= code <= 0x9FFF
        or 0xF900 <= code <= 0xFAFF
        or 0x20000 <= code <= 0x3134F
    ):
        return "han"
    return ""


def _sample(text: str) -> str:
    if len(text) <= SAMPLE:
        return text
    part = SAMPLE // 3
    middle = len(text) // 2
    return " ".join((text[:part], text[middle : middle + part], text[-part:]))


def _guess(sample: str) -> str:
    words = len(_WORD.findall(sample))
    if not words:
        return "en"
    code, confidence = _classify(sample)
    # On headlines and lists the classifier is often wrong: it is not believed at once against plain ASCII.
    if sample.isascii() and (confidence < 0.9 or words < 5):
        return "en"
    return code


def _classify(sample: str) -> tuple[str, float]:
    code, probability = _classifier().classify(sample)
    return str(code), float(probability)


@cache
def _classifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
