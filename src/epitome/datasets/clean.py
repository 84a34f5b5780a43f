"""A corpus without the rows that something is wrong with: which ones, and why, is said of every row dropped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from epitome.datasets.pair import Dataset
from epitome.datasets.problems import KINDS, LEAKS, TOGETHER, USUAL, Problem, problems
from epitome.errors import UsageError


def clean(
    data: Dataset, kinds: Iterable[str] = USUAL, others: Sequence[Dataset] = ()
) -> tuple[Dataset, list[Problem]]:
    """The data without rows that have a problem of these kinds, in order, and what was dropped, for which reason.

    Of rows that belong together (duplicates) the first that has no other problem is kept. With `others`, rows whose
    documents leak into them are dropped too. Raises `UsageError` for an unknown kind, or for leaks without `others`.
    """
    wanted = set(kinds) | ({"leak"} if others else set())
    if unknown := sorted(wanted - KINDS.keys()):
        raise UsageError(f"no kind of problem is called {unknown[0]!r}", hint=f"one of {', '.join(KINDS)}")
    if not others and (leaks := sorted(wanted & set(LEAKS))):
        raise UsageError(f"{leaks[0]}: into which data?", hint="name it with --against")
    found = problems(data, wanted - set(TOGETHER), others)
    # One kind after the other, each among what is left: else a group could go whole, its first row for another fault.
    for kind in (kind for kind in TOGETHER if kind in wanted):
        left = _left(data, found)
        rest = Dataset([data.pairs[at] for at in left], data.source)
        found += [replace(one, at=left[one.at]) for one in problems(rest, [kind])]
    kept = [data.pairs[at] for at in _left(data, found)]
    return Dataset(kept, data.source, data.bad), sorted(found, key=lambda one: one.at)


def _left(data: Dataset, found: Sequence[Problem]) -> list[int]:
    dropped = {one.at for one in found}
    return [at for at in range(len(data)) if at not in dropped]
