"""Slips of the finger."""

from __future__ import annotations

import random
import re

from epitome.metrics.tokens import by_character

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_WORD = re.compile(r"(?<![^\W_])[A-Za-z]{4,}(?![^\W_])")
# Numerals stay: a typo there would be another fact.
_HAN = re.compile(r"(?:(?![〇零一二两三四五六七八九十百千万亿])[\u4e00-\u9fff]){2,}")


def _neighbours() -> dict[str, str]:
    """The keys around each letter of a QWERTY keyboard, whose rows are shifted by about half a key."""
    around: dict[str, str] = {}
    for row, keys in enumerate(_ROWS):
        for at, key in enumerate(keys):
            near = [keys[at - 1 : at], keys[at + 1 : at + 2]]
            if row > 0:
                near.append(_ROWS[row - 1][at : at + 2])
            if row + 1 < len(_ROWS):
                near.append(_ROWS[row + 1][max(0, at - 1) : at + 1])
            around[key] = "".join(near)
    return around


_NEAR = _neighbours()


def typos(text: str, lang: str, rng: random.Random, rate: float) -> str:
    """Words typed in haste: a neighbouring key, two letters swapped, one left out or typed twice.

    At most one slip a word, in words of four letters or more, never in the first letter; figures stay. In Chinese
    two characters of a run change places, or one is lost or doubled; slips of an input method, which yield other
    characters of the same sound, are not modelled. Belinkov and Bisk, "Synthetic and natural noise both break neural
    machine translation", 2018; Pruthi et al., "Combating adversarial misspellings with robust word recognition",
    2019.
    """

    def slip(match: re.Match[str]) -> str:
        return _latin(match.group(), rng) if rng.random() < rate else match.group()

    changed = _WORD.sub(slip, text)
    if not by_character(lang):
        return changed
    return _HAN.sub(lambda match: _han(match.group(), rng, rate), changed)


def _latin(word: str, rng: random.Random) -> str:
    at = rng.randrange(1, len(word) - 1)
    slip = rng.randrange(4)
    if slip == 0:
        letter = rng.choice(_NEAR[word[at].lower()])
        return word[:at] + (letter.upper() if word[at].isupper() else letter) + word[at + 1 :]
    if slip == 1 and word[at] != word[at + 1]:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if slip == 2:
        return word[: at + 1] + word[at:]
    return word[:at] + word[at + 1 :]


def _han(run: str, rng: random.Random, rate: float) -> str:
    """A word is two characters on average, so a run is gone through in pairs."""
    pieces = []
    for at in range(0, len(run) - 1, 2):
        pair = run[at : at + 2]
        if rng.random() < rate:
            slip = rng.randrange(3)
            pair = (pair[1] + pair[0], pair[0], pair[0] + pair[0] + pair[1])[slip]
        pieces.append(pair)
    return "".join(pieces) + (run[-1] if len(run) % 2 else "")
