"""The adapters that come with the package: small, described, and used by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.base.cli.command import epitome

from epitome.models import catalogue, folder

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.mark.parametrize("name", folder.shipped())
def test_each_is_small_and_says_what_it_is(name: str) -> None:
    files = list((folder.SHIPPED / name).iterdir())
    assert sum(file.stat().st_size for file in files) <= 8_000_000
    trained = folder.read(folder.SHIPPED / name)
    assert trained is not None
    assert catalogue.find(trained.base) is not None
    card = (folder.SHIPPED / name / "README.md").read_text("utf-8")
    assert all(word in card for word in ("license:", "**Data**", "recipes/make.py", "ROUGE"))


def test_they_are_used_by_name() -> None:
    assert "tldr" in folder.shipped()
    paper = str(EXAMPLES / "news.txt")
    said = {}
    for adapter in ("tldr", "none"):
        done = epitome("summarize", paper, "--adapter", adapter, "--candidates", "1", "--json", "--quiet")
        assert done.returncode == 0, done.stderr
        said[adapter] = json.loads(done.stdout)
    assert Path(said["tldr"]["adapter"]).name == "tldr"
    assert said["none"]["adapter"] is None
    assert said["tldr"]["text"] != said["none"]["text"]
