"""`bench/bert.py`: the same output with what is kept and without, what was measured is kept, and the curve."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.full.engines import folders
from tests.full.train import corpus

BENCH = Path(__file__).parents[3] / "bench"


@pytest.fixture(scope="module")
def bench() -> Iterator[ModuleType]:
    sys.path.append(str(BENCH))
    yield importlib.import_module("bert")
    sys.path.remove(str(BENCH))


def test_decoding_is_timed_both_ways(
    bench: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "NEW", 6)
    monkeypatch.setattr(bench, "ROUNDS", 1)
    out = tmp_path / "decode.md"
    bench.main(
        ["decode", "--base", str(folders.bert(tmp_path / "bert")), "--lengths", "20", "--out", str(out)]
    )
    lines = out.read_text("utf-8").splitlines()
    assert [line.split(" | ")[:2] for line in lines if line.startswith("| 20 tokens")] == [
        ["| 20 tokens", "1"],
        ["| 20 tokens", "4"],
    ]
    assert any("times faster at 6 tokens with 4 beams" in line and ", bar 10" in line for line in lines)


def tables(folder: Path) -> tuple[str, ...]:
    return ("--train", str(folder / "train.jsonl"), "--dev", str(folder / "dev.jsonl"))


def figures(name: str, numbers: int, rouge: float) -> dict[str, Any]:
    held = {
        key: {"mean": rouge, "low": rouge - 1, "high": rouge + 1} for key in ("rouge1", "rouge2", "rougeL")
    }
    return {
        "name": name, "numbers": numbers, "parameters": 9, "steps": 7, "loss": 3.0, "on": "a card", **held,
    }  # fmt: skip


@pytest.mark.timeout(600)  # four programs that load torch; half a minute on an idle machine
def test_a_row_is_a_training_and_an_evaluation(
    bench: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, count in (("train", 8), ("dev", 12)):
        corpus.write(tmp_path / f"{name}.jsonl", count, skip=0 if name == "train" else 8)
    monkeypatch.setattr(bench, "ROUTES", {"BERT2BERT": ("encoder.writer=bert2bert",)})
    monkeypatch.setattr(bench, "WIDTHS", {"mean": ((1, 6),)})
    texts = [f"{pair.document} {pair.summaries[0]}" for pair in corpus.pairs(20)]
    out = tmp_path / "routes.md"
    base = str(folders.bert(tmp_path / "bert", texts))
    bench.main(["routes", *tables(tmp_path), "--pairs", "4", "--base", base, "--documents", "2", "--jobs", "2",
                "--set", "train.max_steps=2", "--out", str(out), "--work", str(tmp_path / "work")])  # fmt: skip
    rows = [json.loads(line) for line in out.with_suffix(".jsonl").read_text("utf-8").splitlines()]
    assert {row["name"]: row["numbers"] for row in rows} == {"BERT2BERT": 0, "mean, 1 x 6": 6}
    for row in rows:
        assert row["parameters"] > 10_000
        assert 0 <= row["rouge1"]["low"] <= row["rouge1"]["mean"] <= row["rouge1"]["high"] <= 100
    text = out.read_text("utf-8")
    assert [text.count(f"| {name} |") for name in ("lead", "BERT2BERT", "mean, 1 x 6")] == [1, 1, 1]


@pytest.mark.timeout(600)  # a program that loads torch
def test_what_a_row_takes_is_measured(
    bench: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, count in (("train", 8), ("dev", 12)):
        corpus.write(tmp_path / f"{name}.jsonl", count, skip=0 if name == "train" else 8)
    for name, few in {
        "ROUTES": {"masked, with a pointer": ()},
        "WIDTHS": {},
        "STEPS": 2,
        "NEW": 6,
        "LONG": 20,
    }.items():
        monkeypatch.setattr(bench, name, few)
    out = tmp_path / "cost.md"
    base = str(folders.bert(tmp_path / "bert"))
    bench.main(
        ["cost", *tables(tmp_path), "--base", base, "--out", str(out), "--work", str(tmp_path / "work")]
    )
    (row,) = [line for line in out.read_text("utf-8").splitlines() if line.startswith("| masked")]
    _, _, *figures, _ = row.split("|")
    assert len(figures) == 4
    assert all(float(figure.replace(",", "")) > 0 for figure in figures)


def test_what_was_measured_is_not_measured_again(bench: ModuleType, tmp_path: Path) -> None:
    out = tmp_path / "routes.md"
    for name in ("train", "dev"):
        (tmp_path / f"{name}.jsonl").write_text(
            json.dumps({"id": "a", "document": "x", "summary": "y"}) + "\n"
        )
    kept = [
        figures(row.name, row.numbers, 20.0 + row.numbers / 1024) for row in [*bench.ways(), *bench.pooled()]
    ]
    out.with_suffix(".jsonl").write_text("".join(json.dumps(row) + "\n" for row in kept))
    bench.main(["routes", *tables(tmp_path), "--out", str(out), "--work", str(tmp_path / "work")])
    text = out.read_text("utf-8")
    assert "| attention, 16 x 384 | 6144 | 9 | 7 | 3.0000 | 26.00 (25.00 to 27.00) |" in text
    page = out.with_suffix(".html").read_text("utf-8")
    assert page.count("<polyline") == len(bench.WIDTHS) + 1
