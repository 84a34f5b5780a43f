from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epitome.trust.dates import DateIndex, dates

SOURCE = "The court sat on Wednesday, 3 May 2023. The appeal is of Sept. 12th; the bill came on 2021-11-30."


def flagged(text: str, source: str = SOURCE) -> list[str]:
    return [fact.text for fact in DateIndex(source).unsupported(text)]


@pytest.mark.parametrize(
    "text",
    [
        "It sat in May.",
        "It sat on 3 May.",
        "It sat on May 3rd, 2023, a Wednesday.",
        "The appeal is of 12 September.",
        "The bill came in November 2021.",
        "The bill may come; they march on.",
        "2023年5月3日开庭。",
    ],
)
def test_a_date_may_say_less_or_be_written_otherwise(text: str) -> None:
    assert flagged(text) == []


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("It sat on 4 May.", "4 May"),
        ("It sat in June.", "June"),
        ("It sat on 3 May 2022.", "3 May 2022"),
        ("It sat on Tuesday.", "Tuesday"),
        ("The bill came in December 2021.", "December 2021"),
        ("二〇二三年六月开庭。", "二〇二三年六月"),
    ],
)
def test_other_dates_are_flagged(text: str, date: str) -> None:
    assert flagged(text) == [date]


def test_the_nearest_date_is_named() -> None:
    [fact] = DateIndex(SOURCE).unsupported("It sat on 5 May.")
    assert fact.nearest == "3 May 2023"


@given(st.text(max_size=200))
def test_a_text_supports_itself(text: str) -> None:
    assert DateIndex(text).unsupported(text) == []
    assert all(0 <= date.start < date.end <= len(text) for date in dates(text))
