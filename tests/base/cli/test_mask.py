"""`epitome mask`, and `summarize --mask`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.base.cli.command import epitome, one_line

LETTER = "Dear Sarah,\r\n\r\n  call Dr Okwu  at (212) 555-0147.\tHe waits; Okwu said so.\r\n"


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    path = tmp_path / "letter.txt"
    path.write_bytes(LETTER.encode())
    return path


def test_a_text_is_masked_and_comes_back_byte_for_byte(letter: Path, tmp_path: Path) -> None:
    masked, mapping, back = tmp_path / "masked.txt", tmp_path / "map.json", tmp_path / "back.txt"
    mapping.write_text("{}")
    mapping.chmod(0o644)
    done = epitome("mask", letter, "-o", masked, "--map", mapping)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "masked: 2 person, 1 phone\n"
    assert masked.read_bytes().decode() == (
        "Dear <PERSON_1>,\r\n\r\n  call Dr <PERSON_2>  at <PHONE_1>.\tHe waits; <PERSON_2> said so.\r\n"
    )
    assert mapping.stat().st_mode & 0o777 == 0o600
    assert json.loads(mapping.read_text("utf-8"))["entities"]["PERSON_2"] == "Okwu"
    assert epitome("mask", "--restore", masked, "--map", mapping, "-o", back).returncode == 0
    assert back.read_bytes() == letter.read_bytes()
    answer = epitome("mask", "--restore", "-", "--map", mapping, input="Person_2 waits for PERSON_1.")
    assert answer.stdout == "Okwu waits for Sarah.\n"


def test_to_the_screen_and_by_kind(letter: Path) -> None:
    done = epitome("mask", letter, "--kinds", "phone, email", "-q")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Dr Okwu  at <PHONE_1>." in done.stdout
    assert epitome("mask", "-", input="nothing here").stderr == "masked: nothing was found\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["letter.txt", "--kinds", "names"], 2, "'names': no kind"),
        (["letter.txt", "--restore"], 2, "--restore needs --map"),
        (["letter.txt", "--restore", "--map", "letter.txt"], 3, "no mapping of epitome mask"),
        (["letter.txt", "--restore", "--map", "none.json"], 3, "none.json: no such file"),
        (["letter.txt", "--restore", "--map", "x.json", "--kinds", "email"], 2, "--kinds is for masking"),
        (["letter.txt", "-o", "letter.txt"], 2, "is the text itself"),
        (["letter.txt", "--map", "letter.txt"], 2, "is the text itself"),
        (["letter.txt", "--map", "no/where/map.json"], 3, "cannot be written"),
        (["letter.txt", "--model", "spacy:xx_none"], 3, "spaCy, which is not installed"),
        (["letter.txt", "--model", "xx_none"], 3, "no NER model of this machine"),
        (["none.txt"], 3, "no such file"),
    ],
)
def test_what_makes_no_sense(
    letter: Path, arguments: list[str], code: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(letter.parent)
    before = letter.read_bytes()
    done = epitome("mask", *arguments)
    assert done.returncode == code, done.stderr
    assert said in one_line(done)
    assert letter.read_bytes() == before


def test_summaries_of_masked_documents(letter: Path, tmp_path: Path) -> None:
    common = ("summarize", letter, "--model", "lead", "--sentences", "1")
    hidden = json.loads(epitome(*common, "--mask", "--json").stdout)
    assert hidden["masked"] == {"person": 2, "phone": 1}
    assert "Okwu" not in json.dumps(hidden)
    shown = epitome(*common, "--mask", "--restore")
    assert "hidden from the model: 2 person, 1 phone" in shown.stderr
    assert "<" not in shown.stdout
    assert json.loads(epitome(*common, "--json").stdout)["masked"] is None
    for wrong in (["--restore"], ["--mask-model", "x"], ["--mask", "--examples", "pairs.jsonl"]):
        done = epitome(*common, *wrong)
        assert done.returncode == 2
        assert "--mask" in one_line(done)


def test_tables_of_masked_documents(tmp_path: Path) -> None:
    table, out = tmp_path / "t.jsonl", tmp_path / "out.jsonl"
    table.write_text(json.dumps({"text": "Sarah Lee left. The ferry waited."}) + "\n", "utf-8")
    common = ("summarize", table, "--column", "text", "--model", "lead", "--sentences", "1", "-o", out)
    assert epitome(*common, "--mask").returncode == 0
    assert json.loads(out.read_text("utf-8"))["summary"] == "<PERSON_1> left."
    assert epitome(*common, "--mask", "--restore").returncode == 0
    assert json.loads(out.read_text("utf-8"))["summary"] == "Sarah Lee left."
