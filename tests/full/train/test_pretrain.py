"""`epitome pretrain` from texts to a base: every objective learns, goes on after a kill, and can be trained further."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from tests.full.engines import folders
from tests.full.train import corpus as pairs
from tests.full.train import networks

from epitome.datasets.texts import open_corpus, survey
from epitome.engines.encoder import open_encoder
from epitome.errors import EpitomeError, ModelError, UsageError
from epitome.models.folder import read, worn
from epitome.models.model import Model
from epitome.models.resolve import resolve
from epitome.models.shape import family
from epitome.train.base import open_base
from epitome.train.course import Watch
from epitome.train.pretrain.base import open_for
from epitome.train.pretrain.feed import sequences
from epitome.train.pretrain.masked import Cloze, MaskedLM, prepare
from epitome.train.pretrain.run import judging, scoring
from epitome.train.pretrain.sequences import maker
from epitome.train.run import train

KINDS = ("bert", "t5", "bart", "llama")


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return networks.letters(tmp_path_factory.mktemp("corpus") / "letters.jsonl")


@pytest.fixture(scope="module")
def bases(letters: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A network of each kind, made anew with its usual objective."""
    work = tmp_path_factory.mktemp("bases")
    found = {}
    for kind in KINDS:
        config = networks.settings("eval.times=8", scratch=networks.blueprint(work / f"{kind}.toml", kind))
        networks.made(letters, work / kind, config)
        found[kind] = work / kind
    return found


def lines(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / name).read_text("utf-8").splitlines()]


@pytest.mark.parametrize("kind", KINDS)
def test_a_network_made_anew_learns_and_says_what_it_is(bases: dict[str, Path], kind: str) -> None:
    judged = lines(bases[kind], "evals.jsonl")
    assert judged[-1]["loss"] < judged[0]["loss"]
    assert 0 <= judged[-1]["accuracy"] <= 1
    log = lines(bases[kind], "log.jsonl")
    assert [line["step"] for line in log] == list(range(1, 9))
    held = read(bases[kind])
    assert held is not None
    assert held.whole
    assert held.pretrained == {"bert": "mlm", "llama": "causal"}.get(kind, kind)
    card = (bases[kind] / "README.md").read_text("utf-8")
    assert "a network made anew" in card
    assert (
        f"perplexity | accuracy |\n|---|---|---|---|\n| {judged[0]['step']} | {judged[0]['loss']:.4f}" in card
    )
    assert "perplexity on dev" in (bases[kind] / "report.html").read_text("utf-8")
    assert sorted(path.name for path in bases[kind].iterdir() if path.is_dir()) == []


@pytest.mark.parametrize(
    ("kind", "objective"), [("bert", "spanbert"), ("t5", "gsg"), ("bart", "gsg"), ("llama", "gsg")]
)
def test_a_base_goes_on_with_another_objective(
    bases: dict[str, Path], letters: Path, tmp_path: Path, kind: str, objective: str
) -> None:
    base = resolve(str(bases[kind]))
    config = networks.settings("eval.times=8", base=base, **{"corrupt.objective": objective})
    outcome = networks.made(letters, tmp_path / "out", config, base)
    assert outcome.evaluations[-1].loss < outcome.evaluations[0].loss


@pytest.mark.parametrize("kind", KINDS)
def test_the_folder_is_a_base_for_train(bases: dict[str, Path], tmp_path: Path, kind: str) -> None:
    base = resolve(str(bases[kind]))
    assert family(base) == {"bert": "encoder", "llama": "decoder"}.get(kind, "encoder-decoder")
    if kind == "bert":
        assert open_base(base, torch.float32).checks
        with open_encoder(str(bases[kind])) as encoder:  # on numpy
            assert encoder.name == "bert"
            assert encoder.vectors(["The ferry left."]).shape == (1, 32)
        return
    quick = ("data.max_tokens=120", "eval.generate=0", "train.max_steps=1", "prompt.system=")
    config = pairs.config(*quick, family=family(base))
    outcome = train(pairs.dataset(8), None, base, config, tmp_path / "out")
    assert outcome.steps == 1


def test_a_base_is_asked_as_any_other_and_one_of_gap_sentences_as_it_was_trained(
    bases: dict[str, Path], letters: Path, tmp_path: Path
) -> None:
    assert worn(str(bases["llama"]), None).trained is None
    base = resolve(str(bases["llama"]))
    config = networks.settings("train.max_steps=1", base=base, **{"corrupt.objective": "gsg"})
    networks.made(letters, tmp_path / "gsg", config, base)
    assert worn(str(tmp_path / "gsg"), None).trained is not None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["lora", "dora", "ia3"])
def test_what_an_adapter_learnt_stands_in_the_weights(
    bases: dict[str, Path], letters: Path, tmp_path: Path, kind: str, method: str
) -> None:
    base = resolve(str(bases[kind]))
    config = networks.settings("train.max_steps=3", base=base, **{"method.name": method})
    outcome = networks.made(letters, tmp_path / "out", config, base)
    best = next(one for one in outcome.evaluations if one.step == outcome.best_step)
    again = open_for(resolve(str(tmp_path / "out")), None)
    again.network.eval()
    make = maker(again, {"bert": "mlm", "llama": "causal"}.get(kind, kind), config)  # type: ignore[arg-type]
    found = survey(open_corpus(str(letters)), 0.1, 500)
    held = sequences(make, found.held, config.seed, config.eval.loss_pairs)
    judged = judging(again.network, scoring(again, again.network), held, 4096)(1)
    assert judged is not None
    assert judged.loss == pytest.approx(best.loss, rel=1e-4)


def test_an_adapter_learns_in_16_bits_on_a_base_in_32(
    bases: dict[str, Path], letters: Path, tmp_path: Path
) -> None:
    base = resolve(str(bases["llama"]))
    losses = []
    for dtype in ("float32", "auto"):
        sets = (f"train.dtype={dtype}", "method.dropout=0.1", "train.max_steps=3")
        config = networks.settings(*sets, base=base, **{"method.name": "lora"})
        networks.made(letters, tmp_path / dtype, config, base)
        losses.append([line["loss"] for line in lines(tmp_path / dtype, "log.jsonl")])
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.01)


def test_texts_in_one_row_do_not_see_each_other(bases: dict[str, Path]) -> None:
    draw = Random(1)
    found = []
    for length in (9, 40, 23, 64):
        ids = tuple(draw.randrange(5, 100) for _ in range(length))
        places = tuple(sorted(draw.sample(range(length), 3)))
        found.append(Cloze("a", ids, places, tuple(ids[at] for at in places)))
    network = open_for(resolve(str(bases["bert"])), None).network.eval()
    padded = MaskedLM(0, False)
    alone = sum(padded.loss(network, [one]).item() for one in found)
    assert padded.loss(network, found).item() == pytest.approx(alone, rel=1e-5)
    assert prepare(network)
    assert MaskedLM(0, True).loss(network, found).item() == pytest.approx(alone, rel=1e-5)


def test_a_killed_run_goes_on_to_the_same_figures(letters: Path, tmp_path: Path) -> None:
    plan = networks.blueprint(tmp_path / "bert.toml", "bert")
    sets = ("train.max_steps=40", "train.save_minutes=0.0001", "eval.times=4", "texts.buffer=7")
    config = networks.settings(*sets, scratch=plan)
    networks.made(letters, tmp_path / "whole", config)
    options = [part for line in (*networks.QUICK, *sets) for part in ("--set", line)]
    victim = subprocess.Popen(
        [sys.executable, "-m", "epitome.cli", "pretrain", str(letters), "-o", str(tmp_path / "killed"), "-q",
         "--from-scratch", str(plan), *options]
    )  # fmt: skip
    log = tmp_path / "killed" / "log.jsonl"
    while not log.is_file() or len(log.read_text().splitlines()) < 11:
        assert victim.poll() is None
        time.sleep(0.01)
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    assert not (tmp_path / "killed" / "epitome.json").exists()
    notes: list[str] = []
    networks.made(letters, tmp_path / "killed", config, watch=Watch(note=notes.append))
    assert any(line.startswith("going on after step") for line in notes)
    for name in ("log.jsonl", "evals.jsonl"):
        whole, killed = (
            [line["loss"] for line in lines(tmp_path / out, name)] for out in ("whole", "killed")
        )
        assert whole == killed
    weights = [(tmp_path / out / "model.safetensors").read_bytes() for out in ("whole", "killed")]
    assert weights[0] == weights[1]


def test_the_same_command_again_says_that_it_is_finished(letters: Path, tmp_path: Path) -> None:
    config = networks.settings("train.max_steps=1", scratch=networks.blueprint(tmp_path / "b.toml", "bert"))
    networks.made(letters, tmp_path / "out", config)
    notes: list[str] = []
    networks.made(letters, tmp_path / "out", config, watch=Watch(note=notes.append))
    assert any("finished already" in line for line in notes)
    with pytest.raises(UsageError, match="holds another run: its settings differ"):
        networks.made(letters, tmp_path / "out", networks.settings("seed=4", scratch=tmp_path / "b.toml"))
    other = networks.letters(tmp_path / "other.jsonl", 50)
    with pytest.raises(UsageError, match="holds another run: its data differ"):
        networks.made(other, tmp_path / "out", config)


@pytest.mark.parametrize(
    ("kind", "objective", "said"),
    [
        ("bert", "t5", "the objective t5 does not fit an encoder .*an encoder learns mlm, spanbert"),
        ("llama", "mlm", "does not fit a decoder"),
        ("t5", "causal", "does not fit an encoder-decoder"),
        ("bart", "t5", "no sentinels"),
    ],
)
def test_an_objective_for_another_architecture_is_refused(
    bases: dict[str, Path], letters: Path, tmp_path: Path, kind: str, objective: str, said: str
) -> None:
    base = resolve(str(bases[kind]))
    with pytest.raises(EpitomeError, match=said) as refused:
        networks.made(
            letters, tmp_path / "out", networks.settings(base=base, **{"corrupt.objective": objective}), base
        )
    assert isinstance(refused.value, ModelError if kind == "bart" else UsageError)
    assert not (tmp_path / "out").exists()


def test_a_base_that_lacks_a_mask_says_so(letters: Path, tmp_path: Path) -> None:
    base = resolve(str(folders.t5(tmp_path / "base")))
    with pytest.raises(ModelError, match="no sentinels"):
        networks.made(letters, tmp_path / "out", networks.settings(base=base), base)


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        (["method.name=prefix"], "prefix leaves no weights that a base could be made of"),
        (["eval.metric=rouge1"], "texts have no gold summaries"),
        (["corrupt.objective=magic"], "corrupt.objective: Input should be"),
        (["texts.held_out=1"], "texts.held_out: Input should be less than 1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(bases: dict[str, Path], sets: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        networks.settings(*sets, base=resolve(str(bases["bert"])))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[model]\ntype = 'gpt9'\n", "type 'gpt9'"),
        ("[words]\nsize = 500\n", "it has no \\[model\\]"),
        ("[model]\ntype = 'bert'\nwings = 2\n", "a bert has no setting wings"),
        ("[model]\ntype = 'bert'\nhidden_size = 30\nnum_attention_heads = 4\n", "\\[model\\]"),
        ("[model]\ntype = 't5'\n[words]\nsize = 100\n", "words.size=100 is too small"),
        ("[model]\ntype = 'bert'\n[words]\nadd = 3\n", "here one is made"),
        ("[model]\ntype = 'bert'\n[method]\nname = 'lora'\n", "nothing that lora could be put on"),
    ],
)
def test_a_network_that_cannot_be_made_is_refused(
    letters: Path, tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "plan.toml").write_text(text, "utf-8")
    with pytest.raises(UsageError, match=said):
        networks.made(letters, tmp_path / "out", networks.settings(scratch=tmp_path / "plan.toml"))
    assert not (tmp_path / "out").exists()


def test_texts_without_a_sequence_are_refused(bases: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "short.txt").write_text("One.\n\nTwo.\n\nThree.\n", "utf-8")
    base: Model = resolve(str(bases["bert"]))
    with pytest.raises(UsageError, match="none of 3 texts gives a sequence"):
        networks.made(
            tmp_path / "short.txt", tmp_path / "out", networks.settings("texts.held_out=0", base=base), base
        )
