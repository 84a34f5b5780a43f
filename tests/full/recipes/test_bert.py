"""`recipes/bert.py`: an encoder goes on with filling masks before it learns to write."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest
from tests.full.engines import folders

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


def test_the_encoder_learns_to_fill_masks_and_what_is_finished_stays(
    recipe: ModuleType, encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipe, "MASKS", ("train.batch=4", "train.threads=1", "optim.lr=1e-2", "track=[]"))
    texts = [f"{text} It was so in week {at}." for at, text in enumerate(folders.SENTENCES)]
    made = recipe.further_trained(str(encoder), texts, tmp_path / "mlm", 24)
    losses = [json.loads(line)["loss"] for line in (made / "log.jsonl").read_text("utf-8").splitlines()]
    assert sum(losses[-4:]) < 0.8 * sum(losses[:4])
    assert family(resolve(str(made))) == "encoder"
    weights = (made / "model.safetensors").read_bytes()
    assert recipe.further_trained(str(encoder), texts, tmp_path / "mlm", 24) == made
    assert (made / "model.safetensors").read_bytes() == weights
