"""The service against its OpenAPI document, some hundred requests of thousands: `bench/schema.py`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.timeout(600)  # a server with a model, and schemathesis; a minute on an idle machine
def test_no_answer_is_missing_in_the_document(tmp_path: Path) -> None:
    out, work = tmp_path / "schema.md", tmp_path / "work"
    command = [sys.executable, "bench/schema.py", "--cases", "100", "--phases", "examples,fuzzing"]
    done = subprocess.run(
        [*command, "--out", str(out), "--work", str(work)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = (work / "schemathesis.log").read_text("utf-8") if work.is_dir() else ""
    assert done.returncode == 0, f"{done.stdout}{done.stderr}{said}"
    report = out.read_text("utf-8")
    assert "| /v1/summaries | 200 |" in report
    assert "| /v1/chat/completions | 200 |" in report
    assert "MISS" not in report
