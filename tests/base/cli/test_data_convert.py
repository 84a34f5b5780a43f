"""`epitome data convert`: any format to any other, bad rows named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.base.cli.command import epitome, one_line

from epitome.datasets.read import load

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    path = tmp_path / "articles.csv"
    path.write_text(
        "body,teaser,topic\nThe library opens on Sundays now.,Library opens Sundays.,city\n,Nothing.,city\n"
        "A short row\nThe pool is closed for repairs until June.,Pool closed.,city\n"
    )
    return path


COLUMNS = ("--column", "document=body", "--column", "summary=teaser", "--column", "domain=topic")


def test_columns_are_mapped_and_bad_rows_named(tmp_path: Path, articles: Path) -> None:
    out = tmp_path / "pairs.jsonl"
    run = epitome("data", "convert", articles, out, *COLUMNS)
    assert run.returncode == 1
    assert f"passed over {articles}:3: the document is empty (column 'body')" in run.stderr
    assert f"passed over {articles}:4: 1 fields where the header names 3" in run.stderr
    assert f"{out}: 2 pairs, 2 rows passed over, fingerprint {load(str(out)).fingerprint[:12]}" in run.stderr
    first = json.loads(out.read_text().splitlines()[0])
    assert first["summaries"] == ["Library opens Sundays."]
    assert (first["id"], first["domain"], first["lang"]) == ("articles.csv:2", "city", "en")


def test_strict_refuses_and_writes_nothing(tmp_path: Path, articles: Path) -> None:
    out = tmp_path / "pairs.jsonl"
    run = epitome("data", "convert", articles, out, *COLUMNS, "--strict")
    assert run.returncode == 3
    assert f"{articles}:3: the document is empty" in one_line(run)
    assert not out.exists()


def test_unclear_columns_are_a_usage_error_that_lists_them(tmp_path: Path, articles: Path) -> None:
    run = epitome("data", "convert", articles, tmp_path / "out.jsonl", "--column", "document=text")
    assert run.returncode == 2
    assert "its columns: body, teaser, topic" in one_line(run)


@pytest.mark.parametrize("out", ["o.csv", "o.parquet", "o/ --as txt", "o/ --as datasets"])
def test_the_examples_in_every_format(tmp_path: Path, out: str) -> None:
    name, *options = out.split()
    run = epitome("data", "convert", EXAMPLES / "pairs.jsonl", tmp_path / name, *options)
    assert run.returncode == 0, run.stderr
    assert load(str(tmp_path / name)).fingerprint == load(str(EXAMPLES / "pairs.jsonl")).fingerprint


def test_a_file_onto_itself_and_only_the_first_rows(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_bytes((EXAMPLES / "pairs.jsonl").read_bytes())
    assert epitome("data", "convert", path, path, "--limit", "2", "-q").stderr == ""
    assert len(load(str(path))) == 2


def test_a_source_without_a_pair_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"document": "", "summary": "x"}\n')
    run = epitome("data", "convert", tmp_path / "t.jsonl", tmp_path / "out.jsonl")
    assert run.returncode == 3
    assert "t.jsonl:1: the document is empty" in run.stderr
    assert not (tmp_path / "out.jsonl").exists()


def test_a_full_disk_is_said_so(tmp_path: Path) -> None:
    run = epitome("data", "convert", EXAMPLES / "pairs.jsonl", tmp_path / "out.parquet", limit=1000)
    assert run.returncode == 3
    assert "cannot be written" in one_line(run)
    assert list(tmp_path.iterdir()) == []
