"""Other words for the same."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from functools import cache

from epitome.evaluate.perturb.lists import read

_WORD = re.compile(r"[\w-]+")
_ARTICLE = re.compile(r"\b([Aa])(n?)(\s+)$")


def synonyms(text: str, lang: str, rng: random.Random, rate: float) -> str:
    """Frequent words replaced by a synonym in the same form: rose by increased, 增长 by 上升.

    Keeps what the document says and changes how, so that a system shows whether it goes by the words. The pairs are
    our own (`synonyms.toml`), chosen to fit in nearly every sentence; other languages than English and Chinese are
    left alone. `rate` is the share of words with a synonym. Alzantot et al., "Generating natural language
    adversarial examples", 2018; Ren et al., "Generating natural language adversarial examples through probability
    weighted word saliency", 2019.
    """
    table = _table(lang)
    if not table:
        return text
    pieces, at = [], 0
    for match in _pattern(lang).finditer(text):
        word = match.group()
        if word.lower() not in table:
            continue
        if rng.random() >= rate or not (word.islower() or word == word.capitalize()):
            continue
        other = rng.choice(table[word.lower()])
        if word[:1].isupper():
            other = other[:1].upper() + other[1:]
        before = text[at : match.start()]
        pieces += [_agreeing(before, other) if lang == "en" else before, other]
        at = match.end()
    return "".join(pieces) + text[at:]


def _agreeing(before: str, word: str) -> str:
    """The text with its article, if it ends in one, as the word after it wants it: a start, an opening."""

    def article(match: re.Match[str]) -> str:
        return match[1] + ("n" if word[0].lower() in "aeiou" else "") + match[3]

    return _ARTICLE.sub(article, before)


@cache
def _table(lang: str) -> dict[str, list[str]]:
    """Every form with the forms that may stand in its place."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in read("synonyms").get(lang, ()):
        left, mark, right = re.split(" ([/>]) ", line)
        for one, other in zip(left.split(), right.split(), strict=True):
            found[one].append(other)
            if mark == "/":
                found[other].append(one)
    return dict(found)


@cache
def _pattern(lang: str) -> re.Pattern[str]:
    """What may be a word of the list: in English any word, in Chinese only those, since nothing separates them."""
    return _WORD if lang == "en" else re.compile("|".join(sorted(_table(lang), key=len, reverse=True)))
