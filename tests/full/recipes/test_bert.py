"""`recipes/bert.py`: whole words are masked, an encoder goes on with filling them, and goes on after it was stopped."""

from __future__ import annotations

import importlib.util
import random
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from tests.full.engines import folders

from epitome.engines.tokenizer import HubTokenizer
from epitome.models.resolve import resolve
from epitome.models.shape import family

RECIPE = Path(__file__).parents[3] / "recipes" / "bert.py"


@pytest.fixture(scope="module")
def recipe() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bert_recipe", RECIPE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["bert_recipe"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folders.bert(tmp_path_factory.mktemp("encoder") / "bert")


def test_whole_words_are_masked_and_to_be_found(recipe: ModuleType, encoder: Path) -> None:
    words = HubTokenizer(encoder)
    ids = words.encode("the xyz wind " * 20)  # a word of three pieces, which the vocabulary lacks
    inner = frozenset(ids[2:4])
    row = [2, *ids, 3]
    masked, targets = recipe.Words(words, inner).masked(row, random.Random(1))
    found = [at for at, target in enumerate(targets) if target >= 0]
    assert 0.15 <= len(found) / len(row) < 0.2
    assert all(targets[at] == row[at] for at in found)
    assert 0 not in found
    assert len(row) - 1 not in found
    changed = [at for at in range(len(row)) if masked[at] != row[at]]
    assert set(changed) <= set(found)
    assert [masked[at] for at in found].count(4) >= len(found) // 2
    for at in range(1, len(row) - 1):
        if row[at] == ids[1]:  # xyz: all three pieces or none
            assert len({targets[at + step] >= 0 for step in range(3)}) == 1


def test_it_learns_to_fill_masks_and_goes_on_where_it_was_stopped(
    recipe: ModuleType,
    encoder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(recipe, "SAVE", 4)
    monkeypatch.setattr(recipe, "ROW", 32)
    monkeypatch.setattr(recipe, "RATE", 1e-2)
    whole = recipe.further_trained(str(encoder), folders.SENTENCES, tmp_path / "whole", 24)
    losses = [float(line.split()[-1]) for line in capsys.readouterr().out.splitlines() if "loss" in line]
    assert losses[-1] < 0.7 * losses[0]
    real = recipe._mlm_step

    def killed(network: Any, optimizer: Any, words: Any, rows: Any, step: int) -> float:
        if step == 10:
            raise KeyboardInterrupt
        return float(real(network, optimizer, words, rows, step))

    monkeypatch.setattr(recipe, "_mlm_step", killed)
    with pytest.raises(KeyboardInterrupt):
        recipe.further_trained(str(encoder), folders.SENTENCES, tmp_path / "stopped", 24)
    monkeypatch.setattr(recipe, "_mlm_step", real)
    stopped = recipe.further_trained(str(encoder), folders.SENTENCES, tmp_path / "stopped", 24)
    weights = [(folder / "model.safetensors").read_bytes() for folder in (whole, stopped)]
    assert weights[0] == weights[1]
    assert family(resolve(str(stopped))) == "encoder"
    assert torch.get_num_threads() == 1
