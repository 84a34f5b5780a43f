"""`--examples FILE`: pairs that show the model what is wanted, and what is said where they cannot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.base.cli.command import epitome, one_line
from tests.base.evaluate.corpus import PAIRS, written
from tests.base.models.adapters import write_lora
from tests.base.summarize.texts import OWL, WELL

from epitome.settings import home


@pytest.fixture
def well(tmp_path: Path) -> Path:
    path = tmp_path / "well.txt"
    path.write_text(WELL)
    return path


def test_a_folder_is_summed_up_after_the_likest_pairs_of_a_table(tmp_path: Path, well: Path) -> None:
    (tmp_path / "owl.txt").write_text(OWL)
    pairs = tmp_path / "pairs.csv"
    rows = [
        f'{pair.id},"{pair.document.replace(chr(34), chr(34) * 2)}",{pair.summaries[0]}' for pair in PAIRS
    ]
    pairs.write_text("\n".join(["id,article,highlights", *rows]) + "\n")
    run = epitome(
        "summarize", well, tmp_path / "owl.txt", "--examples", pairs, "--shots", "1", "--json", "-q"
    )
    assert (run.returncode, run.stderr) == (0, "")
    for line, own in zip(run.stdout.splitlines(), ("well", "owl"), strict=True):
        (example,) = json.loads(line)["examples"]
        assert example in {pair.id for pair in PAIRS} - {own}


def test_a_table_is_summed_up_anew_with_other_examples(tmp_path: Path) -> None:
    table, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    table.write_text(json.dumps({"text": WELL}) + "\n")
    run = epitome("summarize", table, "-o", out, "--examples", written(tmp_path), "--shots", "1")
    assert run.returncode == 0, run.stderr
    assert json.loads(out.read_text())["summary"]


def test_what_cannot_be_shown_is_said(tmp_path: Path, well: Path) -> None:
    """Twelve long examples, and a row that is none."""
    pairs = tmp_path / "long.jsonl"
    rows = [{"document": f"The well number {number}. " * 4000, "summary": "A well."} for number in range(12)]
    pairs.write_text("".join(json.dumps(row) + "\n" for row in [*rows, {"document": "Only a document."}]))
    run = epitome("summarize", well, "--examples", pairs, "--shots", "3")
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip()
    assert f"{pairs}: 1 rows are no examples, the first: " in run.stderr
    assert f"{well}: 12 of the likest examples are too long to stand before this document" in run.stderr
    assert "shown: 0 of 3" in run.stderr


def test_an_adapter_takes_examples_and_says_that_it_was_trained_without(tmp_path: Path, well: Path) -> None:
    adapter = write_lora(tmp_path / "lora", {"layers.0.self_attn.q_proj": (576, 576)}, std=0)
    pairs = written(tmp_path)
    run = epitome("summarize", well, "--adapter", adapter, "--examples", pairs, "--shots", "1")
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip()
    assert "was trained to be asked without examples" in run.stderr


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--examples", "nowhere.jsonl"], 3, "nowhere.jsonl: no such file"),
        (["--examples", "."], 3, "is a folder"),
        (["--examples", "{well}"], 3, "not a table"),
        (["--examples", "{empty}"], 3, "holds no pair"),
        (["--shots", "2"], 2, "add --examples FILE"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", ["summarize", "evaluate"])
def test_wrong_examples_are_one_clear_line(
    tmp_path: Path, well: Path, command: str, options: list[str], code: int, said: str
) -> None:
    empty, pairs = tmp_path / "empty.jsonl", written(tmp_path)
    empty.write_text('{"document": "A text.", "summary": ""}\n')
    named = [option.format(well=well, empty=empty, pairs=pairs) for option in options]
    run = epitome(command, well if command == "summarize" else pairs, *named)
    assert run.returncode == code, run.stderr
    assert run.stdout == ""
    assert said in one_line(run)


def test_a_method_that_copies_refuses_examples(tmp_path: Path, well: Path) -> None:
    run = epitome("summarize", well, "--model", "lead", "--examples", written(tmp_path))
    assert (run.returncode, run.stdout) == (2, "")
    assert "lead copies sentences and learns nothing from examples" in one_line(run)


def test_an_evaluation_keeps_texts_with_and_without_examples_apart(tmp_path: Path) -> None:
    """Each document is in the file itself, and has others before it. Baselines are shown nothing."""
    place = tmp_path / "home"
    place.mkdir()
    (place / "models").symlink_to(home() / "models")
    (tmp_path / "data").mkdir()
    data, pairs = written(tmp_path / "data", PAIRS[1:3]), written(tmp_path)

    def evaluated(*options: str | Path) -> dict[str, Any]:
        asked = ["--system", "default", "--system", "lead", "--metrics", "rouge", "--json", "-", "-q"]
        run = epitome("evaluate", data, *asked, *options, env={"EPITOME_HOME": str(place)})
        assert run.returncode == 0, run.stderr
        found: dict[str, Any] = json.loads(run.stdout)
        return found

    plain = evaluated()
    first, again = (evaluated("--examples", pairs, "--shots", "1") for _ in range(2))
    assert ":examples=1." in first["systems"]["default"]["rouge1"]["signature"]
    assert "examples=" not in first["systems"]["lead"]["rouge1"]["signature"]
    assert "examples=" not in plain["systems"]["default"]["rouge1"]["signature"]
    assert [cached(run) for run in (plain, first, again)] == [[False, False], [False, False], [True, True]]


def cached(run: dict[str, Any]) -> list[bool]:
    (model,) = (one for one in run["runs"] if one["name"] == "default")
    return [output["cached"] for output in model["outputs"]]
