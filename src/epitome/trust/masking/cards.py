"""Numbers of bank cards: 13 to 19 digits whose last one is right."""

from __future__ import annotations

import re
from collections.abc import Iterator

from epitome.trust.masking.digits import groups, luhn, runs
from epitome.trust.masking.found import Found

_ISSUED = re.compile(r"[2-6]\d|9\d")
"""First digits of payment cards: 2 and 5 Mastercard, 3 American Express, 4 Visa, 6 UnionPay, among others; 9 local."""


def cards(text: str) -> Iterator[Found]:
    """Numbers that pass Luhn's sum, in one piece or grouped as on a card."""
    for match in runs(text):
        number = re.sub(r"\D", "", match[0])
        if 13 <= len(number) <= 19 and _ISSUED.match(number) and _printed(groups(match[0])) and luhn(number):
            yield Found(match.start(), match.end(), "card", number)


def _printed(sizes: list[int]) -> bool:
    """Whether the digits are grouped as cards have them: in fours, 4-6-5, 4-6-4, 6-13, or not at all."""
    fours = all(size == 4 for size in sizes[:-1]) and sizes[-1] <= 4
    return len(sizes) == 1 or (fours and len(sizes) >= 4) or sizes in ([4, 6, 5], [4, 6, 4], [6, 13])
