"""What is spoilt for pre-training can be put together again, and is as much as was asked for."""

from __future__ import annotations

from itertools import chain
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epitome.train.pretrain import corrupt

MASK = 9999
SENTINELS = range(10_000, 10_100)
ORDINARY = range(1000)
WORDS = st.lists(st.lists(st.integers(0, 999), min_size=1, max_size=4).map(tuple), min_size=1, max_size=60)
SHARES, SEEDS = st.floats(0.05, 0.9), st.integers(0, 2**32)


def flat(words: list[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(chain.from_iterable(words))


@pytest.mark.parametrize("chosen", [corrupt.whole_words, corrupt.word_spans])
@given(words=WORDS, share=SHARES, seed=SEEDS)
def test_masked_words_are_whole_and_come_back(
    chosen: object, words: list[tuple[int, ...]], share: float, seed: int
) -> None:
    draw = Random(seed)
    spans = chosen(words, share, draw)  # type: ignore[operator]
    made = corrupt.masked(words, spans, MASK, ORDINARY, draw)
    assert made.restored() == flat(words)
    starts = [sum(map(len, words[:at])) for at in range(len(words) + 1)]
    whole = {place for span in spans for at in span for place in range(starts[at], starts[at + 1])}
    assert set(made.places) == whole
    assert len(made.places) == len(whole) >= 1
    longest = max(map(len, words))
    assert len(whole) <= max(1, share * len(flat(words)) + 0.5) or len(spans) == 1
    assert len(whole) <= share * len(flat(words)) + corrupt.LONGEST * longest
    untouched = [at for at in range(len(made.ids)) if at not in whole]
    assert all(made.ids[at] == flat(words)[at] for at in untouched)


def test_of_masked_tokens_one_in_ten_stays_and_one_in_ten_is_any() -> None:
    words = [(at % 1000,) for at in range(60_000)]
    draw = Random(1)
    made = corrupt.masked(words, corrupt.whole_words(words, 0.15, draw), MASK, [2000], draw)
    shown = [made.ids[place] for place in made.places]
    assert len(shown) == 9000
    assert shown.count(MASK) / len(shown) == pytest.approx(0.8, abs=0.02)
    assert shown.count(2000) / len(shown) == pytest.approx(0.1, abs=0.02)


def test_spans_of_words_have_spanberts_lengths() -> None:
    words = [(1,)] * 100_000
    lengths = [len(span) for span in corrupt.word_spans(words, 0.02, Random(2))]
    assert max(lengths) == corrupt.LONGEST
    assert sum(lengths) / len(lengths) == pytest.approx(3.8, abs=0.3)


@given(
    ids=st.lists(st.integers(0, 999), min_size=2, max_size=200).map(tuple), share=SHARES, seed=SEEDS,
    most=st.integers(1, 100),
)  # fmt: skip
def test_corrupted_spans_come_back(ids: tuple[int, ...], share: float, seed: int, most: int) -> None:
    spans = corrupt.noise_spans(len(ids), share, 3, most, Random(seed))
    made = corrupt.span_corruption(ids, spans, SENTINELS)
    restored, places = corrupt.spans_restored(made, set(SENTINELS))
    assert restored == ids
    assert list(places) == [at for span in spans for at in span]
    assert len(places) == min(max(1, round(share * len(ids))), len(ids) - 1)
    assert 1 <= len(spans) <= most
    used = [token for token in made.source if token >= SENTINELS[0]]
    assert used == list(SENTINELS[: len(spans)])


def test_a_short_text_does_not_always_lose_its_end() -> None:
    ends = {corrupt.noise_spans(10, 0.15, 3, 100, Random(seed))[-1].stop for seed in range(60)}
    assert len(ends) > 5


@given(words=WORDS, share=SHARES, seed=SEEDS)
def test_infilled_text_has_what_was_kept_in_order(
    words: list[tuple[int, ...]], share: float, seed: int
) -> None:
    source = corrupt.infilling(words, share, 3, MASK, Random(seed))
    kept = [token for token in source if token != MASK]
    rest = iter(flat(words))
    assert all(token in rest for token in kept)  # in this order
    assert MASK in source
    lost = len(flat(words)) - len(kept)
    assert lost > 0
    longest = max(map(len, words))
    assert lost <= (share * len(words) + 1) * longest


@given(
    st.lists(st.lists(st.integers(0, 999), min_size=1, max_size=6).map(tuple), min_size=2, max_size=12),
    st.data(),
)
def test_gap_sentences_go_back_into_their_gaps(sentences: list[tuple[int, ...]], data: st.DataObject) -> None:
    gaps = data.draw(st.sets(st.integers(0, len(sentences) - 1), min_size=1, max_size=len(sentences) - 1))
    made = corrupt.gapped(sentences, gaps, MASK)
    missing = iter(sorted(gaps))
    told = list(made.target)
    restored: list[int] = []
    for token in made.source:
        if token == MASK:
            length = len(sentences[next(missing)])
            restored += told[:length]
            told = told[length:]
        else:
            restored.append(token)
    assert tuple(restored) == flat(sentences)
    assert told == []


def test_the_gap_is_the_sentence_that_says_most_of_the_rest() -> None:
    sentences = [
        "It rained.",
        "The ferry to Corvo was cancelled because of the wind and people slept in the school.",
        "The ferry of Corvo lay in the harbour because of the wind.",
        "Ninety people slept in the school.",
    ]
    chosen = [corrupt.gap_sentences(sentences, 0.25, "en", Random(seed)) for seed in range(30)]
    assert sum(gaps == [1] for gaps in chosen) > 20
    many = corrupt.gap_sentences(sentences, 0.9, "en", Random(1))
    assert 1 < len(many) < 4
