"""The Python example in docs/python.md trains, as it stands there, on a base and settings that are quick."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.full.engines import folders
from tests.full.train import corpus

GUIDE = Path(__file__).parents[3] / "docs" / "python.md"


def test_the_example_of_the_guide_trains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    example = GUIDE.read_text("utf-8").partition("## Training")[2].split("```")[1].removeprefix("python\n")
    quick = ["train.max_steps=2", "train.threads=1", "data.max_tokens=200", "data.max_answer_tokens=24"]
    for said, meant in (
        ('resolve("default")', f"resolve({str(folders.llama(tmp_path / 'base'))!r})"),
        ('["train.epochs=2", "optim.lr=3e-4"]', repr(quick)),
    ):
        assert said in example
        example = example.replace(said, meant)
    corpus.write(tmp_path / "train.jsonl", 8)
    corpus.write(tmp_path / "dev.jsonl", 2, skip=8)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(example, names)
    assert names["outcome"].evaluations[-1].loss > 0  # type: ignore[attr-defined]
    assert (tmp_path / "model" / "epitome.json").is_file()
