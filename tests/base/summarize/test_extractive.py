"""The baselines copy whole sentences within the request's bounds, in any length and language."""

from __future__ import annotations

import time

import pytest

from epitome.documents import count_length, from_text, sentences
from epitome.errors import UsageError
from epitome.summarize.extractive import METHODS, extract
from epitome.types import Document, Length, Request

STORY = from_text(
    "Harbour news\n\n"
    "The port of Velm will close its oldest quay in March. Coal was unloaded there for a hundred years. "
    "Today the quay serves two fishing boats and a museum ship. The port wants to sell the quay to the city. "
    "The city plans a park on the quay, with a bridge to the museum.\n\n"
    "Fishermen fear for their place at the quay. Their boats are too deep for the new basin. The port has offered "
    "them a place at the ferry terminal. The council will vote about the park and the bridge in May."
)  # fmt: skip
CHINESE = from_text(
    "港口将于三月关闭最老的码头。煤炭在那里装卸了一百年。今天码头只停靠两艘渔船和一艘博物馆船。"
    "港口希望把码头卖给市政府。市政府计划在码头上建一座公园，并修一座通往博物馆的桥。渔民担心失去码头的泊位。",
    language="zh",
)


def texts(document: Document, method: str, request: Request) -> list[str]:
    return [document.text[start:end] for start, end in extract(document, method, request)]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("document", [STORY, CHINESE])
@pytest.mark.parametrize("style", ["sentence", "paragraph", "bullets", "tldr"])
def test_sentences_are_copied_whole_and_in_order(method: str, document: Document, style: str) -> None:
    spans = extract(document, method, Request(style=style))  # type: ignore[arg-type]
    assert spans == sorted(spans)
    assert set(spans) <= set(sentences(document.text, document.language))
    assert len(spans) == 1 if style in ("sentence", "tldr") else 2 <= len(spans) <= 6


def test_lead_is_the_first_sentence_and_no_heading() -> None:
    assert texts(STORY, "lead", Request(style="sentence")) == [
        "The port of Velm will close its oldest quay in March."
    ]


@pytest.mark.parametrize("method", ["textrank", "lexrank"])
def test_a_ranked_sentence_is_about_what_the_text_is_about(method: str) -> None:
    assert "quay" in texts(STORY, method, Request(style="sentence"))[0]
    assert "码头" in texts(CHINESE, method, Request(style="sentence"))[0]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("words", [Length(20, 30), Length(30, 40), Length(None, 25), Length(40, 50)])
def test_the_words_lie_within_the_bounds(method: str, words: Length) -> None:
    chosen = texts(STORY, method, Request(style="paragraph", words=words))
    assert sum(map(count_length, chosen)) in words


@pytest.mark.parametrize("method", METHODS)
def test_characters_are_counted_in_chinese(method: str) -> None:
    chosen = texts(CHINESE, method, Request(style="paragraph", words=Length(30, 50)))
    assert sum(count_length(text, "zh") for text in chosen) in Length(30, 50)


@pytest.mark.parametrize("method", METHODS)
def test_as_many_sentences_as_asked(method: str) -> None:
    assert len(extract(STORY, method, Request(style="paragraph", sentences=Length(3, 3)))) == 3


@pytest.mark.parametrize("method", METHODS)
def test_short_and_odd_documents_still_give_what_they_have(method: str) -> None:
    assert texts(Document("Fire!"), method, Request(style="paragraph")) == ["Fire!"]
    assert extract(Document(""), method, Request(style="paragraph")) == []
    same = Document("The same sentence is here again. " * 12)
    assert texts(same, method, Request(style="paragraph")) == ["The same sentence is here again."]
    strangers = Document("Alpha beta gamma delta epsilon. One two three four five. Red green blue grey pink.")
    assert len(extract(strangers, method, Request(style="paragraph", sentences=Length(2, 2)))) == 2


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(UsageError, match="lead, textrank, lexrank"):
        extract(STORY, "lsa", Request())


@pytest.mark.parametrize("method", ["textrank", "lexrank"])
def test_time_grows_with_the_length_not_with_its_square(method: str) -> None:
    def seconds(count: int) -> float:
        lines = [
            f"Lot {at} of the {at % 89}th sale went to house {at * 7 % 211} for {at % 31} coins."
            for at in range(count)
        ]
        document = Document(" ".join(lines))
        began = time.process_time()
        assert extract(document, method, Request(style="paragraph"))
        return time.process_time() - began

    seconds(100)  # imports
    assert seconds(4000) < 10 * seconds(800)
