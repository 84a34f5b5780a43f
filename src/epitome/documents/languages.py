"""Which language a text is in: by script, then by English function words, then by a trained classifier.

The classifier (py3langid) costs 0.2 s of start-up for numpy; clearly English and CJK texts never pay it.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

ENGLISH_SHARE = 0.12
"""Share of function words that settles English (see bench/reading.py --languages for the evidence)."""
SAMPLE = 6000
"""Characters looked at. Longer texts are sampled at the beginning, the middle and the end."""

_KANA = re.compile("[\u3041-\u30ff\u31f0-\u31ff\uff66-\uff9d]")
_HANGUL = re.compile("[\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3]")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_CJK = re.compile(f"{_HAN.pattern}|{_KANA.pattern}|{_HANGUL.pattern}")
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
    words = len(_WORD.findall(_CJK.sub(" ", sample)))
    kana, hangul, han = (len(script.findall(sample)) for script in (_KANA, _HANGUL, _HAN))
    if hangul > max(words, han, kana):
        return "ko"
    if kana + han > words:
        # Japanese running text is about half kana; a Chinese one quotes a brand name at most.
        return "ja" if kana > 0.1 * (kana + han) else "zh"
    if words >= 8 and len(_ENGLISH.findall(sample)) >= ENGLISH_SHARE * words:
        return "en"
    return None


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
