"""Tags made of a document and its summaries, spans made of tags, and how well labels are told."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epitome.metrics.classification import report
from epitome.metrics.spans import TAGS, B, E, I, O, places, spans, tags

DOCUMENT = "The ferry to Corvo was late. Ninety people slept in the school, said the harbour master."


def marked(document: str, summaries: list[str], language: str = "en") -> list[str]:
    words = places(document, language)
    found = spans(tags(document, summaries, language))
    return [document[words[span.start][0] : words[span.stop - 1][1]] for span in found]


def test_the_longest_common_spans_are_marked() -> None:
    assert marked(DOCUMENT, ["Late: the ferry to Corvo. 90 people slept in the school"]) == [
        "The ferry to Corvo", "late", "people slept in the school",
    ]  # fmt: skip


def test_function_words_alone_are_no_span_and_stems_count() -> None:
    assert marked(DOCUMENT, ["in the end they said so to the wind"]) == []
    assert marked(DOCUMENT, ["Ferries"]) == ["ferry"]


def test_it_is_marked_where_it_stands_first_and_for_any_summary() -> None:
    twice = "The mill burnt. The mill burnt again."
    assert tags(twice, ["mill burnt"]) == [O, B, E, O, O, O, O]
    assert marked(twice, ["mill", "burnt again"]) == ["mill", "burnt again"]


def test_chinese_is_marked_by_character() -> None:
    assert marked("周二法院开庭。法官听取了农民的意见。", ["法官听取意见"], "zh") == ["法官听取", "意见"]


def test_nothing_in_common_or_nothing_at_all() -> None:
    assert set(tags(DOCUMENT, ["Zebras"])) == {O}
    assert tags("", ["x"]) == []
    assert tags("…", ["x"]) == []


@given(
    st.lists(st.sampled_from(["ferry", "late", "people", "slept", "the", "of", "school"]), max_size=30),
    st.lists(st.sampled_from(["ferry", "late", "people", "slept", "the", "of", "school"]), max_size=12),
)
def test_tags_and_spans_say_the_same(document: list[str], summary: list[str]) -> None:
    found = tags(" ".join(document), [" ".join(summary)])
    assert len(found) == len(document)
    again = [O] * len(found)
    for span in spans(found):
        words = [B, *[I] * (len(span) - 2), E][: len(span)]
        again[span.start : span.stop] = words
        assert " ".join(document[span.start : span.stop]) in " ".join(summary)
    assert again == found


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=60))
def test_the_report_is_that_of_counting(pairs: list[tuple[int, int]]) -> None:
    gold, said = [one for one, _ in pairs], [one for _, one in pairs]
    found = report(gold, said, TAGS)
    for at, label in enumerate(found.labels):
        hits = sum(one == other == at for one, other in pairs)
        assert label.precision == pytest.approx(100 * hits / max(1, said.count(at)))
        assert label.recall == pytest.approx(100 * hits / max(1, gold.count(at)))
        assert label.count == Counter(gold)[at]
        assert label.f == pytest.approx(200 * hits / max(1, said.count(at) + gold.count(at)))
    assert found.macro_f1 == pytest.approx(sum(label.f for label in found.labels) / 4)
    assert found.accuracy == pytest.approx(100 * sum(one == other for one, other in pairs) / len(pairs))
