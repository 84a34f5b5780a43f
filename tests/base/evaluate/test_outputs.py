"""Files of summaries that another program wrote, laid beside the data: each text to its own document, or an error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from epitome.datasets.pair import Pair
from epitome.errors import EpitomeError, SourceError, UsageError
from epitome.evaluate.outputs import is_outputs, read_outputs

PAIRS = [Pair(f"Document {name}.", ("Gold.",), id=name) for name in "abc"]


def file(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_rows_are_matched_by_id_whatever_their_order(tmp_path: Path) -> None:
    path = file(tmp_path / "out.jsonl", [{"id": name, "summary": name.upper()} for name in "cxab"])
    assert read_outputs(path, PAIRS) == ["A", "B", "C"]


def test_rows_without_ids_are_matched_by_document(tmp_path: Path) -> None:
    path = file(
        tmp_path / "out.jsonl", [{"document": f"Document {name}.", "prediction": name} for name in "bca"]
    )
    assert read_outputs(path, PAIRS) == ["a", "b", "c"]


def test_rows_with_neither_are_taken_in_order(tmp_path: Path) -> None:
    table = file(tmp_path / "out.jsonl", [{"summary": "1"}, {"summary": None}, {"summary": "3"}])
    lines = tmp_path / "test.hypo"
    lines.write_text("1\n\n3\n")
    assert read_outputs(table, PAIRS) == ["1", None, "3"]
    assert read_outputs(lines, PAIRS) == ["1", "", "3"]


def test_what_epitome_wrote_itself_is_read_by_its_summary_column(tmp_path: Path) -> None:
    rows = [{"id": name, "text": "the source", "summaries": ["gold"], "summary": name} for name in "abc"]
    assert read_outputs(file(tmp_path / "out.jsonl", rows), PAIRS) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        ('{"summary": "1"}\n{"summary": "2"}\n', UsageError, "has 2 rows, and the data 3"),
        (
            '{"id": "a", "summary": "1"}\n{"id": "b", "summary": "2"}\n',
            UsageError,
            "no row for 1 of 3 documents",
        ),
        ('{"id": "a", "summary": "1"}\n{"id": "a", "summary": "2"}\n', UsageError, "'a' stands in two rows"),
        ('{"id": "a", "abstract": "1"}\n', UsageError, "has no summaries"),
        ('{"id": "a", "summary": 5}\n', SourceError, "holds int, not text"),
        ('{"id": "a", "summary": "1"}\nnot json\n', SourceError, "out.jsonl:2: not JSON"),
        ("", SourceError, "is empty"),
    ],
)
def test_what_does_not_fit_is_named(
    tmp_path: Path, content: str, error: type[EpitomeError], says: str
) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text(content)
    with pytest.raises(error, match=says.replace(".", r"\.")):
        read_outputs(path, PAIRS)


def test_only_files_are_outputs(tmp_path: Path) -> None:
    assert not is_outputs(tmp_path)
    assert not is_outputs(tmp_path / "missing.jsonl")
    (tmp_path / "model.gguf").touch()
    assert not is_outputs(tmp_path / "model.gguf")
