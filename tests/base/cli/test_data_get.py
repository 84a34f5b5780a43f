"""`epitome data get`: the public sets, what may be done with them, and how to come by them."""

from __future__ import annotations

import json
from pathlib import Path

from tests.base import hub as loopback
from tests.base.cli.command import epitome, one_line

from epitome.datasets import public
from epitome.datasets.read import load


def test_all_sets_in_a_table() -> None:
    run = epitome("data", "get", env={"COLUMNS": "160"})
    assert run.returncode == 0
    for name in public.sets():
        assert name in run.stdout
    assert "Apache-2.0" in run.stdout


def test_one_set_where_it_comes_from_and_that_it_cannot_be_fetched_now(tmp_path: Path) -> None:
    run = epitome("data", "get", "scitldr", env={"EPITOME_OFFLINE": "1", "EPITOME_HOME": str(tmp_path)})
    assert "https://github.com/allenai/scitldr" in run.stdout
    assert "splits train, dev, test" in run.stdout
    assert run.returncode == 3
    assert f"save it as {tmp_path}" in one_line(run)


def test_a_set_that_must_be_fetched_by_hand_says_so() -> None:
    run = epitome("data", "get", "email")
    assert run.returncode == 0
    assert "by hand: fetch the repository" in run.stdout


def test_all_splits_of_a_set_are_fetched(tmp_path: Path) -> None:
    row = b'{"id": "%s", "dialogue": "A: Is it late? B: It is.", "summary": "It is late."}\n'
    env = {"EPITOME_HOME": str(tmp_path)}
    with loopback.running() as hub:
        files = {"train.jsonl": row % b"a" + row % b"b", "validation.jsonl": row % b"c"}
        hub.repositories["datasets/knkarthick/dialogsum"] = files
        run = epitome("data", "get", "dialogsum", env=env | {"HF_ENDPOINT": hub.url})
    assert run.returncode == 0, run.stderr
    assert "train is ready: " in run.stderr
    assert "validation is ready: " in run.stderr
    # Fetched once, it is there for all commands, without the network.
    env["EPITOME_OFFLINE"] = "1"
    run = epitome("data", "convert", "dialogsum", tmp_path / "t.jsonl", "--split", "train", env=env)
    assert "2 pairs" in run.stderr


def test_without_the_network_it_says_what_to_do_and_then_works(tmp_path: Path) -> None:
    env = {"EPITOME_OFFLINE": "1", "EPITOME_HOME": str(tmp_path)}
    out = tmp_path / "dev.jsonl"
    run = epitome("data", "get", "medical-notes", "--split", "validation", "-o", out, env=env)
    assert run.returncode == 3
    place = tmp_path / "data" / "public" / "medical-notes" / "validation.csv"
    assert f"save it as {place}" in one_line(run)
    place.parent.mkdir(parents=True)
    place.write_text(
        "ID,section_header,section_text,dialogue\n0,CC,Cough.,Doctor: What is it? Patient: A cough.\n"
    )
    run = epitome("data", "get", "medical-notes", "--split", "validation", "-o", out, env=env)
    assert run.returncode == 0, run.stderr
    assert f"{out}: 1 pairs, 0 rows passed over, fingerprint {load(str(out)).fingerprint[:12]}" in run.stderr
    assert json.loads(out.read_text())["title"] == "CC"


def test_no_such_set() -> None:
    run = epitome("data", "get", "scitdlr")
    assert run.returncode == 2
    assert "one of scitldr, legal-plain" in one_line(run)
