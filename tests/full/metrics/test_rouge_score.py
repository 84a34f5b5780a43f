"""Our ROUGE against the `rouge-score` package: the foreign oracle."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.stem.porter import PorterStemmer
from rouge_score.rouge_scorer import RougeScorer

from epitome.metrics.rouge import score, scores
from epitome.metrics.stem import stem

TYPES = ["rouge1", "rouge2", "rougeL", "rougeLsum"]
SCORER = RougeScorer(TYPES, use_stemmer=True)
WORDS = [
    "the",
    "The",
    "a",
    "of",
    "reported",
    "reports",
    "reporting",
    "enjoyable",
    "hopping",
    "dying",
    "skies",
    "apologies",
    "fully",
    "3",
    "12.5",
    "don't",
    "naïve",
    "café",
    "e-mail",
    "U.S.",
    "İstanbul",
    "ran",
    "running",
    ",",
    ".",
    ";",
    "state-of-the-art",
]
TEXTS = st.lists(st.sampled_from([*WORDS, "\n", "\n"]), max_size=30).map(" ".join)


def assert_same(prediction: str, reference: str) -> None:
    ours = score(prediction, reference, lsum=True)
    theirs = SCORER.score(reference, prediction)
    for name in TYPES:
        assert ours[name].precision == pytest.approx(100 * theirs[name].precision, abs=1e-9), name
        assert ours[name].recall == pytest.approx(100 * theirs[name].recall, abs=1e-9), name
        assert ours[name].f == pytest.approx(100 * theirs[name].fmeasure, abs=1e-9), name


@settings(max_examples=400, deadline=None)
@given(TEXTS, TEXTS)
def test_every_figure_equals_that_of_the_package(prediction: str, reference: str) -> None:
    assert_same(prediction, reference)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_on_any_unicode_text_too(prediction: str, reference: str) -> None:
    assert_same(prediction, reference)


@settings(max_examples=100, deadline=None)
@given(TEXTS, st.lists(TEXTS, min_size=1, max_size=4))
def test_the_max_protocol_is_the_score_multi_of_the_package(prediction: str, references: list[str]) -> None:
    theirs = SCORER.score_multi(references, prediction)
    ours = scores(prediction, references, protocol="max", lsum=True)
    for name in TYPES:
        assert ours[name].f == pytest.approx(100 * theirs[name].fmeasure, abs=1e-9)


def test_stems_are_those_of_nltk_on_words_built_to_meet_every_rule() -> None:
    rng = random.Random(0)
    endings = [
        "ational",
        "tional",
        "enci",
        "anci",
        "izer",
        "bli",
        "alli",
        "entli",
        "eli",
        "ousli",
        "ization",
        "ation",
        "ator",
        "alism",
        "iveness",
        "fulness",
        "ousness",
        "aliti",
        "iviti",
        "biliti",
        "fulli",
        "logi",
        "logy",
        "icate",
        "ative",
        "alize",
        "iciti",
        "ical",
        "ful",
        "ness",
        "al",
        "ance",
        "ence",
        "er",
        "ic",
        "able",
        "ible",
        "ant",
        "ement",
        "ment",
        "ent",
        "ion",
        "sion",
        "tion",
        "ou",
        "ism",
        "ate",
        "iti",
        "ous",
        "ive",
        "ize",
        "ies",
        "ied",
        "eed",
        "ed",
        "ing",
        "s",
        "ss",
        "sses",
        "y",
        "ay",
        "e",
        "ll",
    ]
    theirs = PorterStemmer()
    for _ in range(50_000):
        head = "".join(rng.choice("aeioubcdlnstyyz1") for _ in range(rng.randint(0, 5)))
        word = head + "".join(rng.choices(endings, k=rng.randint(0, 2)))
        assert stem(word) == theirs.stem(word), word
