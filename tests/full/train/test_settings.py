"""Settings: what a file and `--set` say, what defaults say, and that the guide lists every key."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, get_args

import pytest

from epitome.errors import SourceError, UsageError
from epitome.train.config import Config, MethodName, as_toml, changed, defaults, load
from epitome.train.optimizers import share
from epitome.train.pretrain.config import Pretraining
from epitome.train.pretrain.config import load as from_nothing

GUIDE = Path(__file__).parents[3] / "docs" / "training.md"


def test_a_file_then_settings_then_options(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text("seed = 5\n[optim]\nlr = 1e-3\nclip = 0.5\n[method]\nrank = 4\n")
    config = load(path, ["optim.lr=2e-3", 'data.mix={"news": 0.5}'], {"method.name": "rslora"}, "decoder")
    assert (config.seed, config.optim.lr, config.optim.clip, config.method.rank) == (5, 2e-3, 0.5, 4)
    assert (config.method.name, config.data.mix) == ("rslora", {"news": 0.5})


def test_the_resolved_file_gives_the_same_settings_again(tmp_path: Path) -> None:
    config = load(None, ['data.weights={"a b": 2, "c": 0.5}', 'method.targets=["q_proj"]'], {}, "decoder")
    (tmp_path / "again.toml").write_text(as_toml(config))
    assert load(tmp_path / "again.toml", [], {}, "encoder-decoder") == config


@pytest.mark.parametrize("family", ["decoder", "encoder-decoder"])
@pytest.mark.parametrize("method", get_args(MethodName))
def test_every_family_and_method_has_sound_defaults(family: str, method: str) -> None:
    config = load(None, [], {"method.name": method}, family)
    assert config.optim.lr == defaults(family, method)["optim"]["lr"]


@pytest.mark.parametrize(("family", "rate", "epochs"), [("encoder", 3e-4, 1), ("writer", 1e-4, 4)])
def test_what_is_said_of_a_family_goes_over_what_is_said_of_a_method(
    family: str, rate: float, epochs: int
) -> None:
    config = load(None, [], {}, family)
    assert (config.method.name, config.optim.lr, config.train.epochs) == ("full", rate, epochs)


@pytest.mark.parametrize(
    ("kind", "guides"), [(Config, ["training"]), (Pretraining, ["training", "pretraining"])]
)
def test_the_guides_list_every_setting(kind: type[Config], guides: list[str]) -> None:
    guide = "".join((GUIDE.parent / f"{name}.md").read_text("utf-8") for name in guides)
    keys = [
        f"{section}.{key}" if isinstance(value, dict) and value else section
        for section, value in kind().model_dump().items()
        for key in (value if isinstance(value, dict) and value else [""])
    ]
    assert [key for key in keys if f"`{key}`" not in guide] == []


def test_a_changed_setting_is_checked() -> None:
    assert changed(Config(), {"optim.lr": 1e-5}).optim.lr == 1e-5
    with pytest.raises(UsageError, match=r"optim\.lr"):
        changed(Config(), {"optim.lr": -1})


def test_files_that_are_none_are_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none\.toml"):
        load(tmp_path / "none.toml", [], {}, "decoder")
    (tmp_path / "bad.toml").write_text("optim = [")
    with pytest.raises(SourceError, match="no TOML file"):
        load(tmp_path / "bad.toml", [], {}, "decoder")


@pytest.mark.parametrize("schedule", ["linear", "cosine", "wsd", "constant"])
def test_the_rate_rises_and_falls(schedule: Any) -> None:
    optim = load(None, [f"optim.schedule={schedule}", "optim.warmup=0.1"], {}, "decoder").optim
    rates = [share(step, 100, optim) for step in range(1, 101)]
    assert rates[:10] == sorted(rates[:10])
    assert max(rates) == pytest.approx(1.0)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert (rates[-1] < 0.1) == (schedule != "constant")


def test_recipes_can_be_read() -> None:
    for path in sorted((GUIDE.parents[1] / "recipes").glob("*.toml")):
        held = tomllib.loads(path.read_text("utf-8"))
        if "model" in held:
            assert from_nothing(None, [], {}, path).model["type"] == held["model"]["type"]
        else:
            assert held["base"]
            load(path, [], {}, "decoder")
