"""E-mail addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from epitome.trust.masking.found import Found
from epitome.trust.masking.hints import windows

_LETTERS = "A-Za-z0-9À-ÖØ-öø-ɏͰ-ϿЀ-ӿ"
"""No Chinese: there is no space between 邮箱 and the address."""
# The part before @ is entered at its beginning only and never given up, so that a page of letters is read once.
_EMAIL = re.compile(
    rf"(?<![{_LETTERS}._%+'-])[{_LETTERS}._%+'-]++[@＠]"
    rf"(?:[{_LETTERS}](?:[{_LETTERS}-]{{0,62}}[{_LETTERS}])?\.){{1,30}}"
    rf"(?:xn--[A-Za-z0-9-]{{2,59}}|[A-Za-zА-я]{{2,24}})(?![{_LETTERS}])"
)
# mary (at) example (dot) org
_SPELT = re.compile(
    r"(?<![\w.%+-])[\w.%+-]{1,64}+ ?[(\[{] ?at ?[)\]}] ?[\w-]{1,63}(?:(?:\.| ?[(\[{] ?dot ?[)\]}] ?)[\w-]{1,63}){1,5}",
    re.ASCII | re.IGNORECASE,
)


def emails(text: str) -> Iterator[Found]:
    """Addresses as they are sent to, and those hidden as `mary (at) example.org`."""
    if "@" in text or "＠" in text:
        for match in _EMAIL.finditer(text):
            quoted = len(match[0]) - len(match[0].lstrip("'.")) if match[0][0] in "'." else 0
            yield _found(match.start() + quoted, match.end(), match[0][quoted:])
    for start, end in windows(text, ("(at)", "[at]", "{at}", "( at )", "[ at ]"), 66, 200):
        for match in _SPELT.finditer(text, start, end):
            yield _found(*match.span(), match[0])


def _found(start: int, end: int, said: str) -> Found:
    key = said.lower().replace("＠", "@")
    key = re.sub(r" ?[(\[{] ?at ?[)\]}] ?", "@", key)
    return Found(start, end, "email", re.sub(r" ?[(\[{] ?dot ?[)\]}] ?", ".", key))
