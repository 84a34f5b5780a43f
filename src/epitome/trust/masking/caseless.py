"""Names of persons in texts without capitals, as speech recognisers write them: by lists and titles alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

from epitome.trust.masking.lists import words
from epitome.trust.masking.people import Mention

SHARE = 0.004
"""Capitals among the letters, up to which a text has none: in printed English they are 3 to 5 %."""
_WORD = re.compile(r"(?<![\w@./'’-])[a-zà-öø-ÿ]{2,}(?:['’-][a-zà-öø-ÿ]{2,})?(?![\w@/])")
_TITLED = re.compile(
    r"\b(?:mr|mrs|ms|miss|dr|prof)\.? +([a-z][a-z'-]+)"
    r"|\b(?:doctor|professor|judge|nurse|officer|sergeant|captain) ([a-z][a-z'-]+)"
)


def caseless(text: str) -> bool:
    """Whether a text is written without capitals."""
    letters = sum(map(str.islower, text)) if len(text) < 50 else len(re.findall(r"[a-zà-öø-ÿ]", text))
    capitals = len(re.findall(r"[A-ZÀ-ÖØ-Þ]", text))
    return letters > 0 and capitals <= SHARE * letters


def names(text: str) -> Iterator[Mention]:
    """Given names that are no words, with a known surname behind; surnames behind a title."""
    given = words("english", "given") - words("caseless", "words")
    surnames = words("english", "surnames")
    known: set[str] = set()
    ordered = list(_WORD.finditer(text))
    taken = set()
    for match in _TITLED.finditer(text):
        group = 1 if match[1] else 2
        low = match[group]
        if low in surnames or low in given or (group == 1 and not _plain(low)):
            known.add(low)
            taken.add(match.start(group))
            yield Mention(*match.span(group), (low,))
    for at, match in enumerate(ordered):
        if match[0] not in given or match.start() in taken:
            continue
        following = ordered[at + 1] if at + 1 < len(ordered) else None
        if following and following[0] in surnames and text[match.end() : following.start()] == " ":
            known.add(following[0])
            taken.add(following.start())
            yield Mention(match.start(), following.end(), (match[0], following[0]))
        else:
            yield Mention(*match.span(), (match[0],))
    for match in ordered:
        if match[0] in known and match[0] not in given and match.start() not in taken:
            yield Mention(*match.span(), (match[0],))


def _plain(low: str) -> bool:
    """Whether a word is an everyday one, which nobody is called."""
    everyday = words("english", "common") | words("english", "verbs") | words("english", "roles")
    return low in everyday or low in words("english", "titles")
