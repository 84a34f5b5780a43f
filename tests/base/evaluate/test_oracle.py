"""The extractive upper bound: no choice of the document's sentences scores higher where one is allowed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some
from tests.base.summarize.texts import CHINESE, OWL, WELL

from epitome.documents import from_text, sentences
from epitome.evaluate.oracle import oracle
from epitome.metrics.rouge import rouge


def chosen(text: str, golds: list[str], most: int, language: str = "en") -> list[str]:
    document = from_text(text, language=language)
    return [document.text[start:end] for start, end in oracle(document, golds, most)]


def test_the_best_single_sentence_has_the_highest_rouge_1() -> None:
    gold = "Forty families fetched their water from the river."
    (best,) = chosen(WELL, [gold], 1)
    assert best.startswith("Forty families had carried")
    document = from_text(WELL)
    scores = [rouge(WELL[a:b], [gold])["rouge1"] for a, b in sentences(document.text, "en")]
    assert rouge(best, [gold])["rouge1"] == max(scores)


def test_of_several_golds_the_one_that_can_be_reached_best_counts() -> None:
    assert chosen(OWL, ["Nothing to do with it.", "It had a bruised wing."], 1)[0].startswith(
        "It had a bruised wing"
    )


def test_several_sentences_stand_in_document_order_and_only_as_long_as_they_help() -> None:
    gold = (
        "The schoolteacher drank while the children clapped; the council had paid 9,000 pounds for the well."
    )
    assert [text.split()[:2] for text in chosen(WELL, [gold], 4)] == [
        ["The", "council"],
        ["The", "schoolteacher"],
    ]


def test_chinese_is_compared_by_character() -> None:
    (best,) = chosen(CHINESE, ["修复用了十一个月。"], 1, "zh")
    assert "十一个月" in best


def test_nothing_in_common_chooses_nothing() -> None:
    assert chosen(OWL, ["Zyx wvu."], 3) == []
    assert chosen("Hm.", [""], 1) == []


@given(some.lists(some.sampled_from(WELL.split()), min_size=1, max_size=12), some.integers(1, 4))
def test_more_sentences_never_score_lower(words: list[str], most: int) -> None:
    gold = " ".join(words)
    scores = [rouge(" ".join(chosen(WELL, [gold], count)), [gold])["rouge1"] for count in (most, most + 1)]
    assert scores[0] <= scores[1] + 1e-9
