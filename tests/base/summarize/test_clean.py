"""What a model says besides the summary is taken away; what it says in it stays."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epitome.summarize.clean import ended, pieces, spoken

SAID = "The bridge over the Elm reopened on Monday after two years of repairs."


@pytest.mark.parametrize(
    "raw",
    [
        SAID,
        f"  {SAID}\n",
        f"Here is a summary: {SAID}",
        f"Here is a one-sentence summary of the input text:\n\n{SAID}",
        f"Here's the summary:\n{SAID}",
        f"Sure! Here is a short summary: {SAID}",
        f"Sure, here's the summary: {SAID}",
        f"Certainly! {SAID}",
        f"Of course! I'd be happy to help. Here is the summary: {SAID}",
        f"I'll summarize the text for you. {SAID}",
        f"Below is a concise summary of the article: {SAID}",
        f"The following is a summary: {SAID}",
        f"This is a one-sentence summary: {SAID}",
        f"Summary: {SAID}",
        f"**Summary:** {SAID}",
        f"**Summary**: {SAID}",
        f"* **Main point:** {SAID}",
        f"TL;DR: {SAID}",
        f"TLDR: {SAID}",
        f"Headline: {SAID}",
        f"Answer: {SAID}",
        f"**{SAID}**",
        "The **bridge** over the `Elm` reopened on Monday after two years of __repairs__.",
        f"- {SAID}",
        f"* {SAID}",
        f"1. {SAID}",
        f"1) {SAID}",
        f'"{SAID}"',
        f"“{SAID}”",
        f"'{SAID}'",
        f"{SAID}<|im_end|>",
        f"{SAID}<|im_end|>\n<|im_start|>user\nAnd now?",
        f"{SAID}</s>",
        f"{SAID}<end_of_turn>",
        f"<|im_start|>assistant\n{SAID}<|im_end|>",
        f"<think>\nThe text is about a bridge.\n</think>\n\n{SAID}",
        f"{SAID} {SAID}",
        f"{SAID} {SAID} {SAID} The bridge over",
        f"{SAID} The council has also decided to",
        f"This response is a summary of the text. {SAID}",
        f"I'm sorry, but I cannot do that. {SAID}",
        f"{SAID} The user asked for one sentence.",
    ],
)
def test_only_the_sentence_is_left(raw: str) -> None:
    assert spoken(raw, "en") == [SAID]


@pytest.mark.parametrize(
    "sentence",
    [
        "$3.5 billion was paid for the mill.",
        "-5 degrees were measured in the valley.",
        "“We won,” said the mayor.",
        '"We won," said the mayor.',
        "(The park is closed.)",
        "Sure, the company lost money, but it survived.",
        "Certainly the board, after a long debate, decided to sell.",
        "OK Computer, released in 1997, was praised.",
        "Of course the minister, who knew, said nothing.",
        "This is the third time the council failed to agree on one thing: the budget.",
        "The user must press the red button before the lid opens.",
        "The answer to the drought is a second well.",
        "The prompt action of the crew saved the ship.",
        "This response by the ministry came too late.",
        "The instruction manual was printed in 1962.",
        "I will never leave this valley again, the farmer said.",
        "Mr. Hale paid 3.5 percent to the U.S. government.",
    ],
)
def test_a_sentence_of_the_document_keeps_what_it_begins_with(sentence: str) -> None:
    assert spoken(sentence, "en") == [sentence]


def test_a_torn_end_is_a_piece_but_not_spoken() -> None:
    assert pieces(f"{SAID} The council", "en") == [SAID, "The council"]
    assert spoken("The council has decided that", "en") == []


def test_bullets_are_sentences_each() -> None:
    assert spoken("- It rained.\n- The river rose.\n- The mill flooded.", "en") == [
        "It rained.",
        "The river rose.",
        "The mill flooded.",
    ]


def test_chinese() -> None:
    assert spoken("摘要：大桥于周一重新开放。工程历时两年。", "zh") == [
        "大桥于周一重新开放。",
        "工程历时两年。",
    ]
    assert spoken("“大桥于周一重新开放。”", "zh") == ["大桥于周一重新开放。"]


@pytest.mark.parametrize("raw", ["", "   \n", "Here is a summary:", "Sure!", "<|im_end|>", "**", "<think>hm"])
def test_nothing_said_is_nothing(raw: str) -> None:
    assert spoken(raw, "en") == []


def test_what_ends_a_sentence() -> None:
    assert all(map(ended, ["Yes.", "Yes!", 'He said "yes."', "是。", "（是。）", "What?", "Well…"]))
    assert not any(map(ended, ["Yes", "Yes,", "", "3.5 percent", "是，"]))


@given(
    st.text(max_size=300) | st.text("ab .!\n-*\"'<|>:Sure", max_size=200), st.sampled_from(["en", "zh", "fr"])
)
def test_every_sentence_was_said(raw: str, language: str) -> None:
    plain = re.sub(r"\*\*|__|`|\s", "", raw)
    for sentence in pieces(raw, language):
        said = re.sub(r"\*\*|__|`|\s", "", sentence)
        assert said in plain or said.removesuffix(".") in plain
        assert sentence == sentence.strip()
    assert set(spoken(raw, language)) <= set(pieces(raw, language))
    assert len(set(pieces(raw, language))) == len(pieces(raw, language))
