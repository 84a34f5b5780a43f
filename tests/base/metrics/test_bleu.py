"""BLEU and chrF are sacrebleu's; their hand-computable cases, and what texts without words give."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sacrebleu import corpus_bleu as sacrebleu_corpus_bleu
from sacrebleu import sentence_chrf

from epitome.metrics.bleu import bleu, corpus_bleu, tokeniser
from epitome.metrics.chrf import chrf

MILL = "The old mill grinds flour again after forty years of silence."


def test_the_same_text_has_100_and_another_one_little() -> None:
    assert bleu(MILL, [MILL]) == pytest.approx(100)
    assert chrf(MILL, [MILL]) == pytest.approx(100)
    assert bleu("Nobody knows.", [MILL]) < 5
    assert chrf("Nobody knows.", [MILL]) < 20


def test_the_candidate_of_papinenis_paper_gets_its_precisions_and_brevity() -> None:
    # Papineni et al. 2002, section 2: 7 words, precisions of 1- and 2-grams below, too short for a full score.
    candidate, reference = "a b c d x y z", "a b c d e f g h"
    precisions = [4 / 7, 3 / 6, 2 / 5, 1 / 4]
    wanted = math.exp(1 - 8 / 7) * math.prod(precisions) ** (1 / 4)
    assert bleu(candidate, [reference]) == pytest.approx(100 * wanted)


def test_short_texts_are_measured_by_the_n_grams_they_have() -> None:
    assert bleu("Mill grinds", ["Mill grinds"]) == pytest.approx(100)


def test_the_best_of_several_references_counts() -> None:
    assert chrf(MILL, ["Other words entirely.", MILL]) == pytest.approx(100)
    assert bleu(MILL, ["Other words entirely.", MILL]) == pytest.approx(100)


def test_the_corpus_is_scored_as_sacrebleu_does() -> None:
    predictions, references = (
        [MILL, "The dog runs home."],
        [[MILL.replace("old", "new")], ["A dog ran home."]],
    )
    expected = sacrebleu_corpus_bleu(predictions, [[first for (first,) in references]]).score
    assert corpus_bleu(predictions, references) == pytest.approx(expected)
    more = [*references[:1], ["A dog ran home.", "The dog runs home."]]
    assert corpus_bleu(predictions, more) > expected


def test_chinese_is_cut_by_sacrebleus_own_rules() -> None:
    assert tokeniser("zh-CN") == "zh"
    assert tokeniser("ja") == "char"
    assert tokeniser("de") == "13a"
    assert bleu("老石桥重新开放了", ["老石桥重新开放"], "zh") > 60


def test_chrf_is_the_librarys() -> None:
    assert chrf("The mill works.", [MILL]) == pytest.approx(sentence_chrf("The mill works.", [MILL]).score)


@given(some.text(max_size=80), some.text(max_size=80))
def test_any_two_texts_have_a_score_within_bounds(one: str, other: str) -> None:
    assert 0 <= bleu(one, [other]) <= 100 + 1e-6
    assert 0 <= chrf(one, [other]) <= 100 + 1e-6
