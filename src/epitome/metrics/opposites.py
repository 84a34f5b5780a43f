"""English words that mean the opposite of each other, by their stems."""

from __future__ import annotations

from epitome.metrics.stem import stem

_PAIRS = """
increase decrease, increased decreased, increases decreases, rise fall, rose fell, rises falls, more less, more
fewer, higher lower, high low, before after, first last, better worse, best worst, large small, larger smaller,
positive negative, always never, above below, early late, earlier later, start end, starts ends, open close, opened
closed, agree disagree, agreed disagreed, agrees disagrees, accept reject, accepted rejected, accepts rejects, allow
forbid, allowed forbidden, allow prohibit, support oppose, supported opposed, supports opposes, win lose, won lost,
wins loses, improve worsen, improved worsened, improves worsens, possible impossible, able unable, likely unlikely,
true false, right wrong, good bad, strong weak, stronger weaker, long short, longer shorter, old new, old young,
fast slow, faster slower, easy difficult, easy hard, major minor, with without, inside outside, same different,
similar different, success failure, successful unsuccessful, safe dangerous, public private, buy sell, bought sold,
arrive leave, gave took, remember forget, love hate, happy sad, most least, everyone nobody, must may, gain loss,
gained lost, guilty innocent, grant refuse, granted refused, include exclude, included excluded, appear disappear,
majority minority, mother father, son daughter, brother sister, husband wife, men women, man woman, boy girl, left
right, north south, east west, hot cold, full empty, day night, morning evening, present absent, cheap expensive,
all none, all some, many few
"""

PAIRS: tuple[tuple[str, str], ...] = tuple(
    (one, other) for one, other in (pair.split() for pair in " ".join(_PAIRS.split()).split(", "))
)
"""The words as they are written."""


def _by_stem() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for one, other in PAIRS:
        found.setdefault(stem(one), set()).add(stem(other))
        found.setdefault(stem(other), set()).add(stem(one))
    return {word: frozenset(others) for word, others in found.items()}


BY_STEM = _by_stem()
"""Stems of a stem's opposites."""
