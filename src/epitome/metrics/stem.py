"""Porter's suffix stripping for English, with the departures that published ROUGE figures rest on.

The algorithm is Porter, "An algorithm for suffix stripping", Program 14(3), 1980. The figures that people
compare were made with NLTK's default variant of it, which differs in a few rules (short words in -ies and
-ied, -y after a vowel, -fulli, -logi, irregular forms). Each such rule is marked here. Importing NLTK itself
costs half a second.
"""

from __future__ import annotations

from functools import lru_cache

_VOWELS = frozenset("aeiou")
_SHAPE = {ord(letter): "v" for letter in "aeiou"}

# Not in Porter's paper: forms that the rules would take apart.
_IRREGULAR = {
    "sky": "sky",
    "skies": "sky",
    "dying": "die",
    "lying": "lie",
    "tying": "tie",
    "news": "news",
    "innings": "inning",
    "inning": "inning",
    "outings": "outing",
    "outing": "outing",
    "cannings": "canning",
    "canning": "canning",
    "howe": "howe",
    "proceed": "proceed",
    "exceed": "exceed",
    "succeed": "succeed",
}

_STEP_2 = (
    ("ational", "ate"),
    ("tional", "tion"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("izer", "ize"),
    ("bli", "ble"),
    ("alli", "al"),
    ("entli", "ent"),
    ("eli", "e"),
    ("ousli", "ous"),
    ("ization", "ize"),
    ("ation", "ate"),
    ("ator", "ate"),
    ("alism", "al"),
    ("iveness", "ive"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("aliti", "al"),
    ("iviti", "ive"),
    ("biliti", "ble"),
    ("fulli", "ful"),  # not in the paper
)
_STEP_3 = (
    ("icate", "ic"),
    ("ative", ""),
    ("alize", "al"),
    ("iciti", "ic"),
    ("ical", "ic"),
    ("ful", ""),
    ("ness", ""),
)
_STEP_4 = (
    "al",
    "ance",
    "ence",
    "er",
    "ic",
    "able",
    "ible",
    "ant",
    "ement",
    "ment",
    "ent",
    "ion",
    "ou",
    "ism",
    "ate",
    "iti",
    "ous",
    "ive",
    "ize",
)


def _shape(word: str) -> str:
    """The word as a string of c (consonant) and v (vowel); a y is a vowel after a consonant."""
    shape: list[str] = []
    previous = "v"
    for letter in word:
        if letter in _VOWELS or (letter == "y" and previous == "c"):
            previous = "v"
        else:
            previous = "c"
        shape.append(previous)
    return "".join(shape)


def _measure(stem: str) -> int:
    """How many times a vowel run is followed by a consonant run: the m of the paper."""
    return _shape(stem).count("vc")


def _short_end(stem: str) -> bool:
    """Consonant, vowel, consonant other than w, x, y at the end: the *o of the paper."""
    shape = _shape(stem)
    if shape == "vc":  # not in the paper
        return True
    return shape.endswith("cvc") and stem[-1] not in "wxy"


def _plural(word: str) -> str:
    if word.endswith("ies"):
        return word[:-1] if len(word) == 4 else word[:-2]  # the four-letter case is not in the paper
    if word.endswith("sses"):
        return word[:-2]
    if word.endswith("s") and not word.endswith("ss"):
        return word[:-1]
    return word


def _past(word: str) -> str:
    if word.endswith("ied"):  # not in the paper
        return word[:-1] if len(word) == 4 else word[:-2]
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) > 0 else word
    for ending in ("ed", "ing"):
        stem = word.removesuffix(ending)
        if stem != word and "v" in _shape(stem):
            return _mend(stem)
    return word


def _mend(stem: str) -> str:
    """What stands after -ed or -ing went: conflat(ed) to conflate, hopp(ing) to hop, fil(ing) to file."""
    if stem.endswith(("at", "bl", "iz")):
        return stem + "e"
    if len(stem) > 1 and stem[-1] == stem[-2] and _shape(stem)[-1] == "c":
        return stem if stem[-1] in "lsz" else stem[:-1]
    return stem + "e" if _measure(stem) == 1 and _short_end(stem) else stem


def _final_y(word: str) -> str:
    # The paper asks for a vowel anywhere in the stem; the variant for a consonant before the y.
    if word.endswith("y") and len(word) > 2 and _shape(word)[-2] == "c":
        return word[:-1] + "i"
    return word


def _double_suffix(word: str) -> str:
    if word.endswith("alli") and _measure(word[:-4]) > 0:  # not in the paper: the result goes round again
        return _double_suffix(word[:-2])
    for ending, replacement in _STEP_2:
        if word.endswith(ending):
            stem = word[: -len(ending)]
            return stem + replacement if _measure(stem) > 0 else word
    if word.endswith("logi") and _measure(word[:-3]) > 0:  # not in the paper
        return word[:-1]
    return word


def _suffix(word: str) -> str:
    for ending, replacement in _STEP_3:
        if word.endswith(ending):
            stem = word[: -len(ending)]
            return stem + replacement if _measure(stem) > 0 else word
    return word


def _last_suffix(word: str) -> str:
    for ending in _STEP_4:
        if word.endswith(ending):
            stem = word[: -len(ending)]
            if _measure(stem) > 1 and (ending != "ion" or stem[-1] in "st"):
                return stem
            return word
    return word


def _tidy(word: str) -> str:
    if word.endswith("e"):
        stem = word[:-1]
        measure = _measure(stem)
        if measure > 1 or (measure == 1 and not _short_end(stem)):
            word = stem
    if word.endswith("ll") and _measure(word[:-1]) > 1:
        word = word[:-1]
    return word


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """The Porter stem of a lower-case English word, as NLTK's `PorterStemmer` gives it.

    >>> stem("relational"), stem("dying"), stem("enjoy")
    ('relat', 'die', 'enjoy')
    """
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) <= 2:
        return word
    word = _final_y(_past(_plural(word)))
    return _tidy(_last_suffix(_suffix(_double_suffix(word))))
