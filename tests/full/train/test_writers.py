"""An encoder learns to write: by filling masks, as half of an encoder-decoder, or through a few pooled vectors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.base.cli.command import epitome
from tests.full.engines import folders
from tests.full.train import corpus

from epitome.datasets.pair import Dataset, Pair
from epitome.engines.base import Answer, Decoding, GenerationRequest, answers
from epitome.engines.huggingface import Transformers
from epitome.engines.masked import Kind, visible
from epitome.engines.open import open_engine
from epitome.errors import EngineError, ModelError, UsageError
from epitome.models.folder import Form
from epitome.models.resolve import resolve
from epitome.models.shape import family
from epitome.train.base import Base, learns, open_base
from epitome.train.config import Encoder
from epitome.train.course import Watch
from epitome.train.examples import Example, Shape, examples
from epitome.train.masked import Masked
from epitome.train.run import train
from epitome.types import Message, Prompt

FOUR = corpus.pairs(4)
SHAPE = Shape(Form("", "{document}"), 120, 24, titles=True)
BY_HEART = (
    "optim.lr=0.01", "train.max_steps=50", "optim.label_smoothing=0", "optim.schedule=constant", "data.max_tokens=100",
)  # fmt: skip


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    texts = [f"{pair.document} {pair.summaries[0]} {pair.title}" for pair in corpus.pairs(24)]
    return folders.bert(tmp_path_factory.mktemp("encoder") / "bert", texts)


def opened(bert: Path, **settings: Any) -> Base:
    torch.manual_seed(0)
    base = open_base(resolve(str(bert)), torch.float32, Encoder(**settings))
    base.network.eval()
    return base


@pytest.fixture(scope="module")
def base(bert: Path) -> Base:
    return opened(bert)


@pytest.fixture(scope="module")
def found(base: Base) -> list[Example]:
    """Each with two answers: a summary, and a title behind a word that is not learnt."""
    return examples(corpus.pairs(5), base, SHAPE, {})


def objective(base: Base, share: float = 1.0) -> Masked:
    return Masked(base.network.config.mask_token_id, base.network.config.pad_token_id, share)


# --- who sees whom


def test_the_mask_as_a_picture() -> None:
    """A document of three tokens, a summary of two words and one of one, each with the end to be learnt too."""
    columns = "ddd ab p ABE PE"
    kinds = {"d": Kind.DOCUMENT, "a": Kind.SUMMARY, "b": Kind.SUMMARY, "p": Kind.SUMMARY}
    letters = columns.replace(" ", "")
    kind = torch.tensor([[kinds.get(letter, Kind.MASK) for letter in letters]])
    place = torch.tensor([[0, 1, 2, 3, 4, 3, 3, 4, 5, 3, 4]])
    summary = torch.tensor([[0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1]])
    seen = visible(kind, place, summary)[0]
    picture = "\n".join(
        letter + " " + "".join("#" if there else "." for there in row)
        for letter, row in zip(letters, seen, strict=True)
    )
    assert picture == (
        "d ###........\n"
        "d ###........\n"
        "d ###........\n"
        "a ####.......\n"
        "b #####......\n"
        "p ###..#.....\n"
        "A ###...#....\n"
        "B ####...#...\n"
        "E #####...#..\n"
        "P ###......#.\n"
        "E ###..#....#"
    )


# --- what is minimised


def test_pairs_side_by_side_are_what_they_are_alone(base: Base, found: list[Example]) -> None:
    together = objective(base).loss(base.network, found).item()
    alone = sum(objective(base).loss(base.network, [one]).item() for one in found)
    assert together == pytest.approx(alone, rel=1e-5)


@pytest.mark.parametrize("cached", [True, False])
@pytest.mark.parametrize("pointer", [True, False])
def test_the_loss_is_the_log_likelihood_word_by_word(
    bert: Path, found: list[Example], cached: bool, pointer: bool
) -> None:
    base = opened(bert, pointer=pointer)
    example = found[3]
    written = sum(
        likelihood(base.network, example.prompt, one.ids, one.given, cached) for one in example.branches
    )
    assert objective(base).loss(base.network, [example]).item() == pytest.approx(-written, rel=1e-5)


def likelihood(network: Any, prompt: Sequence[int], answer: Sequence[int], given: int, cached: bool) -> float:
    """Of the answer behind its first `given` words, from one forward pass a word."""
    from transformers import DynamicCache

    past = DynamicCache() if cached else None
    source, total = None, 0.0
    with torch.inference_mode():
        for at, word in enumerate(answer):
            whole = torch.tensor([[*prompt, *answer[:at]]])
            out = network(whole[:, -1:] if past and at else whole, torch.ones_like(whole), past, source)
            source = out.source
            assert out.logits.exp().sum().item() == pytest.approx(1, abs=1e-4)
            total += out.logits[0, 0, word].item() if at >= given else 0.0
    return total


def test_a_share_of_the_masks_has_the_whole_loss_as_its_mean(base: Base, found: list[Example]) -> None:
    whole = objective(base).loss(base.network, found[:2]).item()
    half = objective(base, 0.5)
    base.network.train()
    torch.manual_seed(1)
    with torch.inference_mode():
        drawn = [half.loss(base.network, found[:2]).item() for _ in range(300)]
    base.network.eval()
    assert len({round(one, 3) for one in drawn}) > 100
    assert sum(drawn) / len(drawn) == pytest.approx(whole, rel=0.03)
    assert half.loss(base.network, found[:2]).item() == pytest.approx(
        whole, rel=1e-6
    )  # on dev nothing is drawn


def test_label_smoothing_is_that_of_the_equation(bert: Path, found: list[Example]) -> None:
    base = opened(bert, pointer=False)
    example = Example("a", found[0].prompt, found[0].branches[:1])
    ids = [*example.prompt, *example.branches[0].ids]
    plain = smooth = 0.0
    for at in range(len(example.prompt), len(ids)):
        words = base.network(torch.tensor([ids[:at]])).logits[0, 0]
        plain -= words[ids[at]].item()
        smooth -= 0.8 * words[ids[at]].item() + 0.2 * words.mean().item()
    marks = base.network.config
    smoothed = Masked(marks.mask_token_id, marks.pad_token_id, smoothing=0.2)
    assert objective(base).loss(base.network, [example]).item() == pytest.approx(plain, rel=1e-4)
    assert smoothed.loss(base.network, [example]).item() == pytest.approx(smooth, rel=1e-4)


def test_a_head_that_fills_masks_is_read_where_there_is_one(tmp_path: Path) -> None:
    from safetensors.torch import load_file

    headed = folders.bert(tmp_path / "headed", head=True)
    assert family(resolve(str(headed))) == "encoder"
    bias = load_file(headed / "model.safetensors")["cls.predictions.transform.dense.weight"]
    assert torch.equal(opened(headed).network.cls.predictions.transform.dense.weight, bias)


# --- training to a folder that writes


def learnt(bert: Path, out: Path, *settings: str) -> Path:
    config = corpus.config(*BY_HEART, *settings, family="writer")
    train(corpus.dataset(4), None, resolve(str(bert)), config, out)
    return out


def written(folder: Path, **decoding: Any) -> list[Answer]:
    with Transformers(resolve(str(folder)), threads=1, dtype="float32") as engine:
        requests = [
            GenerationRequest(Prompt((Message("user", pair.document),)), Decoding(max_tokens=12, **decoding))
            for pair in FOUR
        ]
        return answers(engine, requests)


@pytest.mark.parametrize(
    "settings",
    [
        (),
        ("encoder.pointer=false", "encoder.share=0.7"),
        ("encoder.writer=bert2bert",),
        ("encoder.writer=bert2bert", "encoder.tied=true"),
        ("encoder.writer=pooled", "encoder.vectors=3", "encoder.width=8"),
        ("encoder.writer=pooled", "encoder.pooling=mean", "encoder.tied=true"),
        ("encoder.writer=pooled", "encoder.pooling=max"),
    ],
)
def test_four_pairs_are_learnt_by_heart_and_written_exactly(
    settings: tuple[str, ...], bert: Path, tmp_path: Path
) -> None:
    folder = learnt(bert, tmp_path / "model", *settings)
    golds = [pair.summaries[0] for pair in FOUR]
    assert [answer.text for answer in written(folder)] == golds
    assert [answer.text for answer in written(folder, beams=3)] == golds


@pytest.fixture(scope="module")
def model(bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return learnt(bert, tmp_path_factory.mktemp("writer") / "model")


def test_an_encoder_decoder_of_it_opens_in_plain_transformers(bert: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForSeq2SeqLM, BertForMaskedLM

    folder = learnt(bert, tmp_path / "tied", "encoder.writer=bert2bert", "encoder.tied=true")
    network = AutoModelForSeq2SeqLM.from_pretrained(folder)
    assert torch.equal(
        network.encoder.encoder.layer[1].output.dense.weight,
        network.decoder.bert.encoder.layer[1].output.dense.weight,
    )
    filling = BertForMaskedLM.from_pretrained(learnt(bert, tmp_path / "masked"))
    assert filling(torch.tensor([[2, 4, 3]])).logits.shape == (1, 3, filling.config.vocab_size)


def test_a_narrow_s_begins_as_loud_as_a_wide_one(bert: Path) -> None:
    pooling = opened(bert, writer="pooled", width=8).network.encoder.pooling
    states = torch.randn(20_000, 1, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        heard = pooling.widen(pooling.narrow(states))
        again = pooling.widen(pooling.narrow(heard))
    assert float(heard.square().mean() / states.square().mean()) == pytest.approx(1, abs=0.1)
    # A turn onto 8 of 32 directions, made twice as loud: what it keeps, it keeps whole.
    assert torch.allclose(again, 2 * heard, atol=1e-4)


@pytest.mark.parametrize("beams", [1, 3])
def test_cached_decoding_writes_what_recomputing_writes(base: Base, found: list[Example], beams: int) -> None:
    """Rows of different lengths, filled up on the left, an untrained network: nothing is easy to agree on."""
    rows = [example.prompt[cut:] for example, cut in zip(found, (0, 3, 0, 7, 1), strict=True)]
    width = max(map(len, rows))
    ids = torch.tensor([[0] * (width - len(row)) + list(row) for row in rows])
    options = {
        "attention_mask": (ids != 0).long(), "max_new_tokens": 12, "num_beams": beams, "no_repeat_ngram_size": 2,
        "do_sample": False,
    }  # fmt: skip
    with torch.inference_mode():
        cached, again = (base.network.generate(ids, **options, use_cache=cache) for cache in (True, False))
        alone = [
            base.network.generate(torch.tensor([row]), **{**options, "attention_mask": None}) for row in rows
        ]
    assert torch.equal(cached, again)
    for row, one in zip(cached, alone, strict=True):
        new = [token for token in one[0].tolist() if token]
        assert row[row != 0].tolist() == new


def test_length_and_repetition_are_bound(model: Path) -> None:
    usual = written(model)
    assert all(answer.finish == "stop" for answer in usual)
    longer = written(model, min_tokens=10)
    assert all(answer.generated_tokens >= 10 for answer in longer)
    assert all(answer.finish == "length" for answer in written(model, min_tokens=12, beams=2))
    repeated = written(model, min_tokens=12, no_repeat_ngram=1)
    for answer in repeated:
        words = answer.text.lower().split()
        assert len(words) == len(set(words))


def test_a_kept_run_goes_on_to_the_same_figures(
    bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With masks and dropout that are drawn: stopped after seven steps, and gone on with."""
    from epitome.train.loop import Stepper

    torch.manual_seed(5)
    shaken = folders.bert(tmp_path / "shaken", [pair.document for pair in corpus.pairs(8)])
    held = json.loads((shaken / "config.json").read_text())
    (shaken / "config.json").write_text(json.dumps({**held, "hidden_dropout_prob": 0.2}))

    def run(out: str) -> list[float]:
        config = corpus.config(
            "train.max_steps=12", "encoder.share=0.5", "train.save_minutes=0.00001", "eval.generate=1",
            "data.max_tokens=100", family="writer",
        )  # fmt: skip
        train(corpus.dataset(12), corpus.dataset(4, skip=12), resolve(str(shaken)), config, tmp_path / out)
        return [json.loads(line)["loss"] for line in (tmp_path / out / "log.jsonl").read_text().splitlines()]

    whole = run("whole")
    real = Stepper.step

    def killed(self: Stepper, number: int, batch: Any) -> Any:
        if number == 8:
            raise KeyboardInterrupt
        return real(self, number, batch)

    monkeypatch.setattr(Stepper, "step", killed)
    with pytest.raises(KeyboardInterrupt):
        run("stopped")
    monkeypatch.setattr(Stepper, "step", real)
    assert run("stopped") == whole
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "stopped")]
    assert weights[0] == weights[1]


def test_what_it_became_can_be_trained_on(model: Path, tmp_path: Path) -> None:
    assert learns(resolve(str(model)), corpus.pairs(2)) == "writer"
    config = corpus.config(
        "train.max_steps=2",
        "data.max_tokens=100",
        "encoder.share=0.9",
        "optim.label_smoothing=0",
        family="writer",
    )
    train(corpus.dataset(4), None, resolve(str(model)), config, tmp_path / "on")
    losses = [json.loads(line)["loss"] for line in (tmp_path / "on" / "log.jsonl").read_text().splitlines()]
    assert losses[0] < 1  # it goes on from what it knows


# --- through the commands


@pytest.fixture(scope="module")
def commanded(bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("command")
    out = work / "ferries"
    settings = [part for line in (*BY_HEART, "data.max_answer_tokens=24") for part in ("--set", line)]
    data = corpus.write(work / "train.jsonl", 4)
    done = epitome("train", str(data), "--base", str(bert), "-o", str(out), *settings)
    assert done.returncode == 0, done.stderr
    assert "epitome summarize" in done.stdout
    return out


def test_summarize_and_evaluate_take_the_folder(commanded: Path, tmp_path: Path) -> None:
    said = json.loads((commanded / "epitome.json").read_text("utf-8"))
    assert said["decoding"] == {"beams": 4, "no_repeat_ngram": 3}
    assert said["form"] == {"system": "", "user": "{document}"}
    assert "runs in transformers only" in (commanded / "README.md").read_text("utf-8")
    story = tmp_path / "story.txt"
    story.write_text(FOUR[0].document)
    done = epitome("summarize", str(story), "--model", str(commanded), "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["text"] == "Ferry to Aldmoor cancelled."
    assert (summary["read_share"], summary["engine"]) == (1.0, "transformers")
    data, figures = corpus.write(tmp_path / "dev.jsonl", 4), tmp_path / "figures.json"
    done = epitome("evaluate", str(data), "--system", str(commanded), "--system", "lead", "--metrics", "rouge",
                   "--json", str(figures), "--no-cache", "-q")  # fmt: skip
    assert done.returncode == 0, done.stderr
    systems = json.loads(figures.read_text())["systems"]
    assert systems["ferries"]["rouge1"]["mean"] == 100
    assert systems["lead"]["rouge1"]["mean"] < 60


def test_a_document_longer_than_its_positions_is_read_in_parts(model: Path) -> None:
    from epitome import Summarizer

    document = " ".join(pair.document for pair in corpus.pairs(12))
    with Summarizer(str(model)) as summarizer:
        summary = summarizer(document, sentences=2, read_all=True)
    assert summary.read_share == 1.0
    assert len(summary.sentences) == 2
    assert max(step.end - step.start for step in summary.steps) > 300  # parts as long as its positions allow


# --- what is refused


def test_texts_in_a_script_that_the_tokenizer_lacks_are_named(bert: Path, tmp_path: Path) -> None:
    document, gold = "市议会周三通过决定，旧桥因检修关闭两个月。", "旧桥关闭两个月。"
    pairs = [Pair(document, (gold,), id=f"z{at}", lang="zh") for at in range(4)]
    said: list[str] = []
    train(Dataset(pairs, "zh"), None, resolve(str(bert)), corpus.config("train.max_steps=1", family="writer"),
          tmp_path / "run", watch=Watch(note=said.append))  # fmt: skip
    assert any("of all tokens are characters or words that the base does not know" in line for line in said)


def test_settings_for_an_encoder_are_refused_for_others(bert: Path, tmp_path: Path) -> None:
    llama = resolve(str(folders.llama(tmp_path / "llama")))
    config = corpus.config("encoder.writer=bert2bert")
    with pytest.raises(UsageError, match=r"encoder\.writer=bert2bert is for an encoder .* and llama is none"):
        train(corpus.dataset(4), None, llama, config, tmp_path / "run")
    labelled = Dataset([replace(pair, other={"label": 1}) for pair in FOUR], "claims")
    with pytest.raises(UsageError, match="rows have labels"):
        train(labelled, None, resolve(str(bert)), corpus.config("encoder.pointer=false", family="encoder"),
              tmp_path / "run")  # fmt: skip


def test_what_makes_no_sense_is_named(bert: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="mean pooling gives one vector, not 2"):
        opened(bert, writer="pooled", pooling="mean", vectors=2)
    with pytest.raises(UsageError, match="width=40 is more than the 32"):
        opened(bert, writer="pooled", width=40)
    for settings, said in (({"width": 8}, "width is for encoder.writer=pooled, and this one is masked"),
                           ({"writer": "bert2bert", "share": 0.5}, "share is for encoder.writer=masked"),
                           ({"tied": True}, "tied is for encoder.writer=bert2bert or pooled")):  # fmt: skip
        with pytest.raises(UsageError, match=said):
            opened(bert, **settings)
    with pytest.raises(UsageError, match="trained as a whole"):
        train(corpus.dataset(4), None, resolve(str(bert)), corpus.config(family="writer", **{"method.name": "lora"}),
              tmp_path / "run")  # fmt: skip
    other = tmp_path / "other"
    other.mkdir()
    for file in bert.iterdir():
        (other / file.name).write_bytes(file.read_bytes())
    held = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps({**held, "model_type": "roberta"}))
    with pytest.raises(ModelError, match="of the kind 'roberta', and only BERT learns to write"):
        opened(other)
    (other / "config.json").write_text(json.dumps({**held, "vocab_size": 7}))
    with pytest.raises(ModelError, match="transformers cannot load it as a BERT"):
        opened(other)


def test_an_encoder_that_has_not_learnt_writes_nothing(bert: Path, model: Path, tmp_path: Path) -> None:
    for folder in (bert, folders.bert(tmp_path / "headed", head=True)):
        with pytest.raises(EngineError, match="writes no text"):
            open_engine(resolve(str(folder)))
    with pytest.raises(EngineError, match="no grammars"):
        written(model, grammar="root ::= 'a'")
