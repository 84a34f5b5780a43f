"""`epitome gate`, as a person or a build server runs it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from tests.base.cli.command import epitome, one_line
from tests.base.evaluate.corpus import PAIRS, written

EXAMPLES = Path(__file__).parents[3] / "examples"
GOOD = [pair.summaries[0] for pair in PAIRS]


def outputs(folder: Path, texts: list[str]) -> Path:
    path = folder / "outputs.jsonl"
    rows = (json.dumps({"id": pair.id, "summary": text}) for pair, text in zip(PAIRS, texts, strict=True))
    path.write_text("\n".join(rows))
    return path


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """A gate with a system that copies and a file of outputs that are as good as the golds."""
    path = tmp_path / "gate.toml"
    systems = ["--system", "lead", "--system", str(outputs(tmp_path, GOOD))]
    made = epitome(
        "gate", path, "--add", written(tmp_path), *systems, "--metric", "rouge1", "--metric", "rouge2"
    )
    assert made.returncode == 0, made.stderr
    return path


def floors(path: Path) -> dict[str, float]:
    return {
        name: float(value) for name, value in re.findall(r"^floor\.(\w+) = (.+)$", path.read_text(), re.M)
    }


def checked(path: Path, *options: str) -> CompletedProcess[str]:
    return epitome("gate", path, *options, "--quiet")


def test_what_is_as_it_was_holds(gate: Path) -> None:
    run = checked(gate)
    assert (run.returncode, run.stderr) == (0, "")
    assert "all 4 floors hold" in run.stdout
    assert run.stdout.count("the same") == 4


def test_a_fall_fails_and_says_how_far_and_where(gate: Path) -> None:
    outputs(gate.parent, [*GOOD[:1], "Nothing of the kind.", *GOOD[2:]])
    run = checked(gate)
    assert run.returncode == 1
    assert f"most lost: {PAIRS[1].id} 100.00 → 0.00" in run.stdout
    assert "2 of 4 floors broken" in run.stdout
    found = json.loads(checked(gate, "--json").stdout)
    assert found["passed"] is False
    assert [one["passed"] for one in found["checks"]] == [True, True, False, False]
    fallen = found["checks"][2]
    share = 100 / len(PAIRS)
    assert (fallen["system"], fallen["metric"], fallen["side"]) == ("outputs", "rouge1", "floor")
    assert fallen["by"] == pytest.approx(-share, abs=0.001)
    assert fallen["change"]["difference"] == pytest.approx(-share, abs=0.001)
    assert fallen["fell"] == [{"id": PAIRS[1].id, "before": 100.0, "after": 0.0}]
    assert fallen["note"].startswith("was sha256:")


def test_update_lowers_nothing_unless_told_to(gate: Path) -> None:
    outputs(gate.parent, ["Nothing of the kind."] * len(GOOD))
    before = gate.read_text()
    refused = checked(gate, "--update")
    assert refused.returncode == 1
    assert "nothing is written — --update --allow-regression lowers the floors" in one_line(refused)
    assert gate.read_text() == before
    allowed = checked(gate, "--update", "--allow-regression")
    assert allowed.returncode == 0
    assert floors(gate)["rouge1"] < 20
    assert checked(gate).returncode == 0
    outputs(gate.parent, GOOD)
    assert checked(gate, "--update").returncode == 0
    assert floors(gate)["rouge1"] == 100
    assert gate.read_text() == before


def test_other_data_is_refused(gate: Path) -> None:
    written(gate.parent, PAIRS[1:])
    run = checked(gate)
    assert run.returncode == 3
    line = one_line(run)
    assert "not the data that the floors were measured on" in line
    assert "--update --allow-regression" in line
    assert checked(gate, "--update").returncode == 3


def test_other_data_may_be_taken_on_purpose(gate: Path) -> None:
    written(gate.parent, PAIRS[1:])
    outputs(gate.parent, GOOD).write_text("\n".join(outputs(gate.parent, GOOD).read_text().splitlines()[1:]))
    assert checked(gate, "--update", "--allow-regression").returncode == 0
    assert checked(gate).returncode == 0


def test_a_system_that_is_gone_cannot_be_run(gate: Path) -> None:
    (gate.parent / "outputs.jsonl").unlink()
    run = checked(gate)
    assert run.returncode == 3
    assert "outputs.jsonl" in one_line(run)


def test_the_file_can_be_moved_with_its_data(gate: Path, tmp_path: Path) -> None:
    text = gate.read_text()
    assert 'data = "./pairs.jsonl"' in text
    assert 'spec = "outputs=./outputs.jsonl"' in text
    other = tmp_path / "elsewhere"
    other.mkdir()
    for name in ("gate.toml", "pairs.jsonl", "outputs.jsonl"):
        (tmp_path / name).rename(other / name)
    assert checked(other / "gate.toml").returncode == 0


def test_add_joins_systems_on_the_same_data_and_refuses_those_that_are_there(gate: Path) -> None:
    data = gate.parent / "pairs.jsonl"
    again = epitome("gate", gate, "--add", data, "--system", "lead")
    assert again.returncode == 2
    assert "lead has its floors" in one_line(again)
    assert epitome("gate", gate, "--add", data, "--system", "title", "--metric", "repetition").returncode == 0
    assert epitome("gate", gate, "--add", data, "--system", "lead", "--limit", "2").returncode == 0
    text = gate.read_text()
    assert text.count("[[corpus]]") == 2
    assert text.count("[[corpus.system]]") == 4
    assert "ceiling.repetition = " in text
    run = checked(gate)
    assert run.returncode == 0
    assert "./pairs.jsonl, first 2" in run.stdout


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--allow-regression"], "goes with --update"),
        (["--system", "lead"], "only --add DATA takes"),
        (["--words", "40"], "only --add DATA takes"),
        (["--add", "pairs.jsonl"], "takes systems"),
        (["--add", "pairs.jsonl", "--system", "lead", "--update"], "no --update"),
        (["--add", str(EXAMPLES / "pairs.jsonl"), "--system", "lead", "--metric", "words"], "no floor can lie under"),
        (["--add", str(EXAMPLES / "pairs.jsonl"), "--system", "lead", "--drop", "-1"], "not a distance"),
        (["--add", str(EXAMPLES / "pairs.jsonl"), "--system", "lead", "--style", "ode"], "no style 'ode'"),
    ],
)  # fmt: skip
def test_what_makes_no_sense(tmp_path: Path, options: list[str], complaint: str) -> None:
    run = epitome("gate", tmp_path / "new.toml", *options)
    assert run.returncode == 2
    assert complaint in one_line(run)
    assert not (tmp_path / "new.toml").exists()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("floor = [", "no TOML"),
        ("a = 1", "'corpus' is missing"),
        ("corpus = 3", "not a gate"),
        ('[[corpus]]\ndata = "d"\nfingerprint = "f"\ndocuments = 2\nsystem = []', "holds no floor"),
        ('[[corpus]]\ndata = "d"\nfingerprint = "f"\ndocuments = 2\n[[corpus.system]]\nspec = "lead"', "identity"),
        (
            '[[corpus]]\ndata = "d"\nfingerprint = "f"\ndocuments = 2\n[[corpus.system]]\nspec = "lead"\n'
            'identity = "lead"\ndrop = 0\nceiling.rouge1 = 3\nmeasured.rouge1 = 3',
            "rouge1 takes a floor",
        ),
    ],
)  # fmt: skip
def test_files_that_are_no_gate(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "gate.toml"
    path.write_text(text)
    run = epitome("gate", path)
    assert run.returncode == 3
    assert complaint in one_line(run)


def test_no_file(tmp_path: Path) -> None:
    run = epitome("gate", tmp_path / "none.toml")
    assert run.returncode == 3
    assert "none.toml" in one_line(run)
