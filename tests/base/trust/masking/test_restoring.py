"""The way back, from texts that a model or a person has changed."""

from __future__ import annotations

import json

import pytest

from epitome.errors import SourceError
from epitome.trust.masking import Masker
from epitome.trust.masking.masked import read_mapping, restored

TEXT = "Dr Sarah Lee wrote to sarah@example.org. Lee waits."


@pytest.mark.parametrize(
    "changed",
    [
        "<PERSON_1>", "PERSON_1", "<Person_1>", "<person 1>", "[PERSON_1]", "<PERSON-1>", "＜PERSON_1＞", "<PERSON_1",
        "< PERSON_1 >", "<PERSON_01>",
    ],
)  # fmt: skip
def test_placeholders_are_read_in_many_forms(changed: str) -> None:
    assert Masker()(TEXT).restore(f"Yes, {changed} waits.") == "Yes, Sarah Lee waits."


def test_what_nobody_was_given_stays() -> None:
    masked = Masker()(TEXT)
    for text in (
        "<PERSON_9> came",
        "a person 1 metre tall",
        "XPERSON_1",
        "PERSON_1234",
        "<CARD_1>",
        "IMPERSON_1",
    ):
        assert masked.restore(text) == text


def test_a_person_is_named_in_full_where_the_text_is_another() -> None:
    masked = Masker()("Lee waits. Sarah Lee left.")
    assert masked.restore(masked.text) == "Lee waits. Sarah Lee left."
    assert masked.restore("<PERSON_1> left.") == "Sarah Lee left."
    assert masked.restore(masked.text.replace("waits", "slept")) == "Lee slept. Sarah Lee left."


def test_placeholders_of_the_text_itself_are_left_alone() -> None:
    text = "<PERSON_1> and person_2 met Sarah Lee. #Person3# nodded."
    masked = Masker()(text)
    assert masked.text == "<PERSON_1> and person_2 met <PERSON_4>. #Person3# nodded."
    assert masked.restore("<PERSON_1> met <PERSON_4>") == "<PERSON_1> met Sarah Lee"


def test_a_mapping_survives_its_file() -> None:
    masked = Masker()(TEXT)
    entities, wordings = read_mapping(json.dumps(masked.mapping()), "map.json")
    assert entities == {"PERSON_1": "Sarah Lee", "EMAIL_1": "sarah@example.org"}
    assert restored(masked.text, entities, wordings) == TEXT
    for bad in (
        "",
        "[]",
        '{"entities": {}}',
        '{"entities": [], "wordings": []}',
        '{"entities": {}, "wordings": [1]}',
    ):
        with pytest.raises(SourceError, match=r"map\.json: this is no mapping"):
            read_mapping(bad, "map.json")
