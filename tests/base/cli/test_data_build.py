"""`epitome data build debian`: on a machine with a package index, and on one without."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.base.cli.command import epitome, one_line

from epitome.datasets import debian
from epitome.datasets.read import load
from epitome.errors import SourceError


def has_packages() -> bool:
    try:
        return bool(debian.build(limit=1).data)
    except SourceError:
        return False


def test_the_corpus_of_this_machine(tmp_path: Path) -> None:
    out = tmp_path / "debian.jsonl"
    run = epitome("data", "build", "debian", "-o", out, "--limit", "20", "--seed", "3")
    if not has_packages():
        assert run.returncode == 3
        assert "apt-get" in one_line(run)
        return
    assert run.returncode == 0, run.stderr
    data = load(str(out))
    assert 0 < len(data) <= 20
    assert f"{out}: {len(data)} pairs, fingerprint {data.fingerprint[:12]}" in run.stderr
    assert "left out: " in run.stderr
    assert "source: " in run.stderr


def test_only_debian_can_be_built(tmp_path: Path) -> None:
    run = epitome("data", "build", "fedora", "-o", tmp_path / "x.jsonl")
    assert run.returncode == 2
    assert "only debian can" in one_line(run)


@pytest.mark.parametrize("verb", ["build", "convert", "get"])
def test_help_has_examples(verb: str) -> None:
    shown = epitome("data", verb, "--help").stdout
    assert f"epitome data {verb} " in shown
    assert "Examples" in shown
