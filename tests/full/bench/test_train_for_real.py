"""`bench/train.py` on a small network, without TRL: Epitome is started both ways and learns the same in both."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.full.engines import folders
from tests.full.train import corpus

ROOT = Path(__file__).parents[3]
LOSSES = re.compile(r"^\| epitome train[^|]*\| (\d+\.\d{4}) \| (\d+\.\d{4}) \| (\d\.\d{5}) \|$", re.MULTILINE)


@pytest.mark.timeout(600)  # three programs that load torch; half a minute on an idle machine
def test_both_ways_of_training_learn_the_same(tmp_path: Path) -> None:
    base = folders.llama(tmp_path / "llama")
    (tmp_path / "data" / "scitldr").mkdir(parents=True)
    corpus.write(tmp_path / "data" / "scitldr" / "train.jsonl", 33)
    out = tmp_path / "train.md"
    command = [sys.executable, "bench/train.py", "--rounds", "1", "--steps", "2", "--out", str(out)]
    command += ["--data", str(tmp_path / "data"), "--work", str(tmp_path / "work")]
    command += [
        "--systems",
        "epitome",
        "epitome-processes",
        "--set",
        f"base={base}",
        "--set",
        "optim.lr=0.03",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=580)
    assert done.returncode == 0, done.stderr
    text = out.read_text("utf-8")
    losses = LOSSES.findall(text)
    assert len(losses) == 2
    assert all(float(last) < float(first) for first, last, _ in losses)
    assert "pass: share of the systems whose losses agree" in text
    assert "not measured: ours against TRL" in text
