"""Which passages a sentence rests on: the right ones, with exact offsets, at any length."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from epitome.documents import from_text
from epitome.metrics.content import terms
from epitome.trust.passages import Passages
from epitome.types import Document, Origin

REPORT = from_text(
    "The council met on Monday evening in the old town hall. It had to decide about the swimming pool.\n\n"
    "Engineers had found cracks in the basin, and water was lost every night since the spring of last year. "
    "They proposed a steel basin, which would last for forty years and cost two million euros.\n\n"
    "The library asked for longer opening hours. Its director said that students need quiet rooms in winter.\n\n"
    "After three hours the council voted for the steel basin. Work on it begins in October."
)


def test_the_passage_that_says_it_in_other_words_comes_first() -> None:
    best = Passages(REPORT).best("Cracked basins lost water at night.")[0]
    assert "cracks in the basin" in best.text
    assert best.paragraph == 2
    assert REPORT.text[best.start : best.end] == best.text


def test_further_passages_add_what_the_first_lacks() -> None:
    found = Passages(REPORT).best("Engineers proposed steel; students wanted quiet rooms.", k=3)
    together = " ".join(span.text for span in found[:2])
    assert "steel" in together
    assert "quiet rooms" in together
    assert all(a.end <= b.start or b.end <= a.start for a in found for b in found if a is not b)


def test_a_copied_sentence_rests_on_itself() -> None:
    [span] = Passages(REPORT).best("the library asked for LONGER opening hours!")
    assert span.text == "The library asked for longer opening hours"


def test_nothing_in_common_is_no_passage() -> None:
    assert Passages(REPORT).best("Penguins juggle.") == []
    assert Passages(Document("")).best("Anything.") == []


def test_pages_come_from_the_document() -> None:
    text = "Apples grow on trees.\n\nPears are sweeter than apples, most people say."
    document = Document(text, origins=[Origin(0, page=1, paragraph=1), Origin(23, page=2, paragraph=2)])
    spans = {span.page: span for span in Passages(document).best("Pears are sweeter than apples")}
    assert spans[2].paragraph == 2


def test_chinese_is_found_by_pairs_of_characters() -> None:
    text = "法院于周一开庭审理此案。原告要求被告赔偿经济损失三万元。被告认为合同已经解除，不应承担违约责任。"
    document = from_text(
        text * 1 + "\n\n" + "天气预报说明天有雨，请市民注意出行安全，带好雨具，减少外出。", language="zh"
    )
    best = Passages(document).best("被告称合同解除，拒绝承担责任。")[0]
    assert "违约责任" in best.text
    assert best.paragraph == 1
    assert terms("合同的解除", "zh") == ["合同", "解除"]


LINES = st.lists(
    st.sampled_from(
        ["The cat sat on the mat.", "It rained.", "法院判决。", "A dog, 3 cats", "yes", "\n\n", "…"]
    ),
    max_size=30,
).map(" ".join)


@given(LINES, LINES, st.sampled_from(["en", "zh"]))
def test_every_span_is_exact_and_every_word_lies_in_a_window(text: str, sentence: str, language: str) -> None:
    passages = Passages(Document(text, language=language))
    for span in passages.best(sentence):
        assert text[span.start : span.end] == span.text
    covered = {at for start, end in passages.windows for at in range(start, end)}
    assert all(at in covered for at, char in enumerate(text) if char.isalnum())


def test_a_sentence_without_end_is_cut_into_windows() -> None:
    text = " ".join(f"word{at}" for at in range(1000))
    windows = Passages(Document(text)).windows
    assert all(len(text[start:end].split()) <= 100 for start, end in windows)
    assert windows[-1][1] == len(text)


def test_a_hundred_thousand_words_are_indexed_once_and_asked_fast() -> None:
    lines = [
        f"Item {at} of lot {at % 97} went to bidder number {at * 7 % 1009} for a price." for at in range(7200)
    ]
    passages = Passages(Document(" ".join(lines)))
    began = time.perf_counter()
    assert "Item 5000 " in passages.best("Bidder 694 took item 5000.")[0].text
    built = time.perf_counter() - began
    began = time.perf_counter()
    for at in range(20):
        assert passages.best(f"Who took item {at * 300}?")
    assert built < 15
    assert time.perf_counter() - began < 5
