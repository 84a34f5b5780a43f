"""What the package promises, with the real default model."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from threading import Event
from typing import Any

import pytest
from tests.base.summarize.texts import CHINESE, FRENCH, OWL, TIDE, WELL

import epitome
from epitome import Document, EpitomeError, Length, Request, Summarizer, Summary
from epitome.documents import count_length, from_text
from epitome.errors import ModelError, SourceError, UsageError
from epitome.summarize.clean import ended


@pytest.fixture(scope="module")
def tide(summarizer: Summarizer) -> Summary:
    return summarizer(TIDE)


def test_a_news_report_becomes_one_whole_sentence(tide: Summary) -> None:
    assert len(tide.sentences) == 1
    assert tide.text == tide.sentences[0].text == str(tide)
    assert tide.text[0].isupper()
    assert ended(tide.text)
    assert 8 <= count_length(tide.text) < count_length(TIDE)
    assert "mill" in tide.text
    assert not tide.text.lower().startswith(("here is", "summary", "sure", "this text"))
    assert "<|" not in tide.text


def test_the_whole_document_was_read_and_nothing_is_unmet(tide: Summary) -> None:
    assert (tide.read_share, tide.unmet, tide.kind) == (1.0, [], "abstractive")
    (step,) = tide.steps
    assert (step.stage, step.start, step.end) == ("write", 0, len(from_text(TIDE).text))


def test_the_summary_says_how_it_was_made(tide: Summary) -> None:
    assert (tide.model, tide.adapter, tide.engine, tide.language) == ("smollm2-135m", None, "llamacpp", "en")
    assert tide.prompt.startswith("summarize/")
    assert tide.version == epitome.__version__
    assert tide.seconds > 0
    assert tide.prompt_tokens > 200
    assert tide.generated_tokens > 5


def test_each_sentence_shows_the_passages_it_rests_on(summarizer: Summarizer) -> None:
    document = from_text(f"{WELL}\n\n{OWL}")
    summary = summarizer(document, sentences=2)
    assert len(summary.sentences) == 2
    for sentence in summary.sentences:
        assert 0 <= sentence.support <= 1
        assert sentence.sources
        for span in sentence.sources:
            assert span.text == document.text[span.start : span.end]
            assert span.paragraph in (1, 2)
    assert " ".join(sentence.text for sentence in summary.sentences) == summary.text


@pytest.mark.parametrize(
    ("fields", "least", "most"),
    [({"words": "10-20"}, 10, 20), ({"words": 30}, 24, 30), ({"words": Length(None, 15)}, 1, 15)],
)
def test_the_length_asked_for_is_kept(
    summarizer: Summarizer, fields: dict[str, Any], least: int, most: int
) -> None:
    summary = summarizer(TIDE, **fields)
    assert least <= count_length(summary.text) <= most
    assert ended(summary.text)
    assert summary.unmet == []


def test_each_style_looks_like_it(summarizer: Summarizer) -> None:
    bullets = summarizer(WELL, style="bullets")
    assert 2 <= len(bullets.sentences) <= 4
    assert all(line.startswith("- ") and ended(line) for line in bullets.text.splitlines())
    assert len(bullets.text.splitlines()) == len(bullets.sentences)
    headline = summarizer(WELL, style="headline")
    assert count_length(headline.text) <= 14
    assert not headline.text.endswith(".")
    assert "\n" not in headline.text
    tldr = summarizer(WELL, style="tldr")
    assert count_length(tldr.text) <= 30
    assert len(tldr.sentences) == 1


def test_a_term_to_mention_is_in_the_summary_or_said_to_be_missing(summarizer: Summarizer) -> None:
    summary = summarizer(WELL, mention=("schoolteacher", "submarine"))
    assert "schoolteacher" in summary.text
    assert [(unmet.request, unmet.reason) for unmet in summary.unmet] == [
        ("mention submarine", "the source does not name it")
    ]


def test_a_single_term_may_be_a_string(summarizer: Summarizer) -> None:
    summary = summarizer(WELL, mention="submarine")
    assert [unmet.request for unmet in summary.unmet] == ["mention submarine"]


def test_a_focus_changes_what_is_said(summarizer: Summarizer) -> None:
    summary = summarizer(TIDE, focus="the fish pass and the anglers", sentences=1)
    assert {"fish", "trout", "anglers"} & set(
        summary.text.lower().replace(".", " ").replace(",", " ").split()
    )


def test_the_same_seed_gives_the_same_text_whatever_came_before(
    summarizer: Summarizer, tide: Summary
) -> None:
    asked = Request(candidates=2, seed=5)
    first = summarizer(WELL, asked)
    assert summarizer(WELL, asked).text == first.text
    assert summarizer(TIDE).text == tide.text
    assert summarizer(WELL, asked).text == first.text


def test_all_errors_and_summaries_of_a_batch_come_in_order(summarizer: Summarizer) -> None:
    results = list(summarizer.batch([WELL, "  ", OWL, FRENCH]))
    assert [type(result) for result in results] == [Summary, SourceError, Summary, ModelError]
    well, _, owl, _ = results
    assert "well" in str(well)
    assert {"owl", "warden", "organ", "organist"} & set(
        str(owl).lower().replace(",", " ").replace(".", " ").split()
    )


def test_a_summary_may_be_summarised_while_a_batch_is_under_way(summarizer: Summarizer) -> None:
    """What is done with one result may use the summariser again."""
    for summary in summarizer.batch([WELL, OWL]):
        assert isinstance(summary, Summary)
        assert str(summarizer(WELL, words="5-15"))
        break


@pytest.mark.parametrize("style", ["sentence", "bullets"])
def test_the_pieces_of_a_stream_joined_are_the_summary(summarizer: Summarizer, style: str) -> None:
    stream = summarizer.stream(WELL, style=style)
    pieces = list(stream)
    assert stream.summary is not None
    assert "".join(pieces) == stream.summary.text
    assert stream.summary.unmet == []
    assert list(stream) == []


def test_a_stream_that_is_cancelled_ends_without_a_summary(summarizer: Summarizer) -> None:
    cancel = Event()
    stream = summarizer.stream(WELL, style="bullets", cancel=cancel)
    assert next(stream)
    cancel.set()
    assert list(stream) == []
    assert stream.summary is None


def test_a_stream_left_alone_blocks_nobody(summarizer: Summarizer) -> None:
    stream = summarizer.stream(WELL, style="bullets")
    assert next(stream).startswith("- ")
    assert summarizer(OWL).text


def test_without_blocking_the_event_loop(summarizer: Summarizer) -> None:
    async def both() -> tuple[Summary, int]:
        task = asyncio.ensure_future(summarizer.acall(WELL))
        turns = 0
        while not task.done():
            await asyncio.sleep(0.01)
            turns += 1
        return task.result(), turns

    summary, turns = asyncio.run(both())
    assert "well" in summary.text
    assert turns > 3


def test_the_dictionary_is_what_json_prints(tide: Summary) -> None:
    shown = json.loads(json.dumps(tide.as_dict()))
    wanted = {"text", "sentences", "unmet", "read_share", "model", "adapter", "language", "seconds"}
    assert wanted <= set(shown)
    assert set(shown["sentences"][0]) >= {"text", "support", "sources"}
    assert set(shown["sentences"][0]["sources"][0]) >= {"start", "end", "text", "page", "paragraph"}


def test_a_language_the_model_does_not_know_is_refused_with_what_would_do_it(summarizer: Summarizer) -> None:
    for text, code in ((CHINESE, "zh"), (FRENCH, "fr")):
        with pytest.raises(ModelError, match=f"knows en only.*'{code}'") as caught:
            summarizer(Document(text, language=code, source="article.txt"))
        assert all(word in str(caught.value) for word in ("article.txt", "gemma3-270m", "lexrank"))
    with pytest.raises(ModelError):
        summarizer(TIDE, language="zh")


def test_the_extractive_baselines_copy_and_say_so() -> None:
    with Summarizer("lexrank") as lexrank:
        summary = lexrank(CHINESE)
        assert (summary.kind, summary.model, summary.language) == ("extractive", "lexrank", "zh")
        assert all(sentence.text in CHINESE for sentence in summary.sentences)
        assert "copied" in summary.reasons[0]
        with pytest.raises(UsageError, match="cannot follow"):
            lexrank(CHINESE, focus="洪水")
        stream = lexrank.stream(CHINESE)
        assert "".join(stream) == summary.text
    with pytest.raises(UsageError, match="no adapter"):
        Summarizer("lead", adapter="some.gguf")


@pytest.mark.parametrize(
    "fields",
    [
        {"wrods": 5},
        {"style": "haiku"},
        {"words": "few"},
        {"words": (40, 60)},
        {"words": Length(60, 40)},
        {"sentences": 0},
    ],
)
def test_a_request_that_makes_no_sense_is_refused(summarizer: Summarizer, fields: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        summarizer(WELL, **fields)


def test_a_request_object_and_fields_go_together(summarizer: Summarizer) -> None:
    summary = summarizer(WELL, Request(style="bullets", seed=3), sentences=1)
    assert summary.text.startswith("- ")
    assert len(summary.sentences) == 1
    assert summary.seed == 3


def test_a_source_of_a_few_words_is_not_blown_up(summarizer: Summarizer) -> None:
    summary = summarizer("The mill is closed today.")
    assert 1 <= count_length(summary.text) <= 5


def test_the_short_way() -> None:
    assert isinstance(epitome.summarize(CHINESE, model="lead"), Summary)
    with pytest.raises(EpitomeError):
        epitome.summarize("", model="lead")


def test_a_title_may_say_what_the_text_does_not_repeat(summarizer: Summarizer) -> None:
    document = from_text(WELL, title="Hask gets its own water")
    assert summarizer(document).title == "Hask gets its own water"


def test_requests_are_plain_data() -> None:
    assert asdict(Request(words=Length(1, 2)))["words"] == {"least": 1, "most": 2}
