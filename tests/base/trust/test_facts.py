"""Numbers and quotations that the source does not contain: found, and nothing else found."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epitome.trust.facts import FactIndex, unsupported
from epitome.trust.numbers import numbers


def flagged(text: str, source: str, language: str = "en") -> list[str]:
    return [fact.text for fact in unsupported(text, source, language)]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1,200,000", "1200000"),
        ("1.2 million", "1200000"),
        ("1.2m people", "1200000"),
        ("£3bn", "3000000000"),
        ("12.5 per cent", "12.5"),
        ("twenty-five", "25"),
        ("one hundred and twenty", "120"),
        ("two hundred thousand", "200000"),
        ("a dozen", "12"),
        ("the twenty-first century", "21"),
        ("the 21st century", "21"),
        ("２０２３", "2023"),
        ("二〇二三年", "2023"),
        ("一百二十万元", "1200000"),
        ("三亿五千万", "350000000"),
        ("1.2万人", "12000"),
        ("百分之三十", "30"),
        ("三成", "30"),
        ("第十五次", "15"),
        ("三点五倍", "3.5"),
    ],
)
def test_one_number_is_read_whichever_way_it_is_written(written: str, value: str) -> None:
    assert Decimal(value) in numbers(written, "zh" if written[-1] > "\u3000" else "en")[0].values


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("It sold 1.2 million copies.", "The firm sold 1,200,000 copies."),
        ("Twelve people came.", "There were 12 people; a dozen in all."),
        ("Sales rose 30%.", "Sales rose by thirty per cent."),
        ("Between 20% and 30% agreed.", "Some 20-30 per cent agreed."),
        ("It cost 2m to 3m pounds.", "It cost £2-3 million."),
        ("About 300 came.", "297 visitors came."),
        ("The rate was 3.5%.", "The rate was 3.47%."),
        ("The 1990s were good.", "In 1994 all was good."),
        ("From 2019 to 2020.", "In the season 2019-20 it rained."),
        ("The train left at 10.30.", "The train left at 10:30."),
        ("They won twice, in two years.", "Both years were won."),
        ("One of them said so.", "He said so."),
        ("A seq2seq model in 3D.", "A sequence-to-sequence model in space."),
        ("COVID-19 closed the schools.", "The coronavirus closed the schools."),
        ("1. Read it. 2. Keep it.", "Read and keep it."),
    ],
)
def test_the_same_number_written_otherwise_is_supported(text: str, source: str) -> None:
    assert flagged(text, source) == []


@pytest.mark.parametrize(
    ("text", "source", "expected"),
    [
        ("Five people died in 2019.", "Three people died in 2019.", ["Five"]),
        ("Profits rose 12%.", "Profits rose 21%; 12 shops closed.", ["12"]),
        ("He got $5 million.", "He got 5 million euros.", ["5 million"]),
        ("It is 5 miles away.", "It is 5 km away.", ["5"]),
        ("The 1980s were good.", "In 1994 all was good.", ["1980"]),
        ("Founded in 1987, it employs 250.", "Founded in 1978, it employs 240.", ["1987", "250"]),
        ("It grew 3.6%.", "It grew 3.47%.", ["3.6"]),
    ],
)
def test_a_number_that_the_source_does_not_have_is_flagged(
    text: str, source: str, expected: list[str]
) -> None:
    assert flagged(text, source) == expected


def test_each_fact_says_where_it_stands_and_what_the_source_says_instead() -> None:
    text, source = (
        "The fire killed five people.",
        "On 3 May a fire killed three people in Lyme; 40 firemen came.",
    )
    [fact] = unsupported(text, source)
    assert (fact.kind, text[fact.start : fact.end]) == ("number", "five")
    assert "three people" in fact.nearest


def test_chinese_numbers_are_checked_across_writings() -> None:
    source = "二〇二三年，公司营业收入为一百二十万元，同比增长百分之三十，员工１，５００人。"
    assert flagged("2023年公司收入120万元，增长30%，有1500名员工。", source, "zh") == []
    assert flagged("2022年公司收入130万元，统一管理，十分出色。", source, "zh") == ["2022", "130万"]


def test_quotations_are_verbatim_but_for_marks_spaces_and_what_the_writer_left_out() -> None:
    source = "The minister said: ‘We did n't know\nabout the leak , and we will act — at once.’ He left."
    assert flagged('She said: "We didn\'t know about the leak".', source) == []
    assert flagged("“We didn't know … and we will act [soon] at once,” he said.", source) == []
    assert flagged('He said "we always knew about the leak".', source) == ["we always knew about the leak"]
    [fact] = unsupported('He said "we will act very soon".', source)
    assert fact.nearest.startswith("we will act")


def test_a_term_in_quotation_marks_must_be_the_sources_too() -> None:
    assert flagged('The "green lung" of the city is closing.', "The park closes.") == ["green lung"]
    assert flagged('The "green lung" of the city is closing.', "The city's green lung closes.") == []
    assert flagged("他说：“我们绝不会放弃这个项目”。", "他说项目已经停止。", "zh") == [
        "我们绝不会放弃这个项目"
    ]


WORDS = st.sampled_from(
    [
        "five",
        "12",
        "1,200",
        "3.5%",
        "£4m",
        "twenty-one",
        "third",
        "2019-20",
        "10:30",
        "“we shall see them”",
        "people",
        "in",
        "the",
        "a dozen",
        ".",
        ",",
        "二〇二三年",
        "三成",
        "第五次",
        "1.2万",
        "一些",
        "\n",
        "1.",
        "½",
        "9/11",
        "1990s",
    ]
)


@given(st.lists(WORDS, max_size=25).map(" ".join), st.sampled_from(["en", "zh", "de"]))
def test_copying_the_source_invents_nothing(source: str, language: str) -> None:
    assert unsupported(source, source, language) == []


@given(st.text(max_size=80), st.text(max_size=80), st.sampled_from(["en", "zh"]))
def test_any_text_can_be_checked_and_spans_are_exact(text: str, source: str, language: str) -> None:
    for fact in unsupported(text, source, language):
        assert text[fact.start : fact.end] == fact.text


def test_a_long_source_is_read_once_in_linear_time() -> None:
    source = " ".join(
        f"In {1900 + at % 120} the firm sold {at} units for ${at * 3:,}." for at in range(10_000)
    )
    began = time.perf_counter()
    index = FactIndex(source)
    for _ in range(20):
        assert [fact.text for fact in index.unsupported("In 77,777 it sold 12 units.")] == ["77,777"]
    assert time.perf_counter() - began < 10
