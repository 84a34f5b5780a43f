"""Support: 1 for a copy, near 0 for what the document is not about, and in between in the right order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from epitome.documents import from_text, sentences
from epitome.trust.check import Source
from epitome.trust.passages import Passages
from epitome.trust.support import support

TEXT = (
    "The ferry Aurora ran aground near the northern harbour early on Friday. All 85 passengers were taken ashore by "
    "lifeboats within two hours. The captain told the police that a thick fog had hidden the lighthouse. Divers will "
    "inspect the hull before the ship is towed to the dockyard on Sunday."
)
PASSAGES = Passages(from_text(TEXT))


def test_a_copy_is_fully_supported_wherever_it_is_cut() -> None:
    for start, end in sentences(TEXT):
        assert support(TEXT[start:end], PASSAGES) == 1
    assert support(TEXT, PASSAGES) == 1
    assert support("thick fog had hidden the lighthouse", PASSAGES) == 1


def test_closer_wording_is_better_supported() -> None:
    order = [
        "The captain told the police that thick fog hid the lighthouse.",
        "The captain said fog was why he could not see the lighthouse.",
        "The captain blamed a broken radar for the accident.",
        "Shares of the airline fell after weak quarterly results.",
    ]
    scores = [support(text, PASSAGES) for text in order]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > 0.6
    assert scores[-1] < 0.1


def test_chinese_too() -> None:
    passages = Passages(
        from_text("渡轮周五清晨在北港附近搁浅。船上八十五名乘客在两小时内被救生艇接上岸。", language="zh")
    )
    assert support("船上八十五名乘客在两小时内被救生艇接上岸。", passages) == 1
    reworded = support("乘客两小时内被救生艇救上岸。", passages)
    assert 0.4 < reworded < 1
    assert support("公司股价下跌。", passages) < 0.1


def test_nothing_said_is_nothing_unsupported() -> None:
    assert support("…", PASSAGES) == 1
    assert support("Anything at all.", Passages(from_text(""))) == 0


@given(st.lists(st.sampled_from([*TEXT.split(), "radar", "42", "airline"]), max_size=20).map(" ".join))
def test_support_lies_between_0_and_1_and_words_from_elsewhere_lower_it(text: str) -> None:
    score = support(text, PASSAGES)
    assert 0 <= score <= 1
    assert support(f"{text} zebra quantum xylophone", PASSAGES) <= score + 1e-9


def test_what_shares_no_word_with_the_document_is_not_supported() -> None:
    source = Source(from_text("The ferry Aurora ran aground near the harbour at dawn. Nobody was hurt."))
    (invented,) = source.check_all(["Elephants sang."])
    assert not invented.supported
    assert invented.support == 0
    assert invented.sources == ()


def test_each_sentence_of_a_summary_comes_with_its_passages_and_false_facts() -> None:
    source = Source(from_text(TEXT, title="Ferry with 85 aboard runs aground"))
    first, second = source.check(
        "The Aurora ran aground near the harbour. All 95 passengers were taken ashore."
    )
    assert first.text == "The Aurora ran aground near the harbour."
    assert first.sources[0].text.startswith("The ferry Aurora ran aground")
    assert first.facts == ()
    assert [(fact.text, second.text[fact.start : fact.end]) for fact in second.facts] == [("95", "95")]
    assert "85 passengers" in second.facts[0].nearest
    assert second.support < first.support


def test_what_the_title_says_the_document_says() -> None:
    source = Source(from_text("The trains stood still.", title="Strike of 400 drivers"))
    assert source.check_sentence("400 drivers were on strike.").facts == ()
