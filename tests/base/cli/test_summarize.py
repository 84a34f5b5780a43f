"""`epitome summarize`, as a person types it, with the real default model."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.base.cli.command import epitome
from tests.base.summarize.texts import CHINESE, OWL, TIDE, WELL

KEYS = {"text", "sentences", "unmet", "read_share", "model", "adapter", "language", "seconds"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "well.txt").write_text(WELL)
    (tmp_path / "owl.md").write_text(OWL)
    (tmp_path / ".hidden.txt").write_text(TIDE)
    (tmp_path / "picture.jpg").write_bytes(b"\xff\xd8\xff")
    return tmp_path


def test_a_file_becomes_a_sentence_on_standard_output(folder: Path) -> None:
    run = epitome("summarize", folder / "well.txt")
    assert run.returncode == 0, run.stderr
    (line,) = run.stdout.splitlines()
    assert "well" in line
    assert line.endswith(".")
    assert len(line) < len(WELL)
    assert all(said.startswith("engine ") for said in run.stderr.splitlines())


def test_json_is_an_object_a_line_for_files_folders_and_standard_input(folder: Path) -> None:
    run = epitome("summarize", "-", folder, "--json", "--quiet", input=TIDE)
    assert (run.returncode, run.stderr) == (0, "")
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    assert [row["source"] for row in rows] == ["-", str(folder / "owl.md"), str(folder / "well.txt")]
    for row, text in zip(rows, (TIDE, OWL, WELL), strict=True):
        assert set(row) >= KEYS
        assert (row["model"], row["adapter"], row["language"]) == ("smollm2-135m", None, "en")
        assert (row["read_share"], row["unmet"]) == (1.0, [])
        assert row["seconds"] > 0
        for sentence in row["sentences"]:
            assert 0 <= sentence["support"] <= 1
            for span in sentence["sources"]:
                assert span["text"] in text
                assert span["end"] - span["start"] == len(span["text"])
                assert span["paragraph"] >= 1


def test_sources_and_plan_are_shown_and_may_go_to_a_file(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.txt"
    shown = ["--sources", "--show-plan", "--quiet", "--style", "bullets", "--sentences", "2"]
    run = epitome("summarize", folder / "well.txt", *shown, "-o", out)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    text = out.read_text()
    bullets = re.findall(r"^- (.+)$", text, re.MULTILINE)
    assert len(bullets) == 2
    for number, bullet in enumerate(bullets, 1):
        assert (
            f"[{number}] {bullet}\n    support 0." in text or f"[{number}] {bullet}\n    support 1." in text
        )
    assert re.search(r"^    paragraph 1: (.+)$", text, re.MULTILINE)
    assert "read 100.0% of the document, in " in text
    assert len(re.findall(r"^  map \d+-\d+: ", text, re.MULTILINE)) >= 2


def test_what_is_not_met_is_said_on_standard_error(folder: Path, tmp_path: Path) -> None:
    terms = tmp_path / "terms.txt"
    terms.write_text("# spelt so\nHask\nThursday\n")
    arguments = ["--mention", "Thursday", "--mention", "submarine", "--glossary", terms]
    run = epitome("summarize", folder / "well.txt", *arguments)
    assert run.returncode == 0
    assert "Thursday" in run.stdout
    said = [line for line in run.stderr.splitlines() if not line.startswith("engine ")]
    assert said == [f"{folder / 'well.txt'}: not met: mention submarine (the source does not name it)"]


def test_a_length_and_a_seed(folder: Path) -> None:
    arguments = ["summarize", folder / "owl.md", "--words", "8-20", "--candidates", "3", "--seed", "11", "-q"]
    first, second = epitome(*arguments), epitome(*arguments)
    assert first.returncode == 0
    assert 8 <= len(first.stdout.split()) <= 20
    assert first.stdout == second.stdout


def test_an_extractive_summary_is_labelled_as_such(tmp_path: Path) -> None:
    path = tmp_path / "bridge.txt"
    path.write_text(CHINESE)
    run = epitome("summarize", path, "--model", "lexrank")
    assert run.returncode == 0
    assert run.stdout.strip() in CHINESE
    assert run.stderr == f"{path}: extractive: lexrank copied these sentences from the document\n"
    shown = json.loads(epitome("summarize", path, "--model", "lexrank", "--json").stdout)
    assert (shown["kind"], shown["model"], shown["language"]) == ("extractive", "lexrank", "zh")


def test_several_documents_have_a_heading_each(folder: Path) -> None:
    run = epitome("summarize", folder / "well.txt", folder / "owl.md", "--model", "lead", "-q")
    headings = [line for line in run.stdout.splitlines() if line.startswith("# ")]
    assert headings == [f"# {folder / 'well.txt'}", f"# {folder / 'owl.md'}"]


def test_a_glossary_keeps_its_terms_apart(tmp_path: Path, folder: Path) -> None:
    """Long terms, one a line, look like a wrapped paragraph."""
    terms = tmp_path / "terms.txt"
    terms.write_text("European Convention on Human Rights\nUniversal Declaration of Human Rights\nbarn owl\n")
    run = epitome("summarize", folder / "owl.md", "--glossary", terms, "--model", "lead", "--json")
    assert run.returncode == 0
    from epitome.cli.summarize import _terms

    assert len(_terms(terms)) == 3


def test_tables_are_taken_one_at_a_time(tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_text(json.dumps({"text": OWL}) + "\n")
    run = epitome("summarize", tmp_path / "a.jsonl", tmp_path / "b.jsonl", "--model", "lead")
    assert (run.returncode, run.stdout) == (2, "")
    assert "name one table at a time" in run.stderr
