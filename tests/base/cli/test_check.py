"""`epitome check`: summaries that anybody wrote, against their documents."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.base.cli.command import epitome

EXAMPLES = Path(__file__).parents[3] / "examples"
TRUE = "Leakage fell from 31.4 to 19.8 per cent of the water supplied."
FALSE = "Leakage fell from 31.4 to 9.8 per cent, wrote Erik Dahl in May."


@pytest.fixture
def summary(tmp_path: Path) -> str:
    path = tmp_path / "summary.txt"
    path.write_text(f"{TRUE} {FALSE}", "utf-8")
    return str(path)


def test_each_sentence_is_shown_with_what_is_wrong_and_where_it_stands(summary: str) -> None:
    done = epitome("check", summary, str(EXAMPLES / "paper.md"))
    assert done.returncode == 0, done.stderr
    assert f"ok  {TRUE}" in done.stdout
    assert f"??  {FALSE}" in done.stdout
    for found in (
        "number: 9.8",
        "date: May",
        "name: Erik Dahl",
        "paragraph",
        "1 of 2 sentences are supported",
    ):
        assert found in done.stdout


def test_json_has_verdict_facts_and_passages(summary: str) -> None:
    done = epitome("check", summary, str(EXAMPLES / "paper.md"), "--json")
    found = json.loads(done.stdout)
    assert found["supported"] is False
    assert 0 <= found["support"] <= 1
    assert {fact["kind"] for fact in found["facts"]} == {"number", "date", "name"}
    assert [sentence["supported"] for sentence in found["sentences"]] == [True, False]
    assert "19.8" in found["sentences"][0]["sources"][0]["text"]


def test_a_page_shows_both_side_by_side(summary: str, tmp_path: Path) -> None:
    page = tmp_path / "check.html"
    done = epitome("check", summary, str(EXAMPLES / "paper.md"), "--page", str(page))
    assert done.returncode == 0, done.stderr
    html = page.read_text("utf-8")
    assert "1 of 2 sentences are supported" in html
    assert '<mark data-sentences="1' in html
    assert "http" not in html.split("<body>")[0]


def test_a_table_gets_three_columns_and_keeps_its_own(tmp_path: Path) -> None:
    table, out = tmp_path / "t.jsonl", tmp_path / "out.jsonl"
    paper = (EXAMPLES / "paper.md").read_text("utf-8")
    rows = [
        {"id": 1, "text": paper, "abstract": TRUE},
        {"id": 2, "text": paper, "abstract": FALSE},
        {"id": 3, "text": paper, "abstract": None},
    ]
    table.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    columns = ("--document-column", "text", "--summary-column", "abstract")
    done = epitome("check", str(table), *columns, "-o", str(out))
    assert done.returncode == 1, done.stderr
    found = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [row["id"] for row in found] == [1, 2, 3]
    assert [row["supported"] for row in found] == [True, False, None]
    assert found[1]["facts"][0]["nearest"]
    assert "no text" in found[2]["error"]
    assert "1 of 3 summaries are supported, 1 could not be checked" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["one.txt"], "a summary and its document"),
        (["-", "-"], "not both"),
        (["a.txt", "b.txt", "-o", "out.jsonl"], "for a table"),
        (["a.txt", "b.txt", "--document-column", "d"], "needs one table"),
        (["TABLE"], "-o OUT.jsonl"),
        (["TABLE", "-o", "out.csv"], "JSONL"),
        (["TABLE", "-o", "out.jsonl", "--document-column", "d"], "no column 'd'"),
    ],
)
def test_wrong_use_is_told(arguments: list[str], said: str, tmp_path: Path) -> None:
    table = tmp_path / "t.jsonl"
    table.write_text('{"document": "A fox ran.", "summary": "A fox."}\n', "utf-8")
    done = epitome("check", *(str(table) if one == "TABLE" else one for one in arguments))
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.parametrize(
    ("text", "document"),
    [("A fox ran.", "fox"), ("狐狸跑了。", "A fox ran home."), ("no end of a sentence", "word " * 30_000)],
)
def test_odd_texts_get_a_plain_answer(text: str, document: str, tmp_path: Path) -> None:
    summary, source = tmp_path / "s.txt", tmp_path / "d.txt"
    summary.write_text(text, "utf-8")
    source.write_text(document, "utf-8")
    done = epitome("check", str(summary), str(source), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["supported"] in (True, False)


def test_an_empty_side_is_an_error(tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("", "utf-8")
    done = epitome("check", str(empty), str(EXAMPLES / "paper.md"))
    assert done.returncode == 3
    assert "empty.txt" in done.stderr
