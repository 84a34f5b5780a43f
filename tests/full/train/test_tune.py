"""`epitome tune` finds better settings than it began with, and goes on where it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.full.engines import folders
from tests.full.train import corpus

from epitome.errors import SourceError, UsageError
from epitome.models.local import from_folder
from epitome.models.model import Model
from epitome.train.course import Watch
from epitome.train.finder import steepest, sweep
from epitome.train.space import Range, read
from epitome.train.tune import Search, tune

SPACE = {"optim.lr": Range(low=1e-6, high=0.05, log=True), "method.rank": Range(choices=(2, 4))}


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return from_folder(folders.llama(tmp_path_factory.mktemp("base") / "llama"))


def test_a_search_finds_a_rate_that_learns_and_goes_on(llama: Model, tmp_path: Path) -> None:
    config = corpus.config("eval.generate=0", "eval.patience=0", "train.max_steps=12")
    data, dev, notes = corpus.dataset(24), corpus.dataset(8, skip=24), []  # type: ignore[var-annotated]
    first = tune(data, dev, llama, config, Search(SPACE, 3), tmp_path / "s", notes.append)
    assert first.trials + first.pruned == 3
    found = tune(data, dev, llama, config, Search(SPACE, 7), tmp_path / "s", notes.append)
    assert found.trials + found.pruned == 7
    assert len(notes) == 7
    assert found.settings["optim.lr"] > 1e-3
    best = (tmp_path / "s" / "best.toml").read_text()
    assert f"lr = {found.settings['optim.lr']}" in best
    page = (tmp_path / "s" / "report.html").read_text()
    assert "best so far" in page
    assert "optim.lr" in page
    with pytest.raises(UsageError, match="other data, settings or ranges"):
        tune(corpus.dataset(5), dev, llama, config, Search(SPACE, 8), tmp_path / "s", notes.append)


def test_the_rate_test_rises_until_the_loss_blows_up(llama: Model) -> None:
    swept = sweep(corpus.dataset(24), llama, corpus.config(), 40, Watch())
    assert 1e-5 < swept.suggested < 0.1
    assert list(swept.rates) == sorted(swept.rates)


def test_the_steepest_rate_lies_before_the_least_loss() -> None:
    rates = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1]
    assert steepest(rates, [5.0, 4.9, 3.0, 2.0, 9.0]) == 1e-3
    assert steepest([1e-3], [2.0]) == 1e-3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('["optim.lr"]\nlow = 1\n', "give low and high"),
        ('["optim.lr"]\nlow = 2\nhigh = 1\n', "low is not below high"),
        ('["optim.lr"]\nlow = 0.0\nhigh = 1.0\nlog = true\n', "log needs low above 0"),
        ("[optim]\n[optim.lr]\nlow = 1\nhigh = 2\n", "quote the whole setting"),
        ("", "names no setting"),
    ],
)
def test_a_space_that_makes_no_sense_is_named(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "space.toml").write_text(text)
    with pytest.raises(UsageError, match=said):
        read(tmp_path / "space.toml")


def test_a_space_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none\.toml"):
        read(tmp_path / "none.toml")
