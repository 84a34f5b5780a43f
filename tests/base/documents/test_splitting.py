"""Sentences: where readers would put the borders, exactly, and in linear time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epitome.documents import sentences


def split(text: str, language: str = "en") -> list[str]:
    return [text[start:end] for start, end in sentences(text, language)]


@pytest.mark.parametrize(
    "text",
    [
        "Mr. Smith met Dr. Jones in St. Albans.",
        "The U.S. Government paid $3.5 million, e.g. for roads.",
        "J. K. Rowling and G. R. R. Martin were there.",
        "See Fig. 3, Eq. 4 and Sec. 5.1 for details.",
        "The hearing began at 5 p.m. Monday in Court No. 4.",
        "Smith v. The Queen was decided in 1987.",
        "It rose by 2.5 per cent, i.e. more than expected.",
        "Li et al. (2020) found the opposite.",
        "The vol. 3 edition has pp. 12-15 missing.",
        "1. Switch the machine off.",
        "(a) The tenant shall pay the rent.",
        "“Really?” he asked.",
        "Acme Inc. said it would appeal.",
    ],
)
def test_a_full_stop_inside_a_sentence_does_not_end_it(text: str) -> None:
    assert split(text) == [text]


@pytest.mark.parametrize(
    "parts",
    [
        ["He moved to the U.S.", "The company followed."],
        ["They chose plan B.", "Then they left."],
        ["“Stop.”", "She ran."],
        ["(This is an aside.)", "The rest follows."],
        ["What?!", "Nobody had told them."],
        ["It ended in 2019.", "In 2020 it began again."],
        ["He waited...", "Nothing happened."],
    ],
)
def test_sentences_end_where_they_end(parts: list[str]) -> None:
    assert split(" ".join(parts)) == parts


def test_line_breaks_and_blank_lines_always_end_a_sentence() -> None:
    assert split("- one item\n- two items\n\nA heading\n\nText without stop") == [
        "- one item",
        "- two items",
        "A heading",
        "Text without stop",
    ]
    assert split("He met Dr.\n\nWho was there.") == ["He met Dr.", "Who was there."]


@pytest.mark.parametrize(
    "parts",
    [
        ["他走了。", "她留下了！", "真的吗？"],
        ["他说：“你好。”", "然后走了。"],
        ["第一，修桥；", "第二，修路。"],
        ["好吧……", "我同意。"],
        ["《你好！李焕英》很好看。", "我看了两遍。"],
        ["“真的吗？”他问。", "没有人回答。"],
        ["价格是3.5元（见附表。），比去年高。", "下月调整。"],
        ["温度为３．５度．", "实验结束．"],
    ],
)
def test_chinese_sentences(parts: list[str]) -> None:
    assert split("".join(parts), "zh") == parts


def test_japanese_and_regional_codes() -> None:
    assert split("橋が開通した。人々は喜んだ。", "ja") == ["橋が開通した。", "人々は喜んだ。"]
    assert split("他走了。她留下了。", "zh-CN") == ["他走了。", "她留下了。"]
    assert split("One here. Two there.", "xx") == ["One here.", "Two there."]


TEXTS = st.text(max_size=300) | st.text(alphabet="abAB .!?\n\"'”’()。！？…；0123-é", max_size=200)


@given(TEXTS, st.sampled_from(["en", "zh", "ja", "de", "ko"]))
def test_spans_are_in_order_trimmed_and_cover_all_that_is_not_space(text: str, language: str) -> None:
    at = 0
    covered = ""
    for start, end in sentences(text, language):
        assert at <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip()
        assert "\n" not in text[start:end]
        covered += text[start:end]
        at = end
    assert "".join(covered.split()) == "".join(text.split())


@pytest.mark.parametrize("language", ["en", "zh"])
def test_100_000_words_take_linear_time(language: str) -> None:
    unit = (
        "The council met Mr. Orr at 5 p.m. today and agreed on plan B. "
        if language == "en"
        else "他走了，她留下。"
    )
    long = unit * (100_000 // 15)
    begun = time.perf_counter()
    count = len(sentences(long, language))
    elapsed = time.perf_counter() - begun
    assert count == 100_000 // 15
    begun = time.perf_counter()
    assert len(sentences(long * 4, language)) == 4 * count
    # Four times the text, at most about six times the time (and a floor for noise).
    assert time.perf_counter() - begun < 6 * elapsed + 1.0


def test_one_endless_line_without_a_full_stop() -> None:
    assert len(sentences("word " * 200_000, "en")) == 1


def test_chinese_set_with_ascii_points_is_split_at_them() -> None:
    text = "支气管哮喘(哮喘)是常见病.中医学认为,本病由伏痰内停所致.约占3.5%的人."
    assert split(text, "zh") == [
        "支气管哮喘(哮喘)是常见病.",
        "中医学认为,本病由伏痰内停所致.",
        "约占3.5%的人.",
    ]


def test_a_point_in_a_foreign_name_does_not_end_a_chinese_sentence() -> None:
    assert split("作家约翰.史密斯来了。他走了。", "zh") == ["作家约翰.史密斯来了。", "他走了。"]
