"""The words of a text that say what it is about."""

from __future__ import annotations

from itertools import pairwise

from epitome.metrics.stem import stem
from epitome.metrics.tokens import by_character, words

_FUNCTION_WORDS = """
a an the and or but if then than that this these those there here of to in on at by for with from as into
about over under between through during before after above below up down out off again further once is am are
was were be been being have has had having do does did doing will would shall should can could may might must
i you he she it we they me him her us them my your his its our their mine yours hers ours theirs who whom
whose which what when where why how all any both each few more most other some such no nor not only own same
so too very just also s t d ll m o re ve y don didn doesn isn wasn weren won wouldn couldn shouldn haven hasn
hadn aren ain let because while until though although however since per via within without among upon said
says say
"""
_STOP = frozenset(stem(word) for word in _FUNCTION_WORDS.split())
_HAN_STOP = frozenset("的了是在和与及或也都就而被把将对于从向以为之其这那有个等着过地得中")


def terms(text: str, language: str = "en") -> list[str]:
    """Stems of the content words; in Chinese and Japanese pairs of neighbouring characters.

    >>> terms("The mills are grinding again.")
    ['mill', 'grind']
    """
    found = words(text, language)
    if not by_character(language):
        stems = (stem(word) if word.isascii() else word for word, _, _ in found)
        return [word for word in stems if word not in _STOP]
    pairs = [
        one + other
        for (one, _, end), (other, start, _) in pairwise(found)
        if end == start and not (one in _HAN_STOP or other in _HAN_STOP)
    ]
    return pairs + [word for word, _, _ in found if len(word) > 1]
