"""Documents changed on purpose: what each kind does, and what it leaves alone."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epitome.documents import sentences
from epitome.errors import UsageError
from epitome.evaluate.perturb import KEEPS_MEANING, KINDS, RATES, perturb
from epitome.trust.numbers import numbers

HARBOUR = (
    "The harbour of Merrin will be closed to large ships from 3 June 2021. Mayor Edda Falk said that the quay had "
    "moved by 14 centimetres since 2017. Falk wants to repair it before autumn, because the insurance ends in "
    "October.\n\nFishing boats can still enter. The work was not planned. It costs 2.4 million crowns, and the county "
    "pays twelve per cent of them. Merrin buys the stone from Tolby."
)
BRIDGE = (
    "云溪市交通局周三宣布，南门大桥将于二〇二三年五月十六日封闭。工程师王立说，桥墩的裂缝超过三十二毫米。"
    "修理费用约为四百五十万元。\n\n居民可以乘坐免费渡船。王立认为工程应当在八个月内完成。"
)
TEXTS = {"en": HARBOUR, "zh": BRIDGE}

PIECES = (
    *("Dr. Orla Quist", "It", "will", "not", "can't", "3 May 2019", "王立", "说", "二十三日"),
    *(" ", ". ", "。", "\n\n", "“", "”"),
)
anything = st.text(max_size=300) | st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


def spoken(text: str, lang: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text, lang)]


# --- all kinds ---


def test_every_kind_says_whether_it_keeps_the_meaning_and_how_much_it_changes() -> None:
    assert set(KEEPS_MEANING) == set(RATES) == set(KINDS)
    assert [kind for kind in KINDS if not KEEPS_MEANING[kind]] == ["entities", "negation"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_seed_gives_one_text_and_another_seed_another(kind: str, lang: str) -> None:
    text = TEXTS[lang]
    versions = [perturb(text, kind, lang, seed) for seed in range(8)]
    assert versions == [perturb(text, kind, lang, seed) for seed in range(8)]
    if (kind, lang) == ("case", "zh"):
        assert set(versions) == {text}  # Chinese has no case
    else:
        assert text not in versions
        assert len(set(versions)) > 1


@pytest.mark.parametrize("kind", KINDS)
@given(text=anything, lang=st.sampled_from(["en", "zh", "de", "ja", ""]), seed=st.integers(0, 99))
def test_no_text_is_too_odd(kind: str, text: str, lang: str, seed: int) -> None:
    assert perturb(text, kind, lang, seed) == perturb(text, kind, lang, seed)
    if not any(char.isalnum() for char in text):
        assert kind in ("insertion", "shuffle") or perturb(text, kind, lang, seed) == text


def test_the_hash_seed_of_python_changes_nothing() -> None:
    code = (
        "import sys; from epitome.evaluate.perturb import KINDS, perturb; "
        "print([perturb(sys.argv[1], kind, 'en', 7) for kind in KINDS])"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code, HARBOUR],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert runs == {f"{[perturb(HARBOUR, kind, 'en', 7) for kind in KINDS]}\n"}


@pytest.mark.parametrize(
    "kind", ["typos", "case", "shuffle", "negation", "synonyms", "entities", "insertion"]
)
def test_a_rate_of_nothing_changes_nothing(kind: str) -> None:
    assert perturb(HARBOUR, kind, "en", 0, rate=0) == HARBOUR


def test_what_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="smudge") as error:
        perturb(HARBOUR, "smudge")
    assert "typos, case" in (error.value.hint or "")
    with pytest.raises(UsageError, match="share"):
        perturb(HARBOUR, "typos", rate=1.5)


# --- each kind ---


@given(seed=st.integers(0, 999))
def test_a_typo_is_one_slip_and_spares_figures_and_first_letters(seed: int) -> None:
    before, after = HARBOUR.split(), perturb(HARBOUR, "typos", "en", seed, rate=1).split()
    assert len(before) == len(after)
    for one, other in zip(before, after, strict=True):
        assert one[0] == other[0]
        assert abs(len(one) - len(other)) <= 1
        assert not re.search(r"\d", one) or one == other
    assert sum(one != other for one, other in zip(before, after, strict=True)) > 20


def test_typos_come_at_the_rate_asked_for() -> None:
    text = "garden window letter " * 500
    changed = sum(
        one != other
        for one, other in zip(text.split(), perturb(text, "typos", rate=0.1).split(), strict=True)
    )
    assert 100 < changed < 200


def test_chinese_typos_spare_numerals() -> None:
    changed = perturb(BRIDGE, "typos", "zh", 3, rate=1)
    kept = set("〇一二三四五六七八九十百千万")
    assert [char for char in changed if char in kept] == [char for char in BRIDGE if char in kept]


@given(seed=st.integers(0, 99))
def test_case_changes_case_alone(seed: int) -> None:
    changed = perturb(HARBOUR, "case", "en", seed)
    assert changed != HARBOUR
    assert changed.lower() == HARBOUR.lower()


@given(seed=st.integers(0, 99), lang=st.sampled_from(["en", "zh"]))
def test_shuffled_sentences_stay_in_their_paragraph(seed: int, lang: str) -> None:
    changed = perturb(TEXTS[lang], "shuffle", lang, seed)
    assert changed != TEXTS[lang]
    before, after = TEXTS[lang].split("\n\n"), changed.split("\n\n")
    assert [Counter(spoken(one, lang)) for one in before] == [Counter(spoken(one, lang)) for one in after]


@given(text=anything, seed=st.integers(0, 99))
def test_shuffling_loses_no_character(text: str, seed: int) -> None:
    assert Counter(perturb(text, "shuffle", "en", seed)) == Counter(text)


@given(seed=st.integers(0, 99), lang=st.sampled_from(["en", "zh"]), rate=st.floats(0.01, 1))
def test_insertion_only_adds_whole_sentences(seed: int, lang: str, rate: float) -> None:
    before = spoken(TEXTS[lang], lang)
    after = spoken(perturb(TEXTS[lang], "insertion", lang, seed, rate=rate), lang)
    assert len(before) < len(after) <= 2 * len(before)
    kept = iter(after)
    assert all(one in kept for one in before)  # in their order


def test_names_are_swapped_wherever_they_stand() -> None:
    for seed in range(20):
        changed = perturb(HARBOUR, "entities", "en", seed)
        assert "Mayor Edda Falk" not in changed
        assert changed.count("Tolby") <= 2
        town = re.search(r"harbour of (.+?) will", changed)
        assert town is not None
        assert f"{town[1]} buys the stone" in changed
        mayor = re.search(r"Mayor (.+?) said that .* centimetres since \d+\. (\S+) wants", changed)
        assert mayor is not None
        assert mayor[1].split()[-1] == mayor[2]


def test_numbers_keep_their_size_and_dates_stay_dates() -> None:
    for seed in range(20):
        changed = perturb(HARBOUR, "entities", "en", seed)
        dated = re.search(r"from (\d+) ([A-Z][a-z]+) (\d{4})\. .* since (\d{4})", changed)
        assert dated is not None
        day, month, year, earlier = dated.groups()
        assert (int(day), month) != (3, "June")
        assert 1 <= int(day) <= 28
        assert int(year) - int(earlier) == 4  # all years move together
        assert int(year) < 2021
        assert re.search(r"\b[1-9]\.[1-9] million crowns", changed)
        assert "2.4 million" not in changed
        assert re.search(r"pays \w+(?<!twelve) per cent", changed)


def test_words_that_only_begin_a_sentence_or_a_turn_are_no_names() -> None:
    text = "Nobody knew Quist. Rain fell. Weather: Fog. Quist: Yeah. Um, right."
    for seed in range(10):
        changed = perturb(text, "entities", "en", seed)
        assert re.fullmatch(r"Nobody knew (\w+)\. Rain fell\. \w+: Fog\. \1: Yeah\. Um, right\.", changed)


@pytest.mark.parametrize("text", ["the 15th match", "his 2nd son", "on 3rd May", "the 112th page"])
def test_ordinals_stay_ordinals(text: str) -> None:
    endings = {"1": "st", "2": "nd", "3": "rd"}
    for seed in range(20):
        found = re.search(r"(\d*)(\d)(\w\w)", perturb(text, "entities", "en", seed))
        assert found is not None
        assert found[3] == ("th" if found[1].endswith("1") else endings.get(found[2], "th"))


def test_chinese_names_dates_and_numbers() -> None:
    for seed in range(20):
        changed = perturb(BRIDGE, "entities", "zh", seed)
        assert "云溪市" not in changed
        assert "王立" not in changed
        name = re.search("工程师(.+?)说", changed)
        assert name is not None
        assert f"{name[1]}认为" in changed
        dated = re.search("将于(.{4})年(.{1,2})月(.{1,3})日", changed)
        assert dated is not None
        assert dated[1] in {f"二〇{tens}{ones}" for tens in "一二" for ones in "〇一二三四五六七八九"} - {
            "二〇二三"
        }
        assert dated[2] in {"一", "二", "三", "四", "六", "七", "八", "九", "十", "十一", "十二"}
        day = numbers(f"第{dated[3]}日", "zh")[0].values[0]
        assert (1 <= day <= 28, day != 16) == (True, True)
        assert re.search("超过[三四五六七八九]十[三四五六七八九]毫米", changed)
        assert "三十二毫米" not in changed
        assert re.search("约为[三四五六七八九]百[三四五六七八九]十万元", changed)


@pytest.mark.parametrize(
    ("lang", "before", "after"),
    [
        ("en", "The pool will open in May.", "The pool will not open in May."),
        ("en", "The pool has been closed.", "The pool has not been closed."),
        ("en", "Dogs aren’t allowed.", "Dogs are allowed."),
        ("en", "They cannot swim.", "They can swim."),
        ("en", "It won't rain.", "It will rain."),
        ("en", "The pool, which is old, was sold.", "The pool, which is old, was not sold."),
        ("en", "When it rains, games are cancelled.", "When it rains, games are not cancelled."),
        ("en", "That was all.", "That was not all."),
        ("en", "The pool has three doors.", "The pool has three doors."),
        ("en", "Was it sold?", "Was it sold?"),
        ("en", "He said: “It was sold.”", "He said: “It was sold.”"),
        ("en", "People who are tired sleep.", "People who are tired sleep."),
        ("zh", "居民可以使用泳池。", "居民不可以使用泳池。"),
        ("zh", "他没有签字。", "他有签字。"),
        ("zh", "这是最高的楼。", "这不是最高的楼。"),
        ("zh", "但是楼很高。", "但是楼很高。"),
        ("zh", "是否属于工伤？", "是否属于工伤？"),
        ("de", "Das ist nicht gut.", "Das ist nicht gut."),
    ],
)
def test_negation(lang: str, before: str, after: str) -> None:
    assert perturb(before, "negation", lang, rate=1) == after


def test_negation_changes_at_least_one_sentence() -> None:
    assert all(perturb(HARBOUR, "negation", "en", seed, rate=0.01) != HARBOUR for seed in range(10))


@pytest.mark.parametrize(
    ("lang", "before", "after"),
    [
        ("en", "Employees often get a costly bike.", "Workers frequently get an expensive bicycle."),
        ("en", "An illness was revealed.", "A disease was disclosed."),
        ("en", "The well-kept Firm.", "The well-kept Company."),
        ("zh", "因为价格提高，他购买了两台。", "由于价钱提升，他购置了两台。"),
        ("de", "Die Firma.", "Die Firma."),
    ],
)
def test_synonyms_in_the_same_form(lang: str, before: str, after: str) -> None:
    assert perturb(before, "synonyms", lang, rate=1) == after


def test_synonyms_leave_names_and_numbers() -> None:
    changed = perturb(HARBOUR, "synonyms", "en", 0, rate=1)
    assert changed != HARBOUR
    for fact in ("Merrin", "Edda Falk", "3 June 2021", "14 centimetres", "2.4 million", "twelve per cent"):
        assert fact in changed
