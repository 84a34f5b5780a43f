"""Subtitles: running text with its times."""

from __future__ import annotations

from pathlib import Path

import pytest

from epitome.documents import read, sentences
from epitome.errors import SourceError

EXAMPLES = Path(__file__).parents[3] / "examples"


def test_cues_become_sentences_with_times() -> None:
    document = read(EXAMPLES / "talk.srt")
    found = [document.text[start:end] for start, end in sentences(document.text)]
    assert found[0] == "Good evening."
    assert (
        "Of the 412 clocks that came into my shop last year, 287 needed nothing but cleaning and oil."
        in found
    )
    place = document.origin(document.text.index("287 needed"))
    assert place is not None
    assert place.time == 18.9
    assert "<i>" not in document.text
    assert "-->" not in document.text


def test_a_pause_after_a_sentence_begins_a_paragraph() -> None:
    paragraphs = read(EXAMPLES / "talk.srt").text.split("\n\n")
    assert [part.split(" ", 2)[0] for part in paragraphs] == ["Good", "The", "So"]


def test_webvtt_with_voices_notes_and_scrolling_captions(tmp_path: Path) -> None:
    path = tmp_path / "talk.vtt"
    path.write_text(
        "WEBVTT - a title\n\nNOTE not this\n\nSTYLE\n::cue { color: red }\n\n"
        "intro\n00:01.000 --> 00:03.000 align:start\n<v Anna>Hello &amp; welcome\n\n"
        "00:03.000 --> 00:05.000\n<00:03.500><c>to the show.</c>\n\n"
        "00:05.000 --> 00:06.000\nto the show.\nWe begin\n\n"
        "01:00:06.000 --> 01:00:08.000\nWe begin\nat once.\n",
        encoding="utf-8",
    )
    document = read(path)
    assert " ".join(document.text.split()) == "Anna: Hello & welcome to the show. We begin at once."
    assert document.origins[-1].time == 3606


def test_speakers_begin_their_own_paragraphs(tmp_path: Path) -> None:
    path = tmp_path / "talk.srt"
    path.write_text(
        "1\r\n00:00:01,000 --> 00:00:02,000\r\n- Where were you?\r\n\r\n"
        "2\r\n00:00:02,100 --> 00:00:03,000\r\n- At sea.\r\n"
    )
    assert read(path).text == "- Where were you?\n\n- At sea."


def test_chinese_cues_are_joined_without_spaces(tmp_path: Path) -> None:
    path = tmp_path / "talk.srt"
    path.write_text(
        "1\n00:00:01,000 --> 00:00:02,000\n这座茶厂建于\n\n2\n00:00:02,100 --> 00:00:03,000\n一九五八年。\n",
        encoding="utf-8",
    )
    assert read(path).text == "这座茶厂建于一九五八年。"


def test_a_file_without_cues_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.vtt"
    path.write_text("WEBVTT\n\nNOTE nothing here\n")
    with pytest.raises(SourceError, match="no subtitles with text"):
        read(path)
