"""`epitome reviews` and `epitome data export-reviews` as a person uses them, beside a service's database."""

from __future__ import annotations

import json
import os
import pty
import re
import secrets
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.base.cli.command import COMMAND, epitome, one_line
from tests.full.postgres import Postgres

from epitome.datasets.read import load
from epitome.desk.archive import Archive, Entry
from epitome.desk.database import Database, connect
from epitome.desk.doubts import Doubt
from epitome.desk.reviews import Reviews
from epitome.types import Fact, Sentence, SourceSpan, Summary

DOCUMENT = "The ferry to Kell left the old harbour at dawn with 212 people and eleven lorries on board."
WRONG = "The ferry carried 500 people."


def queued(database: Database, *, document: bool = True, identity: str | None = None) -> str:
    """A summary in the queue, with its document or without."""
    fact = Fact("number", "500", 18, 21, "212")
    span = SourceSpan(0, len(DOCUMENT), DOCUMENT, paragraph=1)
    made = Summary(WRONG, [Sentence(WRONG, 0.4, (span,), (fact,), False)], title="Ferry").as_dict()
    entry = Entry(identity or secrets.token_hex(16), "press", {}, made, DOCUMENT)
    with database.writing() as connection:
        if document:
            Archive(database, "documents").write(connection, entry)
        Reviews(database, opens=True).open(connection, entry, [Doubt("support", WRONG)])
    return entry.id


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    database = connect(tmp_path / "epitome.sqlite")
    queued(database, identity="ab" + "0" * 30)
    queued(database, identity="cd" + "0" * 30)
    queued(database, identity="ef" + "0" * 30, document=False)
    database.close()
    return tmp_path


def reviews(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return epitome("reviews", *arguments, "--data", folder, **more)  # type: ignore[arg-type]


def test_the_queue_is_looked_at_and_worked_off(folder: Path) -> None:
    listed = reviews(folder, "list")
    assert [line[:8] for line in listed.stdout.splitlines()[::2]] == ["ab000000", "cd000000", "ef000000"]
    assert WRONG in listed.stdout
    assert "3 open, 0 approved" in listed.stderr
    shown = reviews(folder, "show", "ab").stdout
    for said in ("! number: 500; the document says: 212", f"paragraph 1: {DOCUMENT}", "opened by epitome"):
        assert said in shown
    assert "ab000000 is approved" in reviews(folder, "approve", "ab", "--reviewer", "ann").stderr
    right = "The ferry carried 212 people."
    assert "cd000000 is edited" in reviews(folder, "edit", "cd", "-", input=right).stderr
    assert "ef000000 is rejected" in reviews(folder, "reject", "ef", "--reason", "made up").stderr
    done = [
        json.loads(line) for line in reviews(folder, "list", "--state", "all", "--json").stdout.splitlines()
    ]
    assert [one["state"] for one in done] == ["rejected", "edited", "approved"]
    assert (done[1]["text"], done[2]["reviewer"], done[0]["reason"]) == (right, "ann", "made up")
    trail = json.loads(reviews(folder, "show", "cd", "--json").stdout)["trail"]
    assert trail[-1]["details"] == {"before": WRONG, "after": right}
    assert "ab000000 is open" in reviews(folder, "reopen", "ab").stderr
    checked = reviews(folder, "verify")
    assert checked.returncode == 0
    assert re.fullmatch(r"7:[0-9a-f]{64}\n", checked.stdout)


def test_what_cannot_be_done_is_told_in_a_line(folder: Path) -> None:
    reviews(folder, "approve", "ab", "--reviewer", "ann")
    for arguments, code, said in (
        (("approve", "ab"), 3, "ab000000: ann has approved it"),
        (("approve", "x"), 2, "x: there is no such review"),
        (("edit", "cd", "nowhere.txt"), 3, "nowhere.txt: cannot be read"),
        (("edit", "cd"), 2, "what should it say?"),
        (("reject", "cd", "--reason", " "), 2, "a rejection needs one"),
        (("list", "--state", "done"), 2, "--state done: there is no such thing"),
        (("verify", "--head", "7"), 2, "not NUMBER:HASH"),
    ):
        run = reviews(folder, *arguments)
        assert run.returncode == code
        assert said in one_line(run)
    assert said in one_line(run)
    alone = epitome("serve", "--review-below", "0.5", "--data", folder)
    assert (alone.returncode, "--review-below needs --review" in one_line(alone)) == (2, True)
    nowhere = epitome("reviews", "list", "--data", folder / "nowhere")
    assert nowhere.returncode == 3
    assert "no service keeps anything there" in one_line(nowhere)
    assert not (folder / "nowhere").exists()


def test_a_summary_is_edited_in_ones_own_editor(folder: Path) -> None:
    editor = folder / "editor"
    editor.write_text('#!/bin/sh\nsed -i s/500/212/ "$1"\n', "utf-8")
    editor.chmod(0o755)
    ours, theirs = pty.openpty()
    command = [str(COMMAND), "reviews", "edit", "ab", "--data", str(folder)]
    for program, code in ((str(editor), 0), ("false", 3), ("true", 2)):
        if program != str(editor):
            reviews(folder, "reopen", "ab")
        done = subprocess.run(
            command, stdin=theirs, env=os.environ | {"EDITOR": program, "VISUAL": ""}, check=False
        )
        assert done.returncode == code
    os.close(ours)
    os.close(theirs)
    database = connect(folder / "epitome.sqlite")
    review = Reviews(database).named("ab")
    assert (review.state, review.claim) == ("open", None)
    edited = [entry for entry in Reviews(database).trail.of(review.id) if entry.action == "edited"]
    assert edited[0].details["after"] == "The ferry carried 212 people."
    database.close()


def test_a_broken_trail_is_told(folder: Path) -> None:
    database = connect(folder / "epitome.sqlite")
    head = reviews(folder, "verify").stdout.strip()
    assert reviews(folder, "verify", "--head", head).returncode == 0
    with database.writing() as connection:
        connection.execute(text("UPDATE reviews SET state = 'approved' WHERE id LIKE 'cd%'"))
    stray = reviews(folder, "verify")
    assert (stray.returncode, "review cd0000" in stray.stdout) == (1, True)
    with database.writing() as connection:
        connection.execute(text("DROP TRIGGER trail_refuses_update"))
        connection.execute(
            text("UPDATE trail SET entry = replace(entry, 'opened', 'edited') WHERE number = 2")
        )
    broken = reviews(folder, "verify")
    assert (broken.returncode, "entry 2 was changed" in broken.stdout) == (1, True)
    database.close()


def test_edits_become_pairs_to_learn_from(folder: Path) -> None:
    out = folder / "pairs.jsonl"
    export = ("data", "export-reviews", "-o", out, "--data", folder)
    early = epitome(*export)
    assert early.returncode == 3
    assert "nobody has decided on a summary yet" in one_line(early)
    assert not out.exists()
    right = "The ferry carried 212 people."
    reviews(folder, "approve", "ab")
    reviews(folder, "edit", "cd", "-", input=right)
    reviews(folder, "edit", "ef", "-", input=right)
    done = epitome(*export)
    assert done.returncode == 1  # as some could not be exported
    assert "pairs.jsonl: 2 pairs\n1 more have no document" in done.stderr
    pairs = load(str(out)).pairs
    assert [(pair.document, pair.summaries, pair.lang) for pair in pairs] == [
        (DOCUMENT, (WRONG,), "en"), (DOCUMENT, (right,), "en"),
    ]  # fmt: skip
    assert [pair.id[:2] for pair in pairs] == ["ab", "cd"]
    assert pairs[1].other == {"review": "edited", "before": WRONG}
    assert epitome(*export, "--edits-only").returncode == 1
    assert [pair.other["review"] for pair in load(str(out)).pairs] == ["edited"]
    entry = epitome("reviews", "verify", "--data", folder).stdout
    assert entry.startswith("8:")  # both exports are in the trail


def test_a_database_is_named_by_its_url(postgres: Postgres) -> None:
    url = postgres.database()
    database = connect(url)
    identity = queued(database)
    made = epitome("reviews", "approve", identity, "--reviewer", "ann", "--database", url)
    assert made.returncode == 0, made.stderr
    review = Reviews(database).named(identity)
    assert (review.state, review.reviewer) == ("approved", "ann")
    database.close()
