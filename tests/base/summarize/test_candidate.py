"""The choice of sentences is the best there is: compared with trying everything."""

from __future__ import annotations

import time
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from epitome.summarize.candidate import (
    Candidate,
    Wanted,
    as_written,
    centrality,
    choose,
    consensus,
    content,
    names,
    said_twice,
)
from epitome.types import Length, Sentence

TERMS = ("mill", "river", "bridge")


def candidate(text: str, group: int = 0, value: float = 1.0, words: int | None = None) -> Candidate:
    checked = Sentence(text, 1.0)
    count = len(text.split()) if words is None else words
    return Candidate(text, group, count, "greedy", checked, value, 0.0, content(text, "en"))


def rank(chosen: list[Candidate], wanted: Wanted) -> tuple[int, int, float]:
    text = " ".join(one.text for one in chosen)
    named = sum(names(text, term) for term in wanted.terms)
    return named, -abs(len(chosen) - wanted.aim), sum(one.value for one in chosen)


def all_choices(pool: list[Candidate], wanted: Wanted) -> list[list[Candidate]]:
    """Every choice that keeps to the bounds."""
    found = []
    for count in range(1, len(pool) + 1):
        for chosen in combinations(pool, count):
            groups = [one.group for one in chosen]
            words = sum(one.words for one in chosen)
            if (
                count in wanted.sentences
                and len(set(groups)) == count
                and (wanted.words is None or words in wanted.words)
                and said_twice(chosen) is None
            ):
                found.append(list(chosen))
    return found


texts = st.lists(
    st.sampled_from(["mill", "river", "bridge", "burned", "rose", "fell", "town", "night"]),
    min_size=1,
    max_size=5,
    unique=True,
).map(lambda said: " ".join(said) + ".")
pools = st.lists(
    st.builds(
        candidate, texts, st.integers(0, 5), st.floats(0.1, 3, allow_subnormal=False), st.integers(2, 9)
    ),
    max_size=8,
)
bounds = st.builds(
    lambda least, more: Length(least, None if more is None else (least or 1) + more),
    st.none() | st.integers(1, 12),
    st.none() | st.integers(0, 8),
).filter(lambda length: length != Length(None, None))
wishes = st.builds(
    Wanted,
    st.builds(
        lambda least, more: Length(least, more and least + more),
        st.integers(1, 3),
        st.none() | st.integers(0, 3),
    ),
    st.none() | bounds,
    st.integers(1, 4),
    st.sampled_from([(), TERMS[:1], TERMS]),
)


@given(pools, wishes)
@settings(max_examples=300)
def test_nothing_beats_the_choice(pool: list[Candidate], wanted: Wanted) -> None:
    chosen = choose(pool, wanted)
    possible = all_choices(pool, wanted)
    if chosen is None:
        assert possible == []
        return
    assert any(set(map(id, chosen)) == set(map(id, other)) for other in possible)
    best = max(rank(other, wanted) for other in possible)
    found = rank(chosen, wanted)
    assert found[:2] == best[:2]
    assert found[2] == pytest.approx(best[2])
    assert [one.group for one in chosen] == sorted(one.group for one in chosen)


def test_many_short_sentences_reach_a_lower_bound() -> None:
    pool = [candidate(f"a{at} b{at} c{at} d{at}.", at) for at in range(20)]
    wanted = Wanted(Length(1, None), Length(70, 80), aim=3)
    assert len(choose(pool, wanted) or []) == 18


def test_every_term_may_need_a_sentence_of_its_own() -> None:
    terms = tuple(f"term{at}" for at in range(8))
    pool = [candidate(f"Here is {term}.", at) for at, term in enumerate(terms)]
    for at, one in enumerate(pool):
        one.words_set = frozenset({str(at)})
    assert len(choose(pool, Wanted(Length(1, None), None, aim=2, terms=terms)) or []) == 8


def test_a_large_pool_is_chosen_from_in_time() -> None:
    pool = [
        candidate(f"say{at} that{at} once{at % 7}.", at // 4, 1 + at % 3 / 10, 15 + at % 20)
        for at in range(360)
    ]
    started = time.perf_counter()
    chosen = choose(pool, Wanted(Length(1, None), Length(1600, 2000), aim=82))
    assert chosen is not None
    assert 1600 <= sum(one.words for one in chosen) <= 2000
    assert time.perf_counter() - started < 10


def test_what_says_the_same_never_stands_twice() -> None:
    pool = [
        candidate("The mill burned down in the night.", 0, 1.0),
        candidate("In the night the mill burned down.", 1, 2.0),
        candidate("The river rose.", 2, 0.5),
    ]
    assert choose(pool, Wanted(Length(1, None), None, aim=3)) == pool[1:]


@pytest.mark.parametrize(
    ("text", "term", "named"),
    [
        ("The Mill burned.", "mill", True),
        ("The mills burned.", "mill", True),
        ("The miller slept.", "mill", False),
        ("They said so.", "AI", False),
        ("AI is here.", "ai", True),
        ("The business failed.", "US", False),
        ("It runs on C++ now.", "C++", True),
        ("The state-\nof-the-art mill.", "art", True),
        ("the water\n rights of farmers", "water rights", True),
        ("新能源汽车销量上升。", "汽车", True),
        ("使用AI模型。", "AI", True),
        ("Straße", "STRASSE", True),
        ("anything", " ", False),
    ],
)
def test_what_names_a_term(text: str, term: str, named: bool) -> None:
    assert names(text, term) is named


@pytest.mark.parametrize(
    ("text", "term", "source", "written"),
    [
        ("The new Iphone and the IPHONE.", "iPhone", "An iPhone.", "The new iPhone and the iPhone."),
        ("They said the activity was fun.", "AI", "AI said.", "They said the activity was fun."),
        ("An act of kindness.", "Act", "The Act of 1902 was an act of mercy.", "An act of kindness."),
        ("Widgets: Widget sales rose.", "widget", "One widget.", "Widgets: widget sales rose."),
        ("Widget sales rose.", "widget", "One widget.", "Widget sales rose."),
        ("使用iphone的人", "iPhone", "iPhone", "使用iPhone的人"),
    ],
)
def test_a_glossary_term_is_spelt_as_it_is_given(text: str, term: str, source: str, written: str) -> None:
    assert as_written(text, term, source) == written


def test_what_the_other_parts_say_too_is_worth_more() -> None:
    pool = [
        candidate("The mill burned in the night.", 0),
        candidate("The mill by the river burned.", 1),
        candidate("A dog barked somewhere.", 2),
    ]
    centrality(pool)
    assert pool[0].value > pool[2].value
    assert pool[1].value > pool[2].value


def test_the_version_that_the_others_agree_with_wins() -> None:
    pool = [
        candidate("The mill burned down in the night."),
        candidate("The town rebuilt its bridge in spring.", value=1.2),
        candidate("The old mill burned in the night."),
        candidate("The old mill burned again in the night."),
    ]
    consensus(pool, "en")
    assert max(pool, key=lambda one: one.value).text == "The old mill burned in the night."
    assert pool[1].value < min(pool[0].value, pool[2].value)
    assert all(0 < one.value <= 1.2 for one in pool)


def test_an_unsound_version_stays_worth_less_however_many_agree() -> None:
    twins = [candidate("The mill burned 7 times.", value=-1.5) for _ in range(4)]
    other = candidate("The bridge was rebuilt.")
    consensus([*twins, other], "en")
    assert other.value > 0 > twins[0].value


def test_of_two_versions_neither_has_a_majority() -> None:
    pool = [candidate("The mill burned."), candidate("The town grew.", value=2.0), candidate("A.", group=1)]
    consensus(pool, "en")
    assert [one.value for one in pool] == [1.0, 2.0, 1.0]


def test_of_versions_alike_the_likelier_wins() -> None:
    pool = [candidate(text) for text in ("The mill fell.", "The mill rose.", "The mill burned.")]
    for one, likely in zip(pool, (-0.9, -0.2, -0.7), strict=True):
        one.likely = likely
    consensus(pool, "en")
    assert max(pool, key=lambda one: one.value).text == "The mill rose."
