"""examples/finetune.ipynb from its first cell to its last, at its smallest size, and as a person would open it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

NOTEBOOK = Path(__file__).parents[3] / "examples" / "finetune.ipynb"


@pytest.fixture(scope="module")
def cells() -> list[dict[str, Any]]:
    book = json.loads(NOTEBOOK.read_text("utf-8"))
    return [cell for cell in book["cells"] if cell["cell_type"] == "code"]


def test_it_is_stored_without_outputs(cells: list[dict[str, Any]]) -> None:
    assert [cell["id"] for cell in cells if cell["outputs"] or cell["execution_count"] is not None] == []


@pytest.mark.timeout(600)  # half a minute of one core, but it shares it with what else runs
def test_every_cell_runs(cells: list[dict[str, Any]], tmp_path: Path) -> None:
    script = "\n\n".join("".join(cell["source"]) for cell in cells)
    small, tiny = 'SIZE = "small"', 'SIZE = "tiny"'
    assert script.count(small) == 1
    (tmp_path / "notebook.py").write_text(script.replace(small, tiny), "utf-8")
    ran = subprocess.run([sys.executable, "notebook.py"], cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    for said in (
        "problems: none",
        "step 2: dev loss",
        "lead against default",
        "tuned against default",
        "support ",
    ):
        assert said in ran.stdout
    made = tmp_path / "epitome-tiny"
    assert (made / "model" / "epitome.json").is_file()
    assert (made / "merged" / "model.gguf").is_file()
