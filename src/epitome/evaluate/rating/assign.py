"""Which item a rater sees next, and which of two summaries stands first."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from hashlib import blake2b

from epitome.evaluate.rating.store import Rating
from epitome.evaluate.rating.study import Item, Plan


def next_item(plan: Plan, items: Sequence[Item], ratings: Iterable[Rating], rater: str) -> Item | None:
    """The item with the fewest ratings that this rater has not judged, or None where there is none left to judge.

    Among equals chance decides, for each rater anew, so that neither order nor pair of systems is anybody's habit.
    """
    raters: dict[int, set[str]] = defaultdict(set)
    for one in ratings:
        raters[one.item].add(one.rater)
    open_ones = [
        one for one in items if rater not in raters[one.number] and len(raters[one.number]) < plan.raters
    ]
    if not open_ones:
        return None
    least = min(len(raters[one.number]) for one in open_ones)
    # Documents are seen once before any is seen again: a second look is not a fresh one.
    seen = Counter(one.document for one in items if rater in raters[one.number])
    fewest = [one for one in open_ones if len(raters[one.number]) == least]
    return min(fewest, key=lambda one: (seen[one.document], _chance(plan, rater, one.number)))


def swapped(plan: Plan, rater: str, item: int) -> bool:
    """Whether this rater sees the second system's summary of a pair first: by chance, always the same for them."""
    return _chance(plan, rater, item, "order")[0] % 2 == 1


def _chance(plan: Plan, rater: str, item: int, what: str = "") -> bytes:
    return blake2b(f"{plan.seed}\n{rater}\n{item}\n{what}".encode(), digest_size=8).digest()
