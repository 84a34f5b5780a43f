"""`epitome evaluate` and `compare`: one table of anything, files for scripts, a kill that loses nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from tests.base.cli.command import COMMAND, epitome, one_line
from tests.base.evaluate.corpus import PAIRS, written

from epitome.settings import home
from epitome.store.generations import Generations


@pytest.fixture
def own_home(tmp_path: Path) -> dict[str, str]:
    """A cache of its own, with the default model in it."""
    place = tmp_path / "home"
    place.mkdir()
    (place / "models").symlink_to(home() / "models")
    return {"EPITOME_HOME": str(place)}


def test_baselines_are_scored_and_compared_in_one_table(tmp_path: Path) -> None:
    run = epitome(
        "evaluate", written(tmp_path), "--system", "lead", "--system", "textrank", "--system", "oracle"
    )
    assert run.returncode == 0, run.stderr
    for wanted in (
        "10 documents",
        "lead",
        "textrank",
        "oracle",
        "ROUGE-1",
        "ROUGE-Lsum",
        "beside textrank",
        "signature data:",
    ):
        assert wanted in run.stdout


def test_scripts_get_json_on_standard_output(tmp_path: Path) -> None:
    run = epitome("evaluate", written(tmp_path), "--system", "lead", "--json", "-")
    found = json.loads(run.stdout)
    assert set(found["systems"]["lead"]["rouge1"]) == {"mean", "low", "high", "n", "signature"}
    assert found["signature"].startswith("data:")


def test_every_report_and_the_outputs_are_written(tmp_path: Path) -> None:
    names = {
        "--report": "r.html",
        "--markdown": "r.md",
        "--csv": "r.csv",
        "--json": "r.json",
        "--outputs": "texts",
    }
    options = [part for name, file in names.items() for part in (name, tmp_path / file)]
    run = epitome("evaluate", written(tmp_path), "--system", "lead", "--system", "my=title", *options)
    assert run.returncode == 0, run.stderr
    rows = [json.loads(line) for line in (tmp_path / "texts" / "my.jsonl").read_text().splitlines()]
    assert [row["summary"] for row in rows] == [pair.title for pair in PAIRS]
    assert all((tmp_path / file).exists() for file in names.values())


def test_written_outputs_come_back_with_the_same_figures(tmp_path: Path) -> None:
    data = written(tmp_path)
    epitome(
        "evaluate", data, "--system", "lead", "--outputs", tmp_path / "texts", "--json", tmp_path / "a.json"
    )
    epitome("evaluate", data, "--system", tmp_path / "texts" / "lead.jsonl", "--json", tmp_path / "b.json")
    one, other = (
        json.loads((tmp_path / name).read_text())["systems"]["lead"] for name in ("a.json", "b.json")
    )
    assert one["rouge2"]["mean"] == other["rouge2"]["mean"]


def test_two_runs_are_compared_document_by_document(tmp_path: Path) -> None:
    data = written(tmp_path)
    for name, system in (("before", "lead"), ("after", "oracle")):
        epitome("evaluate", data, "--system", f"it={system}", "--json", tmp_path / f"{name}.json")
    run = epitome("compare", tmp_path / "before.json", tmp_path / "after.json", "--against", "before/it")
    assert run.returncode == 0, run.stderr
    assert "beside before/it" in run.stdout
    assert "after/it" in run.stdout


def test_runs_on_other_data_are_not_compared(tmp_path: Path) -> None:
    data = written(tmp_path)
    epitome("evaluate", data, "--system", "lead", "--json", tmp_path / "a.json")
    epitome("evaluate", data, "--system", "lead", "--limit", "5", "--json", tmp_path / "b.json")
    run = epitome("compare", tmp_path / "a.json", tmp_path / "b.json")
    assert run.returncode == 2
    assert "a and b differ in data" in one_line(run)
    assert "nothing to compare" in one_line(epitome("compare", tmp_path / "a.json"))


def test_bad_rows_are_named_counted_and_refused_when_asked(tmp_path: Path) -> None:
    data = written(tmp_path)
    with data.open("a") as file:
        file.write('{"id": "x", "document": "No gold.", "summaries": []}\nnot json\n')
    run = epitome("evaluate", data, "--system", "lead")
    assert run.returncode == 0
    assert "pairs.jsonl:12: not JSON" in run.stderr
    assert "2 rows passed over" in run.stderr
    assert "10 documents, 2 rows passed over" in run.stdout
    strict = epitome("evaluate", data, "--system", "lead", "--strict")
    assert strict.returncode == 3
    assert "pairs.jsonl:11" in one_line(strict)


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (("--system", "no-such-model"), 3, "no-such-model"),
        (("--system", "lead", "--metrics", "meteor"), 2, "no metric or group 'meteor'"),
        (("--system", "lead", "--golds", "best"), 2, "no gold protocol 'best'"),
        (("--system", "lead", "--words", "many"), 2, "many"),
        (("--system", "lead", "--column", "author=x"), 2, "'author' is no field"),
        (("--system", "lead", "--perturb", "rain"), 2, "no perturbation 'rain'"),
        (("--system", "lead", "--report", "/nowhere/at/all/r.html"), 3, "/nowhere/at/all"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    tmp_path: Path, options: tuple[str, ...], code: int, says: str
) -> None:
    run = epitome("evaluate", written(tmp_path), *options)
    assert run.returncode == code, run.stderr
    assert says in one_line(run)


def test_what_was_generated_before_a_kill_is_not_generated_again(
    tmp_path: Path, own_home: dict[str, str]
) -> None:
    data, store = written(tmp_path, PAIRS[:5]), tmp_path / "home" / "evaluate" / "generations.sqlite"
    arguments = (
        "evaluate",
        str(data),
        "--system",
        "default",
        "--engine",
        "llamacpp",
        "--json",
        str(tmp_path / "run.json"),
    )
    first = subprocess.Popen([str(COMMAND), *arguments], env=os.environ | own_home, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not store.exists() or _kept(store) < 2:
        assert first.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    first.send_signal(signal.SIGKILL)
    first.wait()
    before = _kept(store)
    again = epitome(*arguments, env=own_home)
    assert again.returncode == 0, again.stderr
    (run,) = json.loads((tmp_path / "run.json").read_text())["runs"]
    assert sum(output["cached"] for output in run["outputs"]) == before
    assert all(output["text"] for output in run["outputs"])


def _kept(store: Path) -> int:
    with Generations(store) as found:
        return len(found)
