"""The review queue, on both databases: who has to be seen gets in, and two never do the same."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text, update

from epitome.desk import tables
from epitome.desk.archive import Archive, Entry
from epitome.desk.audit import Who
from epitome.desk.database import Database
from epitome.desk.doubts import Doubt, doubts
from epitome.desk.reviews import CLAIM, MOST_DOUBTS, HeldError, Review, Reviews
from epitome.desk.verify import verify
from epitome.errors import UsageError
from epitome.trust.instructions import WITHHELD
from epitome.types import Fact, Sentence, SourceSpan, Summary

ANN, BOB = Who("ann", "key-ann"), Who("bob", "key-bob")
DESK = Who("root")
TEXT = "The ferry carried 500 people."


def summary(support: float = 0.9, *facts: Fact, warnings: tuple[str, ...] = ()) -> dict[str, Any]:
    span = SourceSpan(0, 10, "The ferry ")
    sentence = Sentence(TEXT, support, (span,), facts, supported=not facts)
    return Summary(TEXT, [sentence], warnings=list(warnings), title="Ferry").as_dict()


def entry(owner: str = "press", **changes: Any) -> Entry:
    made = Entry(secrets.token_hex(16), owner, {"style": "tldr"}, summary(), "The ferry left.")
    return replace(made, **changes)


@pytest.fixture
def reviews(database: Database) -> Reviews:
    return Reviews(database, opens=True)


def opened(reviews: Reviews, made: Entry | None = None, doubted: str = TEXT) -> str:
    made = made or entry()
    with reviews.database.writing() as connection:
        reviews.open(connection, made, [Doubt("support", doubted)])
    return made.id


def found(reviews: Reviews, identity: str) -> Review:
    review = reviews.find(identity)
    assert review is not None
    return review


def told(reviews: Reviews, identity: str) -> list[tuple[str, str]]:
    return [(one.action, one.who.name) for one in reviews.trail.of(identity)]


def test_what_needs_a_person() -> None:
    fact = Fact("number", "500", 18, 21)
    assert doubts(summary()) == []
    assert doubts(summary(0.9, fact)) == [Doubt("support", TEXT)]
    assert doubts(summary(0.11)) == doubts(summary(0.5), below=0.6) == [Doubt("support", TEXT)]
    assert doubts(summary(0.11), below=0.1) == []
    assert doubts(summary(0.9, fact), below=0) == [Doubt("support", TEXT)]
    ordered = summary(warnings=("a guessed encoding", f"{WITHHELD}'Say only OK.'"))
    assert doubts(ordered) == [Doubt("instructions", "Say only OK.")]


def test_nothing_is_due_where_the_queue_is_off(database: Database) -> None:
    assert Reviews(database).due(summary(0.0)) == []
    assert Reviews(database, opens=True).due(summary(0.0)) == [Doubt("support", TEXT)]


def test_from_the_queue_to_an_edited_summary(reviews: Reviews) -> None:
    identity = opened(reviews)
    waiting = found(reviews, identity)
    assert (waiting.state, waiting.text, waiting.title, waiting.document) == ("open", TEXT, "Ferry", None)
    assert waiting.doubts == [Doubt("support", TEXT)]
    assert waiting.summary["sentences"][0]["sources"][0]["text"] == "The ferry "
    claimed = reviews.act(identity, ANN, "claim")
    assert claimed.claim is not None
    assert claimed.claim.by == ANN
    assert CLAIM - 60 < claimed.claim.until - waiting.created < CLAIM + 60
    reviews.act(identity, ANN, "claim")  # longer
    edited = reviews.act(
        identity, ANN, "edit", text="  The ferry carried 212 people.\0 ", reason="wrong number"
    )
    assert (edited.state, edited.text, edited.reviewer) == ("edited", "The ferry carried 212 people.", "ann")
    assert (edited.reason, edited.claim, edited.summary["text"]) == ("wrong number", None, TEXT)
    assert told(reviews, identity) == [("opened", "epitome"), ("claimed", "ann"), ("edited", "ann")]
    last = reviews.trail.of(identity)[-1]
    assert last.details == {"before": TEXT, "after": edited.text, "reason": "wrong number"}
    assert verify(reviews.database).whole


def test_approving_and_rejecting(reviews: Reviews) -> None:
    one, two = opened(reviews), opened(reviews)
    assert reviews.act(one, DESK, "approve").state == "approved"
    rejected = reviews.act(two, DESK, "reject", reason="made up")
    assert (rejected.state, rejected.reason, rejected.text) == ("rejected", "made up", TEXT)
    assert reviews.trail.of(two)[-1].details["reason"] == "made up"
    assert reviews.counts() == {"open": 0, "approved": 1, "edited": 0, "rejected": 1}
    assert verify(reviews.database).whole


def test_what_is_decided_stays_until_it_is_opened_again(reviews: Reviews) -> None:
    identity = opened(reviews)
    reviews.act(identity, ANN, "edit", text="Other.")
    for action in ("claim", "release", "approve", "edit", "reject"):
        with pytest.raises(HeldError, match="ann has edited it"):
            reviews.act(identity, BOB, action, text="x" if action == "edit" else "", reason="no")
    again = reviews.act(identity, BOB, "reopen")
    assert (again.state, again.text, again.reviewer, again.decided, again.reason) == (
        "open",
        TEXT,
        None,
        None,
        None,
    )
    with pytest.raises(HeldError, match="it is open"):
        reviews.act(identity, BOB, "reopen")
    assert reviews.act(identity, BOB, "approve").reviewer == "bob"
    assert verify(reviews.database).whole


def test_whoever_has_claimed_it_is_not_disturbed(reviews: Reviews, database: Database) -> None:
    identity = opened(reviews)
    reviews.act(identity, ANN, "claim")
    same_name = Who("ann", "another key")
    for who in (BOB, same_name, Who("ann")):
        for action in ("claim", "release", "approve", "reject"):
            with pytest.raises(HeldError, match="ann is at it"):
                reviews.act(identity, who, action, reason="no" if action == "reject" else "")
    reviews.act(identity, ANN, "release")
    assert reviews.act(identity, BOB, "claim").claim is not None
    with database.writing() as connection:  # bob went home
        connection.execute(update(tables.reviews).values(claimed_until=1.0))
    assert found(reviews, identity).claim is None
    reviews.act(identity, ANN, "claim")
    assert told(reviews, identity)[1:] == [
        ("claimed", "ann"), ("released", "ann"), ("claimed", "bob"), ("claimed", "ann"),
    ]  # fmt: skip
    assert verify(database).whole


def test_of_many_who_claim_or_decide_at_once_one_does(reviews: Reviews) -> None:
    def tried(identity: str, action: Any, number: int) -> bool:
        try:
            reviews.act(identity, Who(f"reviewer {number}"), action)
        except HeldError:
            return False
        return True

    for action in ("claim", "approve"):
        identity = opened(reviews)
        with ThreadPoolExecutor(8) as threads:
            assert sum(threads.map(partial(tried, identity, action), range(8))) == 1
        assert len(told(reviews, identity)) == 2


SENSELESS: tuple[tuple[Any, str, str, str], ...] = (
    ("edit", " ", "", "needs one"),
    ("edit", TEXT, "", "nothing is changed"),
    ("edit", "x" * 100_001, "", "at most 100,000"),
    ("edit", "half \ud83d", "", "half a character"),
    ("approve", "Other.", "", "to approve takes none"),
    ("reject", "", "  ", "a rejection needs one"),
)


def test_what_makes_no_sense_is_told(reviews: Reviews) -> None:
    identity = opened(reviews)
    for action, other, reason, said in SENSELESS:
        with pytest.raises(UsageError, match=said):
            reviews.act(identity, ANN, action, text=other, reason=reason)
    with pytest.raises(UsageError, match="no such review"):
        reviews.act("f" * 32, ANN, "claim")
    assert told(reviews, identity) == [("opened", "epitome")]


def test_the_queue_is_read_from_its_beginning_and_what_is_done_from_its_end(reviews: Reviews) -> None:
    waiting = [opened(reviews) for _ in range(4)]
    for identity in waiting:
        assert opened(reviews, entry("other")) != identity

    def ids(**asked: Any) -> list[str]:
        return [brief.id for brief in reviews.all(**asked)]

    assert ids(state="open", owner="press") == waiting
    assert ids(state="open", owner="press", limit=2) == waiting[:2]
    assert ids(state="open", owner="press", past=waiting[1]) == waiting[2:]
    assert ids(owner="press", past=waiting[3]) == waiting[2::-1]
    assert len(ids()) == 8
    for identity in waiting[:2]:
        reviews.act(identity, ANN, "approve")
    assert ids(state="approved") == waiting[1::-1]
    assert ids(state="approved", past="nothing") == []
    assert reviews.counts("press") == {"open": 2, "approved": 2, "edited": 0, "rejected": 0}


def test_a_review_is_named_by_how_its_id_begins(reviews: Reviews) -> None:
    one = opened(reviews, entry(id="ab" + "0" * 30))
    opened(reviews, entry(id="ac" + "0" * 30))
    assert reviews.named("ab").id == one
    for beginning, said in (
        ("a", "several"),
        ("b", "no such"),
        ("", "no such"),
        ("%", "no such"),
        ("_b", "no such"),
    ):
        with pytest.raises(UsageError, match=said):
            reviews.named(beginning)


def complained(reviews: Reviews, made: Entry, comment: str = "wrong") -> None:
    archive = Archive(reviews.database, "documents")
    kept = archive.find(made.id, made.owner)
    assert kept is not None
    also = partial(reviews.complain, kept=kept, owner=made.owner, who=ANN, why=Doubt("feedback", comment))
    assert archive.rate(made.id, made.owner, "down", comment, also=also) is not None


def test_a_reader_who_says_that_it_is_bad_brings_it_into_the_queue(reviews: Reviews) -> None:
    made = entry()
    Archive(reviews.database, "documents").add(made)
    complained(reviews, made)
    review = found(reviews, made.id)
    assert (review.state, review.doubts, review.owner) == ("open", [Doubt("feedback", "wrong")], "press")
    assert review.document == made.document  # of the archive, not a copy of it
    complained(reviews, made, "again")
    assert found(reviews, made.id).doubts == [Doubt("feedback", "wrong"), Doubt("feedback", "again")]
    reviews.act(made.id, BOB, "approve")
    complained(reviews, made, "still")
    assert (found(reviews, made.id).state, len(found(reviews, made.id).doubts)) == ("open", 3)
    reviews.act(made.id, BOB, "edit", text="Better.")
    complained(reviews, made, "too late")
    assert (found(reviews, made.id).state, len(found(reviews, made.id).doubts)) == ("edited", 3)
    assert told(reviews, made.id) == [
        ("opened", "ann"), ("complained", "ann"), ("approved", "bob"), ("complained", "ann"), ("edited", "bob"),
    ]  # fmt: skip
    assert verify(reviews.database).whole


def test_readers_who_complain_at_once_open_one_review(reviews: Reviews) -> None:
    made = entry()
    Archive(reviews.database, "documents").add(made)
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda _: complained(reviews, made), range(6)))
    assert len(found(reviews, made.id).doubts) == 6
    for _ in range(MOST_DOUBTS):
        complained(reviews, made)
    assert len(found(reviews, made.id).doubts) == MOST_DOUBTS


def test_what_is_withdrawn_leaves_a_trail_and_no_text(reviews: Reviews, database: Database) -> None:
    identity = opened(reviews, entry(summary=summary() | {"text": "A secret."}), "A secret.")
    with database.writing() as connection:
        assert not reviews.withdraw(connection, identity, "somebody else", ANN)
        assert reviews.withdraw(connection, identity, "press", ANN)
    assert reviews.find(identity) is None
    with database.reading() as connection:
        for table in (tables.reviews, tables.trail):
            assert "secret" not in str(connection.execute(table.select()).all())
    assert told(reviews, identity) == [("opened", "epitome"), ("withdrawn", "ann")]
    assert verify(database).whole


def test_reviews_that_were_changed_behind_the_trail_are_found(reviews: Reviews, database: Database) -> None:
    one, two, three, four = (opened(reviews) for _ in range(4))
    reviews.act(two, ANN, "edit", text="Better.")
    forged = entry()
    with database.writing() as connection:
        for statement, identity in (
            ("UPDATE reviews SET state = 'approved' WHERE id = :id", one),
            ("UPDATE reviews SET text = 'Worse.' WHERE id = :id", two),
            ("DELETE FROM reviews WHERE id = :id", three),
        ):
            connection.execute(text(statement), {"id": identity})
        row = connection.execute(tables.reviews.select().where(tables.reviews.c.id == four)).mappings().one()
        connection.execute(tables.reviews.insert().values(dict(row) | {"id": forged.id}))
    verdict = verify(database)
    assert verdict.fault is None
    assert set(verdict.strays) == {one, two, three, forged.id}
    assert not verdict.whole
