"""`bench/train.py`: what it compares, and what it makes of it; tests/full/bench trains with it."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HELD = 60 * 2**20


def rounds(training: ModuleType, theirs: float, peak: int, loss: float) -> dict[str, list[Any]]:
    """Ours takes a second a step and a byte; TRL's two forms take `theirs` and twice that, `peak` and a hundred."""

    def taken(seconds: float, peak: int, last: float) -> object:
        return training.Taken([2.5, last], [9.0, seconds], peak, 20.0, 30.0)

    return {
        training.OURS: [taken(1.0, 1, 2.0), taken(1.0, 1, 2.0)],
        "trl-16x1": [taken(theirs, 100, 2.0), taken(theirs, 100, 2.0)],
        "trl-1x16": [taken(2 * theirs, peak, 2.0), taken(2 * theirs, peak, loss)],
    }


@pytest.mark.parametrize(
    ("theirs", "peak", "loss", "words"),
    [
        (3.0, 3, 2.01, ["pass", "pass", "pass"]),
        (2.0, 1, 2.5, ["**MISS**", "**MISS**", "**MISS**"]),
    ],
)
def test_bars_are_against_the_faster_and_the_leaner_peer(
    training: ModuleType, figures: ModuleType, report: ModuleType, tmp_path: Path,
    theirs: float, peak: int, loss: float, words: list[str],
) -> None:  # fmt: skip
    written = report.Report(tmp_path / "train.md", "Training")
    figures.figures(written, rounds(training, theirs, peak, loss), training.Plan(tmp_path, (), (4000, 4000)))
    lines = (tmp_path / "train.md").read_text("utf-8").splitlines()
    found = [line for line in lines if ", bar " in line]
    assert [line.split(": ")[0].removeprefix("- ") for line in found] == words
    assert f"the fastest, TRL, 16 x 1: median of {theirs:.2f} {theirs:.2f}" in found[1]
    assert f"the leanest, TRL, 1 x 16, over ours: median of {peak:.2f}" in found[2]
    assert any(line.startswith("| TRL, 1 x 16 | 2.5000 | 2.0000 | ") for line in lines)


def test_the_first_step_is_no_part_of_the_speed(training: ModuleType, tmp_path: Path) -> None:
    one = training.Taken([1.0] * 3, [50.0, 2.0, 2.0], 1, 60.0, 60.0)
    assert one.speed(training.Plan(tmp_path, (), (9, 300, 500))) == 200.0


def test_other_tokens_end_the_measurement(training: ModuleType, process: ModuleType) -> None:
    training.same_tokens("ours", [3, 4], (3, 4))
    with pytest.raises(process.ProcessError, match="nothing can be compared"):
        training.same_tokens("TRL", [3, 5], (3, 4))


def test_peaks_of_a_program_and_those_it_starts_are_added_up(
    bench: Path, process: ModuleType, tmp_path: Path
) -> None:
    peaks = importlib.import_module("harness.peaks")
    inner = f"import time; held = b'x' * {HELD}; time.sleep(0.5)"
    start = f"subprocess.Popen([sys.executable, '-c', {inner!r}])"
    outer = f"import subprocess, sys; both = [{start}, {start}]; [one.wait() for one in both]"
    with peaks.Peaks(0.05) as seen:
        process.run([sys.executable, "-c", outer], tmp_path / "log")
    assert 2 * HELD < seen.total < 4 * HELD


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--steps", "1"], "--steps must be at least 2: the first is warm-up"),
        (["--rounds", "0"], "--rounds must be at least 1"),
        ([], "holds no scitldr/train.jsonl"),
    ],
)
def test_what_makes_no_sense_is_said_in_one_line(
    bench: Path, tmp_path: Path, options: list[str], said: str
) -> None:
    command = [
        sys.executable,
        str(bench / "train.py"),
        "--data",
        str(tmp_path),
        "--work",
        str(tmp_path / "work"),
    ]
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert said in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
