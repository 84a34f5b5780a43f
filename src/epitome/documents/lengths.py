"""How long a text is, in the unit its readers count in."""

from __future__ import annotations

import re

_SPACE = re.compile(r"\s+")


def count_length(text: str, language: str = "en") -> int:
    """Words; for Chinese and Japanese (`zh`, `ja`) characters.

    A word is a run of non-space characters with a letter or digit in it: `state-of-the-art`, `3.5%` and `Mr.`
    are one word each, a dash that stands alone is none. Characters are all but white space, punctuation
    included, as Chinese publishers count.
    """
    if language.split("-")[0].lower() in {"zh", "ja"}:
        return len(_SPACE.sub("", text))
    return sum(1 for token in text.split() if any(map(str.isalnum, token)))
