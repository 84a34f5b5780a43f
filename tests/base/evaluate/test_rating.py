"""Studies: blind and balanced, kept whatever happens, and saying no more than the ratings do."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as some
from tests.base.cli.command import epitome, one_line
from tests.base.evaluate.corpus import ENGLISH, PAIRS, written
from tests.base.pages.test_pages import Reader

from epitome.errors import StoreError, UsageError
from epitome.evaluate.rating.analyse import analyse
from epitome.evaluate.rating.assign import next_item, swapped
from epitome.evaluate.rating.report import html, in_words
from epitome.evaluate.rating.store import Rating, Store
from epitome.evaluate.rating.study import QUESTIONS, Item, Plan, items

PLAN = Plan("pairwise", QUESTIONS["pairwise"], ("a", "b", "c"), "f" * 64, raters=2)
DOCUMENTS = [f"d{at}" for at in range(40)]


def said(item: int, rater: str, value: int, question: int = 0, at: int = 0) -> Rating:
    return Rating(item, rater, question, value, 5.0, "", f"2026-01-01T00:00:{at:02d}")


def everything(plan: Plan, held: list[Item], raters: list[str], judge: object) -> list[Rating]:
    """Raters in turn, each judging the item that is given to them, until nobody has anything left."""
    ratings: list[Rating] = []
    active = list(raters)
    while active:
        for rater in list(active):
            item = next_item(plan, held, ratings, rater)
            if item is None:
                active.remove(rater)
                continue
            ratings += [said(item.number, rater, judge(item), at) for at in range(len(plan.questions))]  # type: ignore[operator]
    return ratings


# --- assignment ---


def test_every_pair_of_systems_is_compared_on_every_document() -> None:
    held = items(PLAN, DOCUMENTS)
    assert Counter(one.systems for one in held) == {("a", "b"): 40, ("a", "c"): 40, ("b", "c"): 40}
    assert len({one.number for one in held}) == 120


def test_a_pairwise_study_needs_two_systems() -> None:
    with pytest.raises(UsageError, match="two systems"):
        items(replace(PLAN, systems=("a",)), DOCUMENTS)
    assert len(items(replace(PLAN, mode="likert", systems=("a",)), DOCUMENTS)) == 40


@hypothesis_settings(max_examples=15)
@given(some.integers(1, 5), some.integers(1, 3), some.integers(0, 99))
def test_items_get_the_ratings_they_are_to_have_and_nobody_judges_twice(
    people: int, wanted: int, seed: int
) -> None:
    plan = replace(PLAN, raters=wanted, seed=seed)
    held = items(plan, DOCUMENTS[:6])
    ratings = everything(plan, held, [f"r{at}" for at in range(people)], lambda item: 1)
    counts = Counter(one.item for one in ratings)
    assert set(counts.values()) == {min(people, wanted)}
    assert len({(one.item, one.rater) for one in ratings}) == len(ratings)


def test_half_of_the_pairs_are_shown_the_other_way_round_always_the_same_for_one_rater() -> None:
    turned = [swapped(PLAN, "ada", item) for item in range(1, 1001)]
    assert 430 < sum(turned) < 570
    assert turned == [swapped(PLAN, "ada", item) for item in range(1, 1001)]
    assert turned != [swapped(PLAN, "bob", item) for item in range(1, 1001)]


def test_a_rater_sees_each_document_once_before_any_again() -> None:
    held = items(PLAN, DOCUMENTS[:5])
    ratings = everything(PLAN, held, ["ada"], lambda item: 0)
    where = {one.number: one.document for one in held}
    assert len({where[one.item] for one in ratings[:5]}) == 5


# --- what the ratings say ---


def study(judge: object, plan: Plan = PLAN, people: int = 3) -> tuple[list[Item], list[Rating]]:
    held = items(plan, DOCUMENTS)
    return held, everything(plan, held, [f"r{at}" for at in range(people)], judge)


def test_a_known_preference_is_recovered_within_its_interval() -> None:
    dice = random.Random(5)
    held, ratings = study(lambda item: 1 if dice.random() < (0.7 if item.systems[0] == "a" else 0.5) else -1)
    found = analyse(PLAN, held, ratings)
    a, b, c = found.standings
    assert a.low < 0.7 < a.high
    assert {one.a for one in found.duels if one.corrected < 0.05} == {"a"}
    assert in_words(found.duels[0]) == "a is better"
    assert in_words(found.duels[2]) == "cannot tell"
    assert b.mean + c.mean + a.mean == pytest.approx(1.5)


def test_raters_at_random_agree_by_chance_and_prove_nothing() -> None:
    dice = random.Random(7)
    held, ratings = study(lambda item: dice.choice((-1, 0, 1)))
    found = analyse(PLAN, held, ratings)
    assert all(in_words(duel) == "cannot tell" for duel in found.duels)
    assert found.agreement[0].low < 0 < found.agreement[0].high


def test_likert_ratings_are_compared_on_the_same_documents() -> None:
    plan = replace(PLAN, mode="likert", systems=("a", "b"), questions=("faithful", "fluent"))
    held, ratings = study(lambda item: 4 if item.systems == ("a",) else 3, plan)
    found = analyse(plan, held, ratings)
    assert [(one.system, one.question, one.mean) for one in found.standings] == [
        ("a", "faithful", 4), ("b", "faithful", 3), ("a", "fluent", 4), ("b", "fluent", 3),
    ]  # fmt: skip
    assert [(one.difference, one.ties, one.losses) for one in found.duels] == [(1, 0, 0), (1, 0, 0)]
    assert found.agreement[0].alpha == 1


def test_one_document_proves_nothing_however_many_rate_it() -> None:
    held = items(replace(PLAN, raters=50), DOCUMENTS[:1])
    ratings = [said(one.number, f"r{at}", 1) for one in held for at in range(50)]
    assert all(in_words(duel) == "cannot tell" for duel in analyse(PLAN, held, ratings).duels)


def test_an_unfinished_study_says_so() -> None:
    held = items(PLAN, DOCUMENTS)
    found = analyse(PLAN, held, [said(1, "ada", 1), said(1, "bob", -1), said(2, "ada", 0)])
    assert (found.items, found.finished, found.ratings, found.raters) == (120, 1, 3, {"ada": 2, "bob": 1})
    assert analyse(PLAN, held, []).standings == []


@pytest.mark.parametrize("count", [0, 1, 60])
def test_the_report_tells_all_of_it(count: int) -> None:
    held, ratings = study(lambda item: 1)
    commented = [replace(one, comment="<script>no</script>") for one in ratings[:count]]
    read = Reader(html(analyse(PLAN, held, commented), "study.db"))
    assert ("There is no rating yet" in read.text) == (count == 0)
    assert [tag for tag, _ in read.tags].count("script") == 1


# --- the store ---


def made(path: Path, plan: Plan = PLAN) -> Store:
    texts = {name: [f"{name} of {pair.id}\ud800" for pair in PAIRS] for name in plan.systems}
    return Store.create(path, plan, PAIRS, texts)


def test_a_study_is_opened_again_as_it_was(tmp_path: Path) -> None:
    with made(tmp_path / "deep" / "study.db") as store:
        store.rate([said(1, "ada", 1)])
    with Store(tmp_path / "deep" / "study.db") as store:
        assert store.plan == PLAN
        assert store.ratings() == [said(1, "ada", 1)]
        shown = store.shown(1)
        assert shown is not None
        assert shown.document == PAIRS[0].document
        assert shown.summaries == ("a of tide?", "b of tide?")
        assert store.shown(999) is None


def test_said_again_replaces_and_undo_takes_the_last_one_back(tmp_path: Path) -> None:
    with made(tmp_path / "study.db") as store:
        store.rate([said(1, "ada", 1, at=1)])
        store.rate([said(2, "ada", 1, at=2)])
        store.rate([said(1, "bob", 0, at=3)])
        store.rate([said(1, "ada", -1, at=4)])
        assert [one.value for one in store.ratings() if (one.item, one.rater) == (1, "ada")] == [-1]
        assert store.undo("ada") == 1
        assert {(one.item, one.rater) for one in store.ratings()} == {(2, "ada"), (1, "bob")}
        assert store.undo("nobody") is None


def test_other_data_or_systems_are_refused(tmp_path: Path) -> None:
    with made(tmp_path / "study.db") as store:
        store.require(PLAN.fingerprint, ["c", "b", "a"])
        with pytest.raises(UsageError, match="other data"):
            store.require("0" * 64, PLAN.systems)
        with pytest.raises(UsageError, match="other systems: a, b, c"):
            store.require(PLAN.fingerprint, ["a", "b"])


@pytest.mark.parametrize("content", [b"", b"notes", b"SQLite format 3\x00" + b"\x00" * 200])
def test_another_file_is_no_study(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.db"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"notes\.db: not a study"):
        Store(path)


def test_a_study_that_cannot_be_made_leaves_nothing_behind(tmp_path: Path) -> None:
    twice = [PAIRS[0], PAIRS[0]]
    with pytest.raises(StoreError, match="cannot be written"):
        Store.create(tmp_path / "study.db", PLAN, twice, {name: ["x", "y"] for name in PLAN.systems})
    assert list(tmp_path.iterdir()) == []


# --- the command ---


def test_the_command_makes_a_study_and_reports_it(tmp_path: Path) -> None:
    path, data = tmp_path / "study.db", written(tmp_path)
    arguments = (data, "--system", "lead", "--system", "title", "--study", path)
    run = epitome("rate", *arguments, "--json", tmp_path / "r.json", "--report", tmp_path / "r.html")
    assert run.returncode == 0, run.stderr
    assert "0 judgements by 0 people, 0 of 10 items finished" in run.stdout
    with Store(path) as store:
        assert store.plan.fingerprint == ENGLISH.fingerprint
        store.rate([said(1, "ada", 1)])
    again = epitome("rate", "--study", path, "--json", "-")
    assert json.loads(again.stdout)["ratings"] == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--study", "none.db"), "there is no such study"),
        (("--study", "none.db", "--system", "lead"), "--system needs data"),
        (("DATA", "--study", "none.db"), "which systems are to be judged?"),
        (("DATA", "--study", "none.db", "--system", "lead"), "two systems"),
        (
            ("DATA", "--study", "none.db", "--system", "lead", "--mode", "stars"),
            "--mode stars: there is no such thing",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    data = written(tmp_path)
    run = epitome("rate", *(str(data) if one == "DATA" else one for one in arguments))
    assert run.returncode == 2
    assert says in one_line(run)
    assert not Path("none.db").exists()
