"""What a training with `data.requests` asks for: the wish that the gold summary meets, in the words of `summarize`."""

from hypothesis import given
from hypothesis import strategies as st

from epitome.datasets.pair import Pair
from epitome.documents import count_length, sentences
from epitome.summarize.prompts import instruction
from epitome.train.requests import Requests

REQUESTS = Requests(0, frozenset({"meeting"}), frozenset({"paper"}))
GOLD = "The mill closed in May. Nobody was told before the gates were shut."


def pair(id_: str, gold: str = GOLD, domain: str = "", title: str = "") -> Pair:
    return Pair(
        id=id_, document="The mill by the lake closed. " * 9, summaries=(gold,), domain=domain, title=title
    )


@given(st.text("0123456789", min_size=1), st.integers(1, 60), st.integers(1, 9))
def test_what_is_asked_is_what_the_gold_summary_is(identity: str, words: int, count: int) -> None:
    gold = " ".join("Word " + "word " * (words - 1) + "ends." for _ in range(count))
    asked = REQUESTS.asked(pair(identity, gold))
    assert asked.words is None or count_length(gold, "en") in asked.words
    assert asked.sentences is None or len(sentences(gold, "en")) in asked.sentences
    assert asked.kind in (("sentence", "summary") if count == 1 else ("summary",))


def test_the_same_seed_asks_the_same_and_half_are_asked_without_a_length() -> None:
    asked = [REQUESTS.asked(pair(str(at))) for at in range(400)]
    assert asked == [REQUESTS.asked(pair(str(at))) for at in range(400)]
    free = sum(one.words is None and one.sentences is None for one in asked)
    assert 150 < free < 250
    assert len({instruction(one, "en") for one in asked}) > 20


def test_titles_are_questions_or_headlines_where_the_domain_says_so() -> None:
    focused = REQUESTS.asked(pair("1", domain="meeting", title="Why did the mill close?"))
    assert (focused.kind, focused.about) == ("answer", "Why did the mill close?")
    assert "Why did the mill close?" in instruction(focused, "en")
    papers = [pair(str(at), domain="paper", title="A mill") for at in range(200)]
    assert 10 < sum(map(REQUESTS.headline, papers)) < 60
    assert not any(REQUESTS.headline(pair(str(at), domain="meeting", title="A mill")) for at in range(200))
