"""`bench/summarize.py`: turns, ratios and bars; the whole of it runs when `make bench` is asked for."""

from __future__ import annotations

import json
import subprocess
import sys
from argparse import Namespace
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epitome.models import Model


@given(count=st.integers(1, 40), number=st.integers(1, 40))
def test_every_document_is_measured_once(systems: ModuleType, count: int, number: int) -> None:
    rows = list(range(count))
    portions = list(systems.portions(rows, min(number, count)))
    assert [row for portion in portions for row in portion] == rows
    assert len(portions) <= min(number, count)


def test_every_system_begins_a_round(systems: ModuleType) -> None:
    orders = [systems.rotated(["a", "b", "c"], at) for at in range(3)]
    assert orders == [["a", "b", "c"], ["b", "c", "a"], ["c", "a", "b"]]


def test_bars_are_judged_on_the_rounds_that_both_finished(
    systems: ModuleType, throughput: ModuleType, process: ModuleType, report: ModuleType, tmp_path: Path
) -> None:
    def took(*seconds: float) -> object:
        answers = (process.Answers(["…"] * 4, 400, 80, each) for each in seconds)
        return systems.Measured(dict(enumerate(answers)))

    measured = {
        systems.OURS: took(1.0, 1.0),
        systems.ALONE: took(2.0, 2.0),
        systems.FLOAT32: took(6.0),
        systems.BFLOAT16: took(1.0, 1.8),
        systems.BINDINGS: took(),
    }
    throughput.throughput_summary(report.Report(tmp_path / "speed.md", "Speed"), measured)
    lines = (tmp_path / "speed.md").read_text("utf-8").splitlines()
    assert f"| {systems.OURS} | 4 | 20 | ? | 1 | 1 | 0.5 |" in lines
    assert f"| {systems.FLOAT32} | 0.667 | 20 | ? | 6 | 6 | 3 |" in lines
    assert f"- pass: documents/s of ours against {systems.FLOAT32}: 6.00, bar 5" in lines
    assert f"- **MISS**: documents/s of ours against {systems.BFLOAT16}: 1.40, bar 1.5" in lines
    assert f"- not measured: ours against {systems.BINDINGS}" in lines


@pytest.mark.parametrize(
    ("ours", "word"), [("The ferry came back after eleven years.", "pass"), ("A band played.", "MISS")]
)
def test_the_bar_of_quality_is_the_lower_end_of_the_interval(
    systems: ModuleType, quality: ModuleType, report: ModuleType, tmp_path: Path, ours: str, word: str
) -> None:
    rows = [systems.Row("", "", ["The ferry came back to Norrholm after eleven years."])] * 20
    scored = {
        systems.OURS: quality.scores([ours] * 20, rows),
        "a peer": quality.scores(["The ferry came back after eleven years."] * 20, rows),
    }
    quality.quality_summary(report.Report(tmp_path / "quality.md", "Quality"), scored)
    assert word in (tmp_path / "quality.md").read_text("utf-8").splitlines()[-1]


def test_the_article_has_400_words_and_ends_with_a_sentence(
    systems: ModuleType, cold: ModuleType, report: ModuleType, tmp_path: Path
) -> None:
    bench = systems.Bench(Namespace(), None, report.Report(tmp_path / "cold.md", "Cold"), [])
    text = cold.article_text(bench)
    assert 390 <= len(text.split()) <= 410
    assert text.endswith((".\n", '."\n'))


def test_peers_read_the_prompt_that_we_read(systems: ModuleType, smollm: Model) -> None:
    prompt = systems.rendered(smollm, "A ferry came back.")
    assert prompt.startswith("<|im_start|>system\n")
    assert prompt.endswith("<|im_start|>user\nA ferry came back.<|im_end|>\n<|im_start|>assistant\n")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "scitldr"
    folder.mkdir(parents=True)
    row = {
        "document": "A ferry came back to Norrholm after eleven years.",
        "summaries": ["A ferry came back."],
    }
    (folder / "dev.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    return folder.parent


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--data", "nowhere"], 2, "nowhere holds no scitldr/dev.jsonl"),
        (["--documents", "0"], 2, "--documents must be at least 1"),
        ([], 3, "not installed: torch"),
    ],
)
def test_what_is_missing_is_said_in_one_line(
    bench: Path, data: Path, tmp_path: Path, options: list[str], code: int, said: str
) -> None:
    command = [
        sys.executable,
        str(bench / "summarize.py"),
        "--data",
        str(data),
        "--work",
        str(tmp_path / "work"),
        "--out",
        str(tmp_path / "out.md"),
    ]
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=60)
    assert done.returncode == code
    assert said in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
