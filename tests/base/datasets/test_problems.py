"""What can be wrong with rows, and a corpus without them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.base.summarize.texts import CHINESE, OWL, TIDE, WELL

from epitome.datasets.clean import clean
from epitome.datasets.pair import Dataset, Pair
from epitome.datasets.problems import KINDS, problems
from epitome.errors import UsageError

GOOD = Pair(TIDE, ("Volunteers rebuilt the tidal mill.",), id="good", title="The mill turns")


def kinds(*pairs: Pair, others: tuple[Dataset, ...] = ()) -> list[tuple[str, str]]:
    data = Dataset(list(pairs))
    return [(one.kind, data.pairs[one.at].id) for one in problems(data, others=others)]


def test_a_sound_corpus_has_none() -> None:
    assert (
        kinds(GOOD, Pair(WELL, ("Clean water came to Hask",), id="well"), Pair(OWL, ("An owl was found.",)))
        == []
    )


@pytest.mark.parametrize(
    ("kind", "pair"),
    [
        ("longer", Pair("It rained.", ("It rained for the whole of the day.",), id="bad")),
        ("copied", Pair(WELL, ("The council had paid 9,000 pounds for it",), id="bad")),
        ("title", Pair(OWL, ("Owl in the organ!",), id="bad", title="Owl in the Organ")),
        ("cut-summary", Pair(OWL, ("A barn owl was found in the",), id="bad")),
        ("cut-summary", Pair(OWL, ("A barn owl was found…",), id="bad")),
        ("cut-document", Pair(OWL + " [...]", ("An owl was found.",), id="bad")),
        ("language", Pair(CHINESE, ("石桥开放。",), id="bad", lang="en")),
        ("language", Pair(OWL, ("一只猫头鹰在管风琴里被发现，将在救助站停留两周。",), id="bad", lang="en")),
        ("duplicate", replace(GOOD, id="bad", document=TIDE.upper())),
        ("conflict", replace(GOOD, id="bad", summaries=("Anglers are angry.",))),
        (
            "near-duplicate",
            replace(GOOD, id="bad", document=TIDE.replace("380,000", "390,000"), summaries=("Mill.",)),
        ),
        ("same-summary", Pair(OWL, GOOD.summaries, id="bad")),
    ],
)
def test_each_kind_is_found_in_the_later_row_and_can_be_dropped(kind: str, pair: Pair) -> None:
    assert (kind, "bad") in kinds(GOOD, pair)
    assert all(name == "bad" for _, name in kinds(GOOD, pair))
    kept, dropped = clean(Dataset([GOOD, pair]), [kind])
    assert [one.id for one in kept] == ["good"]
    assert [one.kind for one in dropped] == [kind]
    assert dropped[0].detail


def test_a_leak_is_a_document_that_is_nearly_in_the_other_data() -> None:
    edited = TIDE.replace("380,000", "390,000")
    test = Dataset([Pair(edited, ("The mill turns again.",), id="theirs")], "test.jsonl")
    assert kinds(GOOD, Pair(OWL, ("An owl.",)), others=(test,)) == [("leak", "good")]
    kept, dropped = clean(Dataset([GOOD, Pair(OWL, ("An owl.",), id="owl")]), (), (test,))
    assert [one.id for one in kept] == ["owl"]
    assert dropped[0].detail == "theirs in test.jsonl"


def test_unasked_only_what_is_no_loss_is_dropped() -> None:
    copied = Pair(WELL, ("The council had paid 9,000 pounds for it",), id="copied")
    twice = replace(GOOD, id="twice")
    kept, _ = clean(Dataset([GOOD, copied, twice]))
    assert [one.id for one in kept] == ["good", "copied"]


def test_headlines_and_lists_without_a_full_stop_are_whole() -> None:
    for gold in ("Mill turns again", "Owls; organs", "What the river was for?"):
        assert kinds(Pair(OWL, (gold,))) == []


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"'ugly'.*duplicate"):
        clean(Dataset([GOOD]), ["ugly"])


def test_every_kind_is_explained() -> None:
    assert all(about and not about.endswith(".") for about in KINDS.values())


def test_a_copy_of_a_later_row_is_a_duplicate_though_the_first_differs() -> None:
    other = replace(GOOD, id="other", summaries=("Anglers are angry.",))
    again = replace(other, id="again")
    assert kinds(GOOD, other, again) == [("conflict", "other"), ("duplicate", "again")]
    kept, dropped = clean(Dataset([GOOD, other, again]))
    assert [one.id for one in kept] == ["good", "other"]
    assert dropped[0].detail == "as other"


def test_of_rows_that_belong_together_one_without_another_fault_is_kept() -> None:
    copied = replace(GOOD, id="copied", summaries=(" ".join(TIDE.split()[:8]),))
    later = replace(GOOD, id="later", summaries=("Anglers are angry.",))
    kept, dropped = clean(Dataset([copied, GOOD, later]), ["copied", "conflict"])
    assert [one.id for one in kept] == ["good"]
    assert [(one.kind, one.at) for one in dropped] == [("copied", 0), ("conflict", 2)]


def test_any_gold_may_be_shared_within_a_corpus_or_with_the_other() -> None:
    owl = Pair(OWL, ("An owl was found.", *GOOD.summaries), id="owl")
    assert kinds(GOOD, owl) == [("same-summary", "owl")]
    assert kinds(owl, others=(Dataset([GOOD], "test.jsonl"),)) == [("summary-leak", "owl")]
    assert kinds(GOOD, others=(Dataset([replace(GOOD, id="same")], "test.jsonl"),)) == [("leak", "good")]


def test_leaks_need_data_to_leak_into() -> None:
    with pytest.raises(UsageError, match="into which data"):
        clean(Dataset([GOOD]), ["leak"])
