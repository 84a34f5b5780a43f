"""What BERT's tokenizer took apart is spelt as the source spells it."""

from __future__ import annotations

import pytest

from epitome.engines.spelling import Respeller, Spelling

SOURCE = (
    "Dunmere, Jan. 5 - The U.S. government said on Monday that it wouldn't pay 3.5% to Al-Corvo. \"We propose "
    "WIND-based models; results on ABC/DailyTide improve. The ferry left. Müller's “new deal” is well-known.\n"
    "Graph networks are good. IBM said so."
)


@pytest.mark.parametrize(
    ("written", "spelt"),
    [
        ("the u . s . government wouldn ' t pay 3 . 5 % .", "The U.S. government wouldn't pay 3.5%."),
        ("al - corvo and ibm , dunmere", "Al-Corvo and IBM, Dunmere"),
        (
            "we propose wind - based models on abc / dailytide .",
            "We propose WIND-based models on ABC/DailyTide.",
        ),
        ("muller ' s deal is good ( really ) .", "Müller's deal is good (really)."),
        ("graph networks improve . the ferry isn ' t", "Graph networks improve. The ferry isn't"),
        ("the state - of - the - art : 4 . 7 % of 1 , 000", "The state-of-the-art: 4.7% of 1,000"),
        ('he said " new things " and i agreed', 'He said "new things" and I agreed'),
        ("version 4 . 4tide of 2 , 5 and", "Version 4.4tide of 2,5 and"),
        ("is the ferry good ? it left .", "Is the ferry good? It left."),
        ("", ""),
    ],
)
def test_words_marks_and_capitals(written: str, spelt: str) -> None:
    assert Spelling(SOURCE).of(written) == spelt


def test_chinese_has_no_spaces() -> None:
    assert Spelling("法院认为，被告应当赔偿。").of("法 院 认 为 ， 被 告 赔 偿 。") == "法院认为，被告赔偿。"


def test_a_source_word_for_word_comes_back_as_it_is() -> None:
    taken_apart = " ".join(
        "".join(f" {letter} " if not letter.isalnum() else letter for letter in SOURCE).lower().split()
    )
    # A line's break is a space, and the accent is gone before the words are looked up.
    assert Spelling(SOURCE).of(taken_apart.replace("ü", "u")) == SOURCE.replace("\n", " ")


def test_what_goes_on_a_sentence_begins_small_behind_a_space() -> None:
    assert Spelling(SOURCE).of("is good", begun=True) == " is good"


def test_a_stop_string_is_found_in_what_is_spelt() -> None:
    words = ["the", "ferry", "left", ".", "the", "u", ".", "s", ".", "government", "said"]
    respeller = Respeller(
        lambda ids: " ".join(words[at] for at in ids), (". The",), Spelling(SOURCE), begun=False
    )
    fed = 0
    while not respeller.stopped:
        respeller.push([fed])
        fed += 1
    assert fed == 5
    assert respeller.finish() == "The ferry left"
