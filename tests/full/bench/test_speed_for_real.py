"""The measurement of quality at speed, small: weights unpacked, both systems asked, bars judged."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_quality_at_speed(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "scitldr"
    folder.mkdir(parents=True)
    pairs = (ROOT / "examples" / "pairs.jsonl").read_text("utf-8").splitlines()
    row = min(map(json.loads, pairs), key=lambda row: (not row["document"].isascii(), len(row["document"])))
    (folder / "dev.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    out = tmp_path / "quality.md"
    command = [
        sys.executable,
        "bench/summarize.py",
        "--only",
        "quality",
        "--quality",
        "1",
        "--documents",
        "1",
    ]
    folders = ["--data", str(folder.parent), "--out", str(out), "--work", str(tmp_path / "work")]
    done = subprocess.run([*command, *folders], cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    found = re.findall(r"^\| ([^|]+) \| (\d+\.\d\d) \|", out.read_text("utf-8"), re.MULTILINE)
    rouge = {name: float(score) for name, score in found}
    assert len(rouge) == 3
    assert all(score > 15 for score in rouge.values())  # unrelated text of that length has some 10
    assert "bar -1" in out.read_text("utf-8")
