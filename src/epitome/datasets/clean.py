"""A corpus without the rows that something is wrong with: which ones, and why, is said of every row dropped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from epitome.datasets.pair import Dataset
from epitome.datasets.problems import KINDS, USUAL, Problem, problems
from epitome.errors import UsageError


def clean(
    data: Dataset, kinds: Iterable[str] = USUAL, others: Sequence[Dataset] = ()
) -> tuple[Dataset, list[Problem]]:
    """The data without rows that have a problem of these kinds, in order, and what was dropped, for which reason.

    Of rows that belong together (duplicates) the first is kept. With `others`, rows that leak into them are dropped
    too. Raises `UsageError` for an unknown kind.
    """
    wanted = set(kinds) | ({"leak"} if others else set())
    if unknown := sorted(wanted - KINDS.keys()):
        raise UsageError(f"no kind of problem is called {unknown[0]!r}", hint=f"one of {', '.join(KINDS)}")
    found = problems(data, wanted, others)
    dropped = {one.at for one in found}
    kept = [pair for at, pair in enumerate(data) if at not in dropped]
    return Dataset(kept, data.source, data.bad), found
