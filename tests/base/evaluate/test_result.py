"""An evaluation as JSON: the contract for scripts, and nothing lost when it is read again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from epitome.errors import SourceError
from epitome.evaluate.result import (
    Breakdown,
    Comparison,
    Evaluation,
    Example,
    Figure,
    Output,
    Published,
    Shift,
    SystemResult,
)

FIGURE = Figure(31.5, 30.25, 32.75, 12, "rouge1|data:00|n:12")
WHOLE = Evaluation(
    data={"source": "dev.jsonl", "fingerprint": "00", "n": 12, "bad": [{"line": 3, "reason": "no gold"}]},
    settings={"systems": ["lead"], "seed": 0},
    signature="data:00|n:12",
    systems=[
        SystemResult(
            "lead", "baseline", "lead", "", 0.5, [Output("a", "Text.", "", True)], {"rouge1": [31.5, None]},
            {"rouge1": FIGURE},
        )
    ],
    comparisons=[Comparison("a", "b", "rouge1", 1.0, 0.5, 1.5, 0.01, 0.02)],
    breakdowns=[Breakdown("domain", "news", 5, {"lead": {"rouge1": FIGURE}})],
    examples=[Example("a", "best", "Document.", "Title", ("Gold.", "Other."), {"lead": "Text."}, {"lead": 31.5})],
    published=[Published("BART", "test", {"rouge1": 45.1}, "paper", "note")],
    perturbations=[Shift("lead", "typos", 4, FIGURE, {"rouge1": FIGURE})],
    versions={"epitome": "0"},
    created="2026-01-01T00:00:00+00:00",
)  # fmt: skip


def test_scripts_find_figures_by_system_and_metric() -> None:
    plain = json.loads(json.dumps(WHOLE.as_dict()))
    assert plain["systems"]["lead"]["rouge1"] == {
        "mean": 31.5, "low": 30.25, "high": 32.75, "n": 12, "signature": "rouge1|data:00|n:12",
    }  # fmt: skip
    assert plain["signature"] == "data:00|n:12"
    assert plain["runs"][0]["outputs"][0]["text"] == "Text."


def test_nothing_is_lost_on_the_way_through_a_file(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text(json.dumps(WHOLE.as_dict()))
    assert Evaluation.load(path) == WHOLE


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"systems": {}}', '{"systems": [], "runs": [1]}', "\x00", "5"]
)
def test_another_file_is_refused_in_one_line(tmp_path: Path, content: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(content)
    with pytest.raises(SourceError, match="not the JSON of an evaluation"):
        Evaluation.load(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none\.json"):
        Evaluation.load(tmp_path / "none.json")
