"""The instruction is the system turn, the document alone is the user's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epitome.models.folder import Form
from epitome.summarize.prompts import Asked, Text, instruction, prompt
from epitome.types import Message


@given(st.text(), st.sampled_from(["en", "zh", "fr"]), st.text(max_size=40))
def test_the_document_is_the_whole_of_the_users_turn(text: str, language: str, about: str) -> None:
    asked = prompt(Text(text), Asked("focus", about), language)
    system, user = asked.messages
    assert (system.role, user.role, user.text) == ("system", "user", text)
    assert about in system.text
    assert asked.prefill == ""


def test_the_instruction_is_in_the_language_of_the_summary() -> None:
    assert instruction(Asked(), "en") == "Summarize the input text in one sentence."
    assert instruction(Asked(), "zh").startswith("用一句")
    assert instruction(Asked(), "fr").endswith("Write in French.")
    assert instruction(Asked(), "qq").endswith("Write in qq.")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_term_is_named_in_the_instruction_as_it_is(language: str) -> None:
    assert instruction(Asked("mention", "{about} C++"), language).count("{about} C++") == 2


def test_examples_are_asked_as_the_document_is_and_the_answer_goes_on_from_its_beginning() -> None:
    form = Form(system="", user="{title}: {document}\n{request}")
    shown = [(Text("An owl sat there.", "Owl"), "An owl.")]
    asked = prompt(Text("A mill burnt.", "Mill"), Asked(), "en", prefill="A mill", form=form, shown=shown)
    before, answer, user = asked.messages
    assert before == Message("user", f"Owl: An owl sat there.\n{instruction(Asked(), 'en')}")
    assert answer == Message("assistant", "An owl.")
    assert user.text.startswith("Mill: A mill burnt.")
    assert asked.prefill == "A mill"
