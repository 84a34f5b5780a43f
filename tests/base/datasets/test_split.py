"""Parts of a corpus: each row in one, near-duplicates on one side, shares kept, whatever the order of the rows."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as some

from epitome.datasets.near import near
from epitome.datasets.pair import Dataset, Pair
from epitome.datasets.split import split
from epitome.errors import UsageError

SHARES = {"train": 0.8, "dev": 0.1, "test": 0.1}


def corpus(size: int, seed: int = 0, copies: int = 0) -> Dataset:
    dice = random.Random(seed)
    pairs = []
    for at in range(size):
        text = " ".join(f"w{dice.randrange(5000)}" for _ in range(dice.choice((40, 90, 300))))
        pairs.append(
            Pair(
                text,
                (f"gold {at}",),
                id=str(at),
                domain=dice.choice(("law", "news", "news", "news")),
                lang="en",
            )
        )
    for at in range(copies):
        whole = pairs[at % 7]
        pairs.append(Pair(whole.document + f" tail{at}", (f"copy {at}",), id=f"c{at}", domain=whole.domain))
    return Dataset(pairs)


@hypothesis_settings(max_examples=20)
@given(some.integers(60, 150), some.integers(0, 20), some.integers(0, 100))
def test_every_row_is_in_one_part_and_near_duplicates_in_the_same(size: int, copies: int, seed: int) -> None:
    data = corpus(size, seed, copies)
    parts = split(data, SHARES, seed=seed)
    where = {pair.id: name for name, part in parts.items() for pair in part}
    assert Counter(pair.id for part in parts.values() for pair in part) == Counter(pair.id for pair in data)
    for group in near([(pair.document, pair.lang) for pair in data]):
        assert len({where[data.pairs[at].id] for at in group}) == 1


@hypothesis_settings(max_examples=10)
@given(some.integers(0, 100))
def test_the_order_of_the_rows_changes_nothing(seed: int) -> None:
    data = corpus(80, seed, 8)
    shuffled = Dataset(random.Random(seed).sample(data.pairs, len(data)))
    one, other = split(data, SHARES), split(shuffled, SHARES)
    assert {name: {pair.id for pair in part} for name, part in one.items()} == {
        name: {pair.id for pair in part} for name, part in other.items()
    }


def test_shares_hold_over_all_and_in_every_domain() -> None:
    data = corpus(1000)
    parts = split(data, SHARES)
    assert {name: len(part) for name, part in parts.items()} == {"train": 800, "dev": 100, "test": 100}
    for domain in ("law", "news"):
        whole = sum(pair.domain == domain for pair in data)
        for name, share in SHARES.items():
            assert sum(pair.domain == domain for pair in parts[name]) == pytest.approx(
                share * whole, abs=0.02 * whole
            )


def test_another_seed_splits_anew_and_the_same_seed_alike() -> None:
    data = corpus(200)
    assert split(data, SHARES, seed=1)["test"].pairs == split(data, SHARES, seed=1)["test"].pairs
    assert split(data, SHARES, seed=1)["test"].pairs != split(data, SHARES, seed=2)["test"].pairs


@pytest.mark.parametrize(
    "shares",
    [{"train": 1.0}, {"a": 0.5, "b": 0.6}, {"a": -0.5, "b": 1.5}, {"a": 0.5, "b": 0.0, "c": 0.5}, {}],
)
def test_shares_that_do_not_add_up_are_refused(shares: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="add up to 1"):
        split(corpus(20), shares)


def test_a_part_that_would_be_empty_is_refused() -> None:
    data = Dataset([pair for _ in range(9) for pair in corpus(1).pairs])
    with pytest.raises(UsageError, match="would be empty: 9 rows make 1 groups"):
        split(data, SHARES)


def test_rows_are_shared_out_by_what_is_known_only() -> None:
    with pytest.raises(UsageError, match="'author'"):
        split(corpus(20), SHARES, by=("author",))


def test_two_versions_of_a_text_stay_together_though_neither_is_a_duplicate() -> None:
    data = corpus(60)
    first = data.pairs[0].document.split()
    version = " ".join([*first[: len(first) * 3 // 4], *(f"new{at}" for at in range(len(first) // 4))])
    both = Dataset([*data.pairs, Pair(version, ("gold",), id="version", domain="law")])
    assert near([(data.pairs[0].document, "en"), (version, "en")]) == []
    parts = split(both, SHARES)
    assert len([name for name, part in parts.items() if {"0", "version"} & {pair.id for pair in part}]) == 1
