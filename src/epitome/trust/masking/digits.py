"""Runs of digits as people group them; cards, accounts and telephones are told apart by their lengths and sums."""

from __future__ import annotations

import re
from collections.abc import Iterator

# Between two digits at most one mark. Possessive: a run is taken whole or not at all. What looks back stands second,
# so that the search leaps from digit to digit.
_RUN = re.compile(r"\d(?<![\w.,]\d)(?:[ \u00a0-]?\d)*+(?![\w]|[.,]\d)", re.ASCII)
LONGEST = 40
"""Characters of a run that is looked at; a page of digits is no number of anybody."""


def runs(text: str) -> Iterator[re.Match[str]]:
    """Digits with single spaces or hyphens between them."""
    return (match for match in _RUN.finditer(text) if len(match[0]) <= LONGEST)


def groups(run: str) -> list[int]:
    """How many digits stand together: 4, 4, 4, 4."""
    return [len(part) for part in re.split(r"[ \u00a0-]", run)]


def luhn(number: str) -> bool:
    """Whether the last digit is right by the sum that cards have (ISO/IEC 7812-1, annex B).

    >>> luhn("4111111111111111"), luhn("4111111111111112")
    (True, False)
    """
    values = [int(digit) for digit in reversed(number)]
    doubled = [2 * value - 9 if value > 4 else 2 * value for value in values[1::2]]
    return (sum(values[::2]) + sum(doubled)) % 10 == 0
