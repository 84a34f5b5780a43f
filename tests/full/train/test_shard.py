"""FSDP on two CPU processes over gloo: the losses and the weights are those of one process, also after a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from accelerate.commands.launch import _validate_launch_command, launch_command_parser
from accelerate.utils.launch import prepare_multi_gpu_env
from safetensors.torch import load_file
from tests.full.engines import folders
from tests.full.train import corpus

from epitome.errors import UsageError
from epitome.train import shard

RECIPE = Path(__file__).parents[3] / "recipes" / "fsdp.yaml"
LAUNCHER = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]


def steps(folder: Path) -> list[dict[str, float]]:
    log = folder / "log.jsonl"
    return [json.loads(line) for line in log.read_text().splitlines()] if log.is_file() else []


def tied(folder: Path) -> Path:
    """A decoder whose output layer is its embedding, as small models have it."""
    folders.llama(folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "tie_word_embeddings": True}))
    return folder


@pytest.mark.timeout(900)
@pytest.mark.parametrize("method", ["lora", "full"])
def test_two_that_share_the_weights_take_the_steps_of_one(method: str, tmp_path: Path) -> None:
    data, dev = corpus.write(tmp_path / "train.jsonl", 24), corpus.write(tmp_path / "dev.jsonl", 4, skip=24)
    # Batches of three in rows of 64 tokens: one process has more portions to compute than the other.
    settings = ["train.threads=1", "train.dtype=float32", "train.batch=3", "train.row_tokens=64", "eval.times=4",
                "train.max_steps=12", "eval.generate=1", "eval.patience=0", "data.max_tokens=120", "optim.lr=0.003",
                "data.max_answer_tokens=24", "train.save_minutes=0.0001", "track=[]",
                f"method.name={method}"]  # fmt: skip
    options = [part for line in settings for part in ("--set", line)]
    base = str(tied(tmp_path / "base"))
    arguments = ["-m", "epitome.cli", "train", str(data), "--dev", str(dev), "--base", base, "-q", *options]
    one, two = tmp_path / "one", tmp_path / "two"
    subprocess.run([sys.executable, *arguments, "-o", str(one)], check=True)
    cut = [*LAUNCHER, *arguments, "-o", str(two)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_FSDP": "true", "FSDP_VERSION": "2"}
    if method == "full":
        victim = subprocess.Popen(cut, env=environment, start_new_session=True)
        while len(steps(two)) < 5:
            assert victim.poll() is None
            time.sleep(0.01)
        os.killpg(victim.pid, signal.SIGKILL)
        victim.wait()
        assert not (two / "epitome.json").exists()
    subprocess.run(cut, check=True, env=environment)
    for figure in ("loss", "norm"):
        assert [line[figure] for line in steps(two)] == pytest.approx(
            [line[figure] for line in steps(one)], rel=1e-3
        )
    name = "model.safetensors" if method == "full" else "adapter_model.safetensors"
    weights, same = load_file(two / name), load_file(one / name)
    assert weights.keys() == same.keys()
    assert all(weights[key].allclose(same[key], atol=1e-3) for key in same)


def test_the_recipe_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = launch_command_parser().parse_args(["--config_file", str(RECIPE), "script.py"])
    environment = prepare_multi_gpu_env(_validate_launch_command(asked)[0])
    for name in ("ACCELERATE_USE_FSDP", "FSDP_VERSION", "FSDP_OFFLOAD_PARAMS", "FSDP_RESHARD_AFTER_FORWARD"):
        monkeypatch.setenv(name, environment[name])
    assert shard.asked()
    shard.check(corpus.config())


@pytest.mark.parametrize(
    ("setting", "name", "value"),
    [
        ("method.name=dora", "FSDP_VERSION", "2"),
        ("optim.name=adafactor", "FSDP_VERSION", "2"),
        ("method.name=lora", "FSDP_VERSION", "1"),
        ("method.name=lora", "FSDP_OFFLOAD_PARAMS", "true"),
    ],
)
def test_what_it_cannot_do_is_refused(
    setting: str, name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match="FSDP"):
        shard.check(corpus.config(setting))
