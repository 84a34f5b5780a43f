"""`epitome train` from pairs to a model folder: it learns, goes on after a kill, and says what is wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from tests.full.engines import folders
from tests.full.train import corpus

from epitome.datasets.pair import Dataset
from epitome.engines.base import Decoding, GenerationRequest, answers
from epitome.engines.huggingface import Transformers
from epitome.errors import EngineError, UsageError
from epitome.models import folder as folders_of
from epitome.models.local import from_folder
from epitome.train.course import Watch
from epitome.train.loop import Stepper
from epitome.train.run import train
from epitome.types import Message, Prompt

DOCUMENT = corpus.pairs(40)[-1].document


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folders.llama(tmp_path_factory.mktemp("base") / "llama")


def losses(folder: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in (folder / "log.jsonl").read_text().splitlines()]


def written(base: Path, adapter: Path | None) -> str:
    with Transformers(
        from_folder(base), adapters={"a": adapter} if adapter else {}, threads=1, dtype="float32"
    ) as engine:
        prompt = Prompt((Message("user", DOCUMENT),))
        decoding = Decoding(max_tokens=12, adapter="a" if adapter else None)
        return answers(engine, [GenerationRequest(prompt, decoding)])[0].text


@pytest.mark.parametrize(
    "method",
    ["lora", "rslora", "dora", "adalora", "ia3", "prefix", "prompt", "houlsby", "pfeiffer"],
)
def test_every_method_learns_and_runs_in_transformers(method: str, llama: Path, tmp_path: Path) -> None:
    config = corpus.config("method.rank=4", "method.virtual_tokens=4", "method.bottleneck=8", "optim.lr=0.03",
                           "eval.patience=0", "train.max_steps=8", **{"method.name": method})  # fmt: skip
    out = tmp_path / method
    outcome = train(corpus.dataset(24), corpus.dataset(8, skip=24), from_folder(llama), config, out)
    assert outcome.evaluations[-1].loss < outcome.evaluations[0].loss or losses(out)[-1] < losses(out)[0]
    assert written(llama, out) != written(llama, None)
    held = folders_of.read(out)
    assert held is not None
    assert (held.method, held.domains, held.whole) == (method, ("news",), False)


def test_full_training_gives_a_model_of_its_own(llama: Path, tmp_path: Path) -> None:
    config = corpus.config(
        "optim.lr=0.01", 'method.freeze=["model.embed_tokens*"]', **{"method.name": "full"}
    )
    train(corpus.dataset(24), corpus.dataset(8, skip=24), from_folder(llama), config, tmp_path / "full")
    assert written(tmp_path / "full", None) != written(llama, None)
    before = Transformers(from_folder(llama), threads=1)._network.get_input_embeddings().weight
    after = Transformers(from_folder(tmp_path / "full"), threads=1)._network.get_input_embeddings().weight
    assert torch.equal(before, after)


@pytest.mark.parametrize("make", [folders.t5, folders.bart])
def test_encoder_decoders_learn(make: object, tmp_path: Path) -> None:
    base = make(tmp_path / "base")  # type: ignore[operator]
    config = corpus.config("optim.lr=0.02", "data.max_tokens=120", "train.max_steps=10", family="encoder-decoder",
                           **{"method.name": "full"})  # fmt: skip
    train(corpus.dataset(24), corpus.dataset(8, skip=24), from_folder(base), config, tmp_path / "out")
    found = losses(tmp_path / "out")
    assert found[-1] < found[0]


def test_a_killed_run_goes_on_to_the_same_figures(llama: Path, tmp_path: Path) -> None:
    data, dev = corpus.write(tmp_path / "train.jsonl", 40), corpus.write(tmp_path / "dev.jsonl", 8, skip=40)

    def command(out: str) -> list[str]:
        settings = ["train.threads=1", "train.dtype=float32", "train.batch=4", "train.max_steps=30", "track=[]",
                    "train.save_minutes=0.0001", "eval.generate=1", "data.max_tokens=200", "optim.lr=0.01",
                    "data.max_answer_tokens=24", "method.dropout=0.1", "eval.patience=0"]  # fmt: skip
        options = [part for line in settings for part in ("--set", line)]
        return [sys.executable, "-m", "epitome.cli", "train", str(data), "--dev", str(dev), "-o", str(tmp_path / out),
                "--base", str(llama), "-q", *options]  # fmt: skip

    subprocess.run(command("whole"), check=True, timeout=200)
    victim = subprocess.Popen(command("killed"))
    log = tmp_path / "killed" / "log.jsonl"
    while not log.is_file() or len(log.read_text().splitlines()) < 8:
        assert victim.poll() is None
        time.sleep(0.01)
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    assert not (tmp_path / "killed" / "epitome.json").exists()
    subprocess.run(command("killed"), check=True, timeout=200)
    assert losses(tmp_path / "killed") == losses(tmp_path / "whole")
    weights = [(tmp_path / name / "adapter_model.safetensors").read_bytes() for name in ("whole", "killed")]
    assert weights[0] == weights[1]


def test_two_processes_take_the_steps_of_one(llama: Path, tmp_path: Path) -> None:
    data, dev = corpus.write(tmp_path / "train.jsonl", 24), corpus.write(tmp_path / "dev.jsonl", 4, skip=24)
    settings = ["train.threads=1", "train.dtype=float32", "train.batch=8", "train.max_steps=5", "track=[]",
                "eval.generate=1", "data.max_tokens=200", "data.max_answer_tokens=24", "optim.lr=0.01"]  # fmt: skip
    options = [part for line in settings for part in ("--set", line)]
    arguments = [
        "-m",
        "epitome.cli",
        "train",
        str(data),
        "--dev",
        str(dev),
        "--base",
        str(llama),
        "-q",
        *options,
    ]
    subprocess.run([sys.executable, *arguments, "-o", str(tmp_path / "one")], check=True, timeout=200)
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run(
        [*launcher, *arguments, "-o", str(tmp_path / "two")], check=True, timeout=200, env=environment
    )
    assert losses(tmp_path / "two") == pytest.approx(losses(tmp_path / "one"), rel=1e-4)


def test_the_same_seed_gives_the_same_run_and_another_does_not(llama: Path, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        config = corpus.config(f"seed={seed}", "eval.generate=0")
        train(corpus.dataset(16), corpus.dataset(4, skip=16), from_folder(llama), config, tmp_path / name)
    assert losses(tmp_path / "a") == losses(tmp_path / "b") != losses(tmp_path / "c")


def test_when_memory_runs_out_portions_are_halved(
    llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Stepper._accumulate

    def scarce(self: Stepper, examples: object, counted: float) -> float:
        if self.row_tokens > 256:
            raise RuntimeError(
                "[enforce fail at alloc_cpu.cpp:114] DefaultCPUAllocator: can't allocate memory"
            )
        return real(self, examples, counted)  # type: ignore[arg-type]

    notes: list[str] = []
    config = corpus.config("eval.generate=0")
    train(corpus.dataset(16), corpus.dataset(4, skip=16), from_folder(llama), config, tmp_path / "plenty")
    monkeypatch.setattr(Stepper, "_accumulate", scarce)
    train(corpus.dataset(16), corpus.dataset(4, skip=16), from_folder(llama), config, tmp_path / "scarce",
          Watch(note=notes.append))  # fmt: skip
    assert any("memory ran out: going on with 256 tokens at once" in line for line in notes)
    assert losses(tmp_path / "scarce") == pytest.approx(losses(tmp_path / "plenty"), rel=1e-4)


def test_a_run_goes_on_with_smaller_portions(
    llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Stepper._accumulate
    left = [1, 1]

    def broken(self: Stepper, examples: object, counted: float) -> float:
        if not left:
            raise KeyboardInterrupt
        left.pop()
        return real(self, examples, counted)  # type: ignore[arg-type]

    notes: list[str] = []

    def run(name: str, *settings: str) -> None:
        config = corpus.config("eval.generate=0", "train.max_steps=4", "train.save_minutes=1e-9", *settings)
        train(corpus.dataset(16), corpus.dataset(4, skip=16), from_folder(llama), config, tmp_path / name,
              Watch(note=notes.append))  # fmt: skip

    run("whole")
    with monkeypatch.context() as patched:
        patched.setattr(Stepper, "_accumulate", broken)
        with pytest.raises(KeyboardInterrupt):
            run("broken")
    run("broken", "train.row_tokens=256")
    assert losses(tmp_path / "broken") == pytest.approx(losses(tmp_path / "whole"), rel=1e-4)
    assert not any("memory" in line for line in notes)


def test_a_loss_that_is_no_number_is_passed_over_and_named(
    llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Stepper._accumulate

    def spoilt(self: Stepper, examples: list[object], counted: float) -> float:
        found = real(self, examples, counted)  # type: ignore[arg-type]
        return float("nan") if any(one.id == "p3" for one in examples) else found  # type: ignore[attr-defined]

    monkeypatch.setattr(Stepper, "_accumulate", spoilt)
    notes: list[str] = []
    config = corpus.config("eval.generate=0", "train.max_steps=4")
    train(corpus.dataset(16), corpus.dataset(4, skip=16), from_folder(llama), config, tmp_path / "run",
          Watch(note=notes.append))  # fmt: skip
    assert any("loss nan on" in line and "p3" in line for line in notes)
    assert len(losses(tmp_path / "run")) == 3


def test_a_run_that_never_has_a_finite_loss_ends_with_a_reason(llama: Path, tmp_path: Path) -> None:
    config = corpus.config("optim.lr=1e30", "optim.clip=0", "train.max_steps=20", "eval.generate=0")
    with pytest.raises(EngineError, match=r"the loss is .* at step"):
        train(corpus.dataset(40), corpus.dataset(4, skip=40), from_folder(llama), config, tmp_path / "run")


def test_training_stops_when_dev_gains_nothing(llama: Path, tmp_path: Path) -> None:
    config = corpus.config("optim.lr=0.5", "optim.clip=0", "train.max_steps=40", "eval.generate=0")
    outcome = train(
        corpus.dataset(8), corpus.dataset(4, skip=8), from_folder(llama), config, tmp_path / "run"
    )
    assert outcome.steps < 40
    assert "no better loss on dev in 2 evaluations" in outcome.stopped
    assert outcome.best_step < outcome.steps


def test_a_folder_that_holds_something_else_is_left_alone(llama: Path, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match="is not empty and holds no run"):
        train(corpus.dataset(4), None, from_folder(llama), corpus.config(), tmp_path / "notes")
    train(corpus.dataset(4), None, from_folder(llama), corpus.config("train.max_steps=1"), tmp_path / "run")
    with pytest.raises(UsageError, match="holds another run: its settings differ"):
        train(corpus.dataset(4), None, from_folder(llama), corpus.config("seed=3"), tmp_path / "run")
    again = train(
        corpus.dataset(4), None, from_folder(llama), corpus.config("train.max_steps=1"), tmp_path / "run"
    )
    assert again.steps == 0


def test_pairs_of_dev_are_not_learnt(llama: Path, tmp_path: Path) -> None:
    notes: list[str] = []
    train(corpus.dataset(12), corpus.dataset(4), from_folder(llama), corpus.config("train.max_steps=1"),
          tmp_path / "run", Watch(note=notes.append))  # fmt: skip
    assert "4 training pairs stand in dev too and are left out" in notes


def test_one_pair_is_enough_to_begin_with(llama: Path, tmp_path: Path) -> None:
    notes: list[str] = []
    outcome = train(corpus.dataset(1), None, from_folder(llama), corpus.config("train.max_steps=2"),
                    tmp_path / "run", Watch(note=notes.append))  # fmt: skip
    assert outcome.steps == 2
    assert "1 pairs and no dev" in notes[0]


def test_long_documents_keep_head_and_gist_and_are_counted(llama: Path, tmp_path: Path) -> None:
    from dataclasses import replace

    long = [replace(pair, document=" ".join([pair.document] * 8)) for pair in corpus.pairs(4)]
    notes: list[str] = []
    train(Dataset(long, "long"), None, from_folder(llama), corpus.config("train.max_steps=1"), tmp_path / "run",
          Watch(note=notes.append))  # fmt: skip
    assert any(line.startswith("4 of 4 documents are longer than the model may read") for line in notes)


def test_bad_settings_are_named(llama: Path, tmp_path: Path) -> None:
    for line, said in (
        ("optim.lr=fast", r"optim\.lr: .*not 'fast'"),
        ("method.name=magic", r"method\.name: .*'lora'"),
        ("optim.speed=3", r"there is no setting optim\.speed"),
        ("optim.lr", "no value"),
    ):
        with pytest.raises(UsageError, match=said):
            corpus.config(line)
    with pytest.raises(UsageError, match="no place for the document"):
        train(
            corpus.dataset(4),
            None,
            from_folder(llama),
            corpus.config('prompt.user="Sum up"'),
            tmp_path / "run",
        )
    with pytest.raises(UsageError, match="no layer for an adapter: nothing_proj"):
        train(corpus.dataset(4), None, from_folder(llama), corpus.config('method.targets=["nothing_proj"]'),
              tmp_path / "run2")  # fmt: skip
