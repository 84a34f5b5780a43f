"""ROUGE as a reader of the figures needs it: known values, both languages, several golds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epitome.errors import UsageError
from epitome.metrics.rouge import batch, rouge, score, scores
from epitome.metrics.stem import stem
from epitome.metrics.tokens import tokens

ENGLISH = st.lists(st.sampled_from(["the", "cat", "cats", "sat", "on", "mats", "\n", "12"]), max_size=12).map(
    " ".join
)
CHINESE = st.text(alphabet="法院认为合同有效。，AI 3", max_size=20)
PAIRS = st.one_of(
    st.tuples(st.just("en"), ENGLISH, ENGLISH),
    st.tuples(st.just("zh"), CHINESE, CHINESE),
)


def test_the_example_of_the_paper() -> None:
    """Lin 2004, section 3: the same words, but only one candidate has them in the order of the reference."""
    reference = "police killed the gunman"
    assert score("police kill the gunman", reference)["rougeL"].f == 100  # stemmed: killed is kill
    assert score("the gunman kill police", reference)["rougeL"].recall == 50
    assert score("the gunman kill police", reference)["rouge1"].recall == 100


def test_precision_recall_and_f_of_a_hand_counted_pair() -> None:
    found = score("the cat sat on the mat", "the cat was on a red mat")
    # Shared: the, cat, on, mat; pair: the cat; in order: the cat on mat.
    assert found["rouge1"].precision == pytest.approx(100 * 4 / 6)
    assert found["rouge1"].recall == pytest.approx(100 * 4 / 7)
    assert found["rouge1"].f == pytest.approx(100 * 8 / 13)
    assert found["rouge2"].f == pytest.approx(100 * 2 / 11)
    assert found["rougeL"].f == pytest.approx(100 * 8 / 13)


def test_lsum_takes_each_line_as_a_sentence() -> None:
    prediction, reference = "the dog ran\nthe cat sat", "the cat sat\nthe dog ran"
    found = score(prediction, reference, lsum=True)
    assert found["rougeLsum"].f == 100
    assert found["rougeL"].f == 50


def test_chinese_is_compared_by_character_and_latin_words_stay_whole() -> None:
    assert tokens("２０２３年，使用 BERT-base 模型。", "zh") == [
        "2023",
        "年",
        "使",
        "用",
        "bert",
        "base",
        "模",
        "型",
    ]
    assert rouge("法院驳回上诉", ["法院驳回起诉"], "zh")["rouge1"] == pytest.approx(100 * 5 / 6)
    assert rouge("法院驳回上诉", ["法院驳回起诉"], "zh")["rouge2"] == pytest.approx(100 * 3 / 5)


def test_chinese_words_keep_every_letter_and_figure_that_characters_keep() -> None:
    for text in ("营收增长3.5%，达到12.8亿元", "使用GPT-4模型", "版本2.0.1发布", "3.14"):
        assert "".join(tokens(text, "zh-x-words")) == "".join(tokens(text, "zh"))


@pytest.mark.timeout(30)
def test_thousands_of_short_lines_are_compared_in_seconds() -> None:
    lines = "\n".join(f"w{at * 7 % 20_000}" for at in range(20_000))
    assert rouge(lines, [lines], lsum=True)["rougeLsum"] == 100


def test_other_languages_keep_their_letters() -> None:
    assert tokens("Die Größe des Gebäudes", "de") == ["die", "größe", "des", "gebäudes"]


def test_stems_follow_the_variant_that_published_figures_use() -> None:
    words = "skies dying enjoying hopping falling relational geology hopefully agreed national controlling"
    assert [stem(word) for word in words.split()] == [
        "sky", "die", "enjoy", "hop", "fall", "relat", "geolog", "hope", "agre", "nation", "control",
    ]  # fmt: skip


def test_best_r1_takes_all_figures_from_the_gold_with_the_highest_rouge_1() -> None:
    golds = ["cats and dogs live here", "a dog is here and a cat too"]
    prediction = "cats and dogs live there and a cat is too"
    per_gold = [score(prediction, gold) for gold in golds]
    best = max(per_gold, key=lambda one: one["rouge1"].f)
    assert scores(prediction, golds) == best
    assert rouge(prediction, golds)["rouge2"] == best["rouge2"].f
    highest = rouge(prediction, golds, protocol="max")
    assert highest["rouge2"] == max(one["rouge2"].f for one in per_gold) > best["rouge2"].f
    mean = rouge(prediction, golds, protocol="mean")
    assert mean["rouge1"] == pytest.approx(sum(one["rouge1"].f for one in per_gold) / 2)


def test_nothing_to_compare_is_nought_and_no_gold_is_an_error() -> None:
    assert rouge("", ["a gold"]) == {"rouge1": 0, "rouge2": 0, "rougeL": 0}
    assert rouge("…", ["!"], lsum=True)["rougeLsum"] == 0
    with pytest.raises(UsageError, match="gold"):
        rouge("a", [])
    with pytest.raises(UsageError, match="best-r1"):
        rouge("a", ["a"], protocol="first")  # type: ignore[arg-type]


@given(PAIRS)
def test_swapping_the_sides_swaps_precision_and_recall(pair: tuple[str, str, str]) -> None:
    language, one, other = pair
    there, back = score(one, other, language), score(other, one, language)
    for name in there:
        assert there[name].precision == back[name].recall
        assert there[name].f == pytest.approx(back[name].f)


@given(PAIRS)
def test_figures_lie_between_0_and_100_and_longer_units_are_no_easier(pair: tuple[str, str, str]) -> None:
    language, one, other = pair
    found = score(one, other, language, lsum=True)
    assert all(0 <= value <= 100 for s in found.values() for value in (s.precision, s.recall, s.f))
    assert found["rougeL"].f <= found["rouge1"].f + 1e-9
    assert found["rougeLsum"].f <= found["rouge1"].f + 1e-9


@given(PAIRS)
def test_a_text_equals_itself(pair: tuple[str, str, str]) -> None:
    language, text, _ = pair
    found = rouge(text, [text], language, lsum=True)
    count = len(tokens(text, language))
    assert found["rouge1"] == found["rougeL"] == found["rougeLsum"] == (100 if count else 0)
    assert found["rouge2"] == (100 if count > 1 else 0)


def test_a_batch_is_scored_in_order_whatever_the_number_of_processes() -> None:
    texts = [f"The {at} mill grinds flour" for at in range(250)]
    golds = [["A mill grinds.", f"Mill {at}"] for at in range(250)]
    alone = batch(texts, golds, lsum=True)
    assert alone == batch(texts, golds, lsum=True, processes=2)
    assert alone[7] == rouge(texts[7], golds[7], lsum=True)
    assert batch(["石桥"], [["石桥开放"]], ["zh"]) == [rouge("石桥", ["石桥开放"], "zh")]


def test_a_batch_whose_parts_do_not_match_is_refused() -> None:
    with pytest.raises(UsageError, match="2 predictions, 1 references and 2 languages"):
        batch(["a", "b"], [["a"]])
