"""The networks from nothing are judged beside a 5-gram model that is one, on the very tokens that they predict."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from tests.full.train import networks

from epitome.datasets.texts import open_corpus

RECIPES = Path(__file__).parents[3] / "recipes"


@pytest.fixture(scope="module")
def recipes() -> tuple[ModuleType, ModuleType]:
    sys.path.insert(0, str(RECIPES))
    try:
        import kneser_ney
        import scratch
    finally:
        sys.path.remove(str(RECIPES))
    return kneser_ney, scratch


def test_probabilities_add_up_whatever_stands_before(recipes: tuple[ModuleType, ModuleType]) -> None:
    draw = random.Random(1)
    texts = [
        [draw.choice([draw.randrange(12), 3, 4]) for _ in range(draw.randrange(1, 30))] for _ in range(200)
    ]
    model = recipes[0].KneserNey(texts, size=13)
    for before in ([], [3], [3, 4], [5, 3, 4, 4], [11, 11, 11, 11], [12], [1, 2, 3, 4, 5, 6, 7]):
        likely = [float(np.exp(-model.losses([*before, word])[-1])) for word in range(13)]
        assert sum(likely) == pytest.approx(1, abs=1e-9)
        assert min(likely) > 0


def test_longer_contexts_help_where_they_say_more(recipes: tuple[ModuleType, ModuleType]) -> None:
    texts = [[(one * other) % 7 + (5 if other % 3 else 0) for other in range(40)] for one in range(60)]
    losses = []
    for order in (1, 2, 3, 5):
        model = recipes[0].KneserNey(texts[:50], size=12, order=order)
        losses.append(np.concatenate([model.losses(text) for text in texts[50:]]).mean())
    assert losses == sorted(losses, reverse=True)


def test_counts_are_those_of_the_paper(recipes: tuple[ModuleType, ModuleType]) -> None:
    # "1 2" twice, "3 2" once, "2 4" once: before 2 stand two words, before 4 one; bigrams of one count and of two.
    model = recipes[0].KneserNey([[1, 2], [1, 2], [3, 2, 4]], size=5, order=2)
    order = model._orders[0]
    assert dict(zip(order.keys.tolist(), order.counts.tolist(), strict=True)) == {
        1: 1,
        2: 2,
        3: 1,
        4: 1,
        5: 0,
    }
    ones, twos = 3, 2  # (begin 3), (3 2), (2 4); (begin 1), (1 2)
    assert model._orders[1].discounts[1] == pytest.approx(1 - 2 * (ones / (ones + 2 * twos)) * twos / ones)


@pytest.mark.parametrize("kind", ["bert", "t5"])
def test_network_and_grams_predict_the_same_tokens(
    recipes: tuple[ModuleType, ModuleType], kind: str, tmp_path: Path
) -> None:
    letters = networks.letters(tmp_path / "letters.jsonl")
    config = networks.settings(
        "words.kind=bpe", "eval.loss_pairs=6", scratch=networks.blueprint(tmp_path / "plan.toml", kind)
    )
    config = config.model_copy(
        update={"corrupt": config.corrupt.model_copy(update={"objective": {"bert": "mlm"}.get(kind, kind)})}
    )
    outcome = networks.made(letters, tmp_path / "out", config)
    found = recipes[1].compared(tmp_path / "out", open_corpus(str(letters)), config)
    figures = found[config.corrupt.objective]
    assert figures["sequences"] > 3
    assert 0 < figures["5-gram"] < figures["network"]  # eight steps, and letters that repeat themselves
    low, high = (figures["lead by sequence"][end] for end in ("low", "high"))
    assert low <= high < 0
    if kind == "bert":
        best = next(one for one in outcome.evaluations if one.step == outcome.best_step)
        assert figures["network"] == pytest.approx(best.loss, rel=1e-4)
        assert found["15 % of the tokens"]["tokens"] > 0
    json.dumps(found)
