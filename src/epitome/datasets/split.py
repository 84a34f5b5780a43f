"""A corpus in parts, such as train, dev and test: stratified, and without anything of one part in another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b

from epitome.datasets.near import RELATED, key, near
from epitome.datasets.pair import Dataset, Pair
from epitome.documents import count_length
from epitome.errors import UsageError

STRATA = ("domain", "lang", "length")


def split(
    data: Dataset, shares: Mapping[str, float], by: Sequence[str] = STRATA, seed: int = 0
) -> dict[str, Dataset]:
    """Parts by name, each with about its share of the rows, in the order of the data.

    Documents that are the same, nearly so, or share half of their word 5-grams stay in one part. Within what the rows
    have in common (`by`: domain, language, order of magnitude of the length) each part gets its share. The same rows in
    another order are split the same way; another seed splits them anew. Raises `UsageError` for shares that do not add
    up to 1 or a part that would be empty.
    """
    _check(data, shares, by)
    groups = _groups(data)
    placed: dict[int, str] = {}
    have = dict.fromkeys(shares, 0)
    for group in sorted(groups, key=lambda group: _order(data, group, by, seed)):
        total = sum(have.values()) + len(group)
        # The part that is farthest behind its share: along an order by strata, each stratum is shared out evenly.
        name = max(shares, key=lambda part: shares[part] * total - have[part])
        have[name] += len(group)
        placed.update(dict.fromkeys(group, name))
    parts = {
        name: Dataset([pair for at, pair in enumerate(data) if placed[at] == name], data.source)
        for name in shares
    }
    if empty := [name for name, part in parts.items() if not part.pairs]:
        raise UsageError(
            f"the part {empty[0]!r} would be empty: {len(data)} rows make {len(groups)} groups that belong together",
            hint="give it a larger share, or more data",
        )
    return parts


def _check(data: Dataset, shares: Mapping[str, float], by: Sequence[str]) -> None:
    if (
        len(shares) < 2
        or any(share <= 0 for share in shares.values())
        or abs(sum(shares.values()) - 1) > 1e-6
    ):
        shown = ",".join(f"{name}={share:g}" for name, share in shares.items())
        raise UsageError(
            f"{shown}: no shares", hint="two or more that add up to 1: train=0.8,dev=0.1,test=0.1"
        )
    if unknown := [name for name in by if name not in STRATA]:
        raise UsageError(f"rows cannot be shared out by {unknown[0]!r}", hint=f"any of {', '.join(STRATA)}")


def _groups(data: Dataset) -> list[list[int]]:
    """Places of rows that must stay together; most are alone."""
    together = near([(pair.document, pair.lang) for pair in data], RELATED)
    inside = {at for group in together for at in group}
    return together + [[at] for at in range(len(data)) if at not in inside]


def _order(data: Dataset, group: Sequence[int], by: Sequence[str], seed: int) -> tuple[tuple[str, ...], str]:
    """By stratum, then by chance; neither depends on where the rows stand."""
    pairs = [data.pairs[at] for at in group]
    first = min(pairs, key=lambda pair: _chance(pair, seed))
    return tuple(_stratum(first, name) for name in by), _chance(first, seed)


def _chance(pair: Pair, seed: int) -> str:
    named = f"{seed}\n{key(pair.document, pair.lang)}\n{key(' '.join(pair.summaries), pair.lang)}"
    return blake2b(named.encode(), digest_size=16).hexdigest()


def _stratum(pair: Pair, name: str) -> str:
    if name == "length":
        # Powers of two: no quantile, which would depend on the other rows.
        return f"{count_length(pair.document, pair.lang).bit_length():02d}"
    return str(getattr(pair, name))
