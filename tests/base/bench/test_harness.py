"""The measurements measure what they say: whole processes, kept workers, rows that stay."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from epitome.models import Model

HELD = 150 * 2**20


def test_a_process_is_measured_whole(process: ModuleType, tmp_path: Path) -> None:
    work = f"import time; held = b'x' * {HELD}; time.sleep(0.3); print('done')"
    usage, said = process.run([sys.executable, "-c", work], tmp_path / "log")
    assert said == "done"
    assert 0.3 < usage.wall < 30
    assert 0 < usage.cpu < usage.wall
    assert HELD < usage.peak < 3 * HELD


def test_a_process_that_fails_says_why(process: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(process.ProcessError, match="no such model"):
        process.run([sys.executable, "-c", "raise SystemExit('no such model')"], tmp_path / "log")


def test_a_worker_stays_and_answers_in_order(process: ModuleType, tmp_path: Path, smollm: Model) -> None:
    options = {"file": str(smollm.path), "new_tokens": 4}
    with process.Worker("llamacpp", options, tmp_path / "log") as worker:
        both = worker.ask([], ["One, two, three,", "Monday, Tuesday,"])
        alone = worker.ask([], ["Monday, Tuesday,"])
    assert both.texts[1] == alone.texts[0] != both.texts[0]
    assert both.generated_tokens == 8
    assert alone.prompt_tokens == 4
    assert worker.usage.peak > 80 * 2**20  # the model's file


def test_our_product_answers_as_the_peers_do(process: ModuleType, tmp_path: Path) -> None:
    options = {"model": "default", "engine": "llamacpp", "work": 2}
    text = (Path(__file__).parents[3] / "examples" / "news.txt").read_text("utf-8")[:1500]
    with process.Worker("epitome", options, tmp_path / "log") as worker:
        found = worker.ask([text, text], ["", ""])
    assert found.texts[0] == found.texts[1] != ""
    assert found.prompt_tokens > 300
    assert found.generated_tokens > 0


def test_a_worker_that_does_not_start_says_why(process: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(process.ProcessError, match=r"no-such\.gguf|[Ff]ailed"):
        process.Worker("llamacpp", {"file": "no-such.gguf", "new_tokens": 4}, tmp_path / "log")


def test_rows_are_on_disk_before_the_next_is_measured(report: ModuleType, tmp_path: Path) -> None:
    written = report.Report(tmp_path / "out" / "table.md", "Speed")
    written.table("system", "s", "note")
    written.row("ours", 1.23456, "a | b")
    assert written.path.read_text("utf-8").splitlines()[-1] == "| ours | 1.23 | a \\| b |"
    written.row("theirs", 123.4, "")
    assert written.path.read_text("utf-8").splitlines()[-2:] == [
        "| ours | 1.23 | a \\| b |",
        "| theirs | 123 |  |",
    ]


@pytest.mark.parametrize(("value", "word"), [(4.99, "**MISS**"), (5.0, "pass"), (7.0, "pass")])
def test_a_bar_is_met_or_missed(report: ModuleType, tmp_path: Path, value: float, word: str) -> None:
    written = report.Report(tmp_path / "bars.md", "Bars")
    assert written.bar("cold start", value, 5.0) == (word == "pass")
    assert f"- {word}: cold start" in written.path.read_text("utf-8")


def test_the_median(report: ModuleType) -> None:
    assert report.median([9.0, 1.0, 2.0]) == 2.0
    assert report.median([9.0, 1.0, 2.0, 4.0]) == 3.0
