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
def test_every_document_is_measured_once(speed: ModuleType, count: int, number: int) -> None:
    rows = list(range(count))
    portions = list(speed.portions(rows, min(number, count)))
    assert [row for portion in portions for row in portion] == rows
    assert len(portions) <= min(number, count)


def test_every_system_begins_a_round(speed: ModuleType) -> None:
    orders = [speed.rotated(["a", "b", "c"], at) for at in range(3)]
    assert orders == [["a", "b", "c"], ["b", "c", "a"], ["c", "a", "b"]]


def measured(speed: ModuleType, process: ModuleType, *seconds: float) -> object:
    return speed.Measured({at: process.Answers(["…"] * 4, 400, 80, one) for at, one in enumerate(seconds)})


def test_bars_are_judged_on_the_rounds_that_both_finished(
    speed: ModuleType, process: ModuleType, report: ModuleType, tmp_path: Path
) -> None:
    took = {
        speed.OURS: measured(speed, process, 1.0, 1.0),
        speed.ALONE: measured(speed, process, 2.0, 2.0),
        speed.FLOAT32: measured(speed, process, 6.0),
        speed.BFLOAT16: measured(speed, process, 1.0, 1.8),
        speed.BINDINGS: speed.Measured(),
    }
    speed.throughput_summary(report.Report(tmp_path / "speed.md", "Speed"), took)
    lines = (tmp_path / "speed.md").read_text("utf-8").splitlines()
    assert f"| {speed.OURS} | 4 | 20 | ? | 1 | 1 | 0.5 |" in lines
    assert f"| {speed.FLOAT32} | 0.667 | 20 | ? | 6 | 6 | 3 |" in lines
    assert f"- pass: documents/s of ours against {speed.FLOAT32}: 6.00, bar 5" in lines
    assert f"- **MISS**: documents/s of ours against {speed.BFLOAT16}: 1.40, bar 1.5" in lines
    assert f"- not measured: ours against {speed.BINDINGS}" in lines


def test_quality_bar_is_the_lower_end_of_the_interval(
    speed: ModuleType, report: ModuleType, tmp_path: Path
) -> None:
    golds = [speed.Row("", "", ["The ferry came back to Norrholm after eleven years."]) for _ in range(20)]
    same = speed.scores(["The ferry came back after eleven years."] * 20, golds)
    worse = speed.scores(["A band played."] * 20, golds)
    speed.quality_summary(report.Report(tmp_path / "q.md", ""), {speed.OURS: same, "peer": same})
    assert "pass" in (tmp_path / "q.md").read_text("utf-8")
    speed.quality_summary(report.Report(tmp_path / "q.md", ""), {speed.OURS: worse, "peer": same})
    assert "MISS" in (tmp_path / "q.md").read_text("utf-8")


def test_the_article_has_400_words_and_ends_with_a_sentence(
    speed: ModuleType, report: ModuleType, tmp_path: Path
) -> None:
    text = speed.article_text(speed.Bench(Namespace(), None, report.Report(tmp_path / "r.md", ""), []))
    assert 390 <= len(text.split()) <= 410
    assert text.endswith((".\n", '."\n', '"\n'))


def test_peers_read_the_prompt_that_we_read(speed: ModuleType, smollm: Model) -> None:
    prompt = speed.rendered(smollm, "A ferry came back.")
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
    ]
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=60)
    assert done.returncode == code
    assert said in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
