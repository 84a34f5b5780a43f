"""`epitome summarize TABLE`: every row kept, each document once, and a kill loses nothing."""

from __future__ import annotations

import csv
import json
import os
import pty
import re
import signal
import subprocess
import termios
import time
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet
from tests.base.cli.command import COMMAND, epitome, one_line
from tests.base.summarize.texts import CHINESE, OWL, TIDE, WELL


def table(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return path


def written(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def lead(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """With the cheapest model: what happens to the rows is the same for all."""
    return epitome("summarize", *arguments, "--model", "lead")


def test_every_column_and_row_is_kept_in_order_with_the_models_summary(tmp_path: Path) -> None:
    rows = [
        {"id": 7, "body": WELL, "tags": ["water", None], "score": 1.5},
        {"id": 8, "body": OWL, "tags": [], "score": None},
        {"id": 9, "body": WELL, "tags": [], "score": None},
    ]
    source, out = table(tmp_path / "in.jsonl", rows), tmp_path / "out.jsonl"
    run = epitome("summarize", source, "--column", "body", "-o", out)
    assert run.returncode == 0, run.stderr
    assert run.stdout == ""
    assert f"{out}: 3 of 3 rows summarised, 1 reused" in run.stderr
    found = written(out)
    assert [{key: row[key] for key in rows[0]} for row in found] == rows
    assert all(list(row) == [*rows[0], "summary"] for row in found)
    assert "well" in found[0]["summary"]
    assert found[0]["summary"] == found[2]["summary"] != found[1]["summary"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]


def test_rows_without_a_text_say_why_and_the_others_go_on(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"text": WELL},
        {"text": ""},
        {"text": None},
        {"text": 42},
        {"other": "no text here"},
        {"text": OWL, "error": "a column of that name"},
    ]
    source, out = table(tmp_path / "in.jsonl", rows), tmp_path / "out.jsonl"
    with source.open("a") as file:
        file.write('{"text": "torn\n')
        file.write(json.dumps({"text": CHINESE}) + "\n")
    run = lead(source, "-o", out)
    assert run.returncode == 1
    assert "3 of 8 rows summarised, 5 failed (see their error)" in run.stderr
    found = written(out)
    assert [row["summary"] is None for row in found] == [False, True, True, True, True, False, True, False]
    assert found[1]["error"] == found[2]["error"] == found[4]["error"] == "column 'text' is empty"
    assert found[3] == {"text": 42, "summary": None, "error": "column 'text' holds int, not text"}
    assert found[5]["error"] == "a column of that name"
    assert found[6]["line"] == 7
    assert "line 7" in found[6]["error"]
    assert "not JSON" in found[6]["error"]
    assert "error" not in found[0]


def test_an_earlier_output_may_be_tried_again(tmp_path: Path) -> None:
    rows = [{"text": WELL, "summary": None, "error": "the server was gone"}]
    source, out = table(tmp_path / "in.jsonl", rows), tmp_path / "out.jsonl"
    assert lead(source, "-o", out).returncode == 0
    (row,) = written(out)
    assert set(row) == {"text", "summary"}
    assert row["summary"]


def test_all_rows_failed_is_3(tmp_path: Path) -> None:
    source, out = table(tmp_path / "in.jsonl", [{"text": ""}, {"text": None}]), tmp_path / "out.jsonl"
    assert lead(source, "-o", out).returncode == 3
    assert [row["summary"] for row in written(out)] == [None, None]


def test_a_language_the_model_does_not_know_is_the_rows_error(tmp_path: Path) -> None:
    source = table(tmp_path / "in.jsonl", [{"text": CHINESE}, {"text": OWL}])
    out = tmp_path / "out.jsonl"
    assert epitome("summarize", source, "-o", out, "-q").returncode == 1
    chinese, english = written(out)
    assert chinese["summary"] is None
    assert "knows en only" in chinese["error"]
    assert english["summary"]


def test_a_limit_takes_the_first_rows(tmp_path: Path) -> None:
    source = table(tmp_path / "in.jsonl", [{"text": text} for text in (WELL, OWL, TIDE)])
    assert lead(source, "-o", tmp_path / "out.jsonl", "--limit", "2").returncode == 0
    assert [row["text"] for row in written(tmp_path / "out.jsonl")] == [WELL, OWL]


def test_csv_and_tsv(tmp_path: Path) -> None:
    for name, delimiter in (("in.csv", ","), ("in.tsv", "\t")):
        with (tmp_path / name).open("w", newline="") as file:
            writer = csv.writer(file, delimiter=delimiter)
            writer.writerows([["id", "article"], ["1", TIDE], ["2", OWL]])
        assert lead(tmp_path / name, "-o", tmp_path / "out.jsonl").returncode == 0
        found = written(tmp_path / "out.jsonl")
        assert [(row["id"], row["article"]) for row in found] == [("1", TIDE), ("2", OWL)]
        assert found[1]["summary"] in OWL


def test_parquet(tmp_path: Path) -> None:
    columns = {"id": [1, 2], "content": [WELL, None], "share": [float("nan"), 0.5]}
    parquet.write_table(pyarrow.table(columns), tmp_path / "in.parquet")
    assert lead(tmp_path / "in.parquet", "-o", tmp_path / "out.jsonl").returncode == 1
    found = written(tmp_path / "out.jsonl")
    assert [(row["id"], row["content"], row["share"]) for row in found] == [(1, WELL, None), (2, None, 0.5)]
    assert found[0]["summary"] in WELL


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["-o", "out.jsonl", "--column", "body"], "has no column 'body' — it has: id, words"),
        (["-o", "out.jsonl"], "which column? — --column, one of id, words"),
        (["--column", "words"], "add -o OUT.jsonl"),
        (["-o", "out.csv", "--column", "words"], "name it OUT.jsonl"),
        (["-o", "in.jsonl", "--column", "words"], "is the table itself"),
        (["-o", "out.jsonl", "--column", "words", "--focus", "owls"], "cannot follow --focus"),
    ],
)
def test_wrong_usage_of_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    source = table(tmp_path / "in.jsonl", [{"id": 1, "words": WELL}])
    before = source.read_bytes()
    run = lead("in.jsonl", *arguments)
    assert (run.returncode, run.stdout) == (2, "")
    assert says in one_line(run)
    assert source.read_bytes() == before
    assert not (tmp_path / "out.jsonl").exists()


def test_a_table_that_is_not_there_or_empty(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("what was there before\n")
    (tmp_path / "empty.jsonl").touch()
    for name, says in (("gone.jsonl", "no such file"), ("empty.jsonl", "the table is empty")):
        run = lead(tmp_path / name, "-o", out)
        assert run.returncode == 3
        assert says in one_line(run)
    assert out.read_text() == "what was there before\n"


def stories(count: int) -> list[dict[str, Any]]:
    return [{"id": at, "text": f"On day {at} of the storm, {OWL}"} for at in range(count)]


def test_kill_9_and_the_same_command_again(tmp_path: Path) -> None:
    source, out = table(tmp_path / "in.jsonl", stories(5)), tmp_path / "out.jsonl"
    progress = tmp_path / "out.jsonl.progress"
    arguments = ["summarize", str(source), "-o", str(out), "--engine", "llamacpp"]

    def finished() -> list[dict[str, Any]]:
        lines = progress.read_bytes().splitlines(keepends=True) if progress.exists() else []
        return [json.loads(line) for line in lines[1:] if line.endswith(b"\n")]

    with subprocess.Popen([COMMAND, *arguments], stderr=subprocess.DEVNULL) as process:
        while len(finished()) < 2:
            assert process.poll() is None, "it ended before it could be killed"
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    kept = finished()
    assert 2 <= len(kept) < 5
    assert not out.exists()
    run = epitome(*arguments)
    assert run.returncode == 0, run.stderr
    assert f"5 of 5 rows summarised, {len(kept)} reused" in run.stderr
    found = written(out)
    assert [row["id"] for row in found] == list(range(5))
    assert [row["summary"] for row in found][: len(kept)] == [record["summary"] for record in kept]
    assert not progress.exists()


def test_a_full_disk_keeps_what_was_finished(tmp_path: Path) -> None:
    source, out = table(tmp_path / "in.jsonl", stories(40)), tmp_path / "out.jsonl"
    out.write_text("what was there before\n")
    arguments = ["summarize", source, "-o", out, "--model", "lead", "-q"]
    run = epitome(*arguments, limit=2000)
    assert run.returncode == 3
    assert "out.jsonl.progress: cannot be written" in one_line(run)
    assert "finished work is kept" in run.stderr
    assert out.read_text() == "what was there before\n"
    kept = len((tmp_path / "out.jsonl.progress").read_bytes().splitlines()) - 1
    assert kept >= 2
    run = epitome(*arguments[:-1])
    assert run.returncode == 0
    assert f"40 of 40 rows summarised, {kept} reused" in run.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]


def test_another_request_begins_anew(tmp_path: Path) -> None:
    source, out = table(tmp_path / "in.jsonl", stories(3)), tmp_path / "out.jsonl"
    epitome("summarize", source, "-o", out, "--model", "lead", "-q", limit=900)
    assert (tmp_path / "out.jsonl.progress").exists()
    run = lead(source, "-o", out, "--style", "bullets")
    assert "3 of 3 rows summarised\n" in run.stderr
    assert all(row["summary"].startswith("- ") for row in written(out))


def test_at_a_terminal_there_is_a_bar_with_rate_and_time_left(tmp_path: Path) -> None:
    source = table(tmp_path / "in.jsonl", stories(30))
    controller, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (40, 120))
    with subprocess.Popen(
        [COMMAND, "summarize", source, "-o", tmp_path / "out.jsonl", "--model", "lead"], stderr=terminal
    ) as process:
        os.close(terminal)
        shown = b""
        try:
            while piece := os.read(controller, 4096):
                shown += piece
        except OSError:  # the terminal is gone with the process
            pass
    os.close(controller)
    assert process.returncode == 0
    text = shown.decode()
    assert "summarising" in text
    assert re.search(r"\d+/30", text)
    assert "30 of 30 rows summarised" in text
