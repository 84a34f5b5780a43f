"""Words of a domain in a base's vocabulary: old texts give what they gave, new words begin as means of their pieces."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from tests.full.engines import folders
from tests.full.train import networks

from epitome.datasets.texts import open_corpus
from epitome.engines.tokenizer import HubTokenizer
from epitome.engines.wordpiece import WordPiece
from epitome.errors import ModelError, UsageError
from epitome.models.model import Model
from epitome.models.resolve import resolve
from epitome.train.pretrain.base import open_for
from epitome.train.pretrain.extend import ADDED, extend

WARD = [
    f"The defibrillator of ward {at} and its stethoscope lay beside the anaesthetist, who had a bronchoscopy at noon."
    for at in range(12)
]
NEW = ("defibrillator", "stethoscope", "anaesthetist", "bronchoscopy")
OLD = "The ferry left on Monday with people on board."


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return networks.letters(tmp_path_factory.mktemp("corpus") / "letters.jsonl")


@pytest.fixture(scope="module", params=["bert", "llama"])
def base(request: pytest.FixtureRequest, letters: Path, tmp_path_factory: pytest.TempPathFactory) -> Model:
    work = tmp_path_factory.mktemp("base")
    plan = networks.blueprint(work / "plan.toml", request.param)
    networks.made(letters, work / "base", networks.settings("train.max_steps=1", scratch=plan))
    return resolve(str(work / "base"))


@pytest.fixture(scope="module")
def extended(base: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    assert base.path is not None
    folder = tmp_path_factory.mktemp("words") / "words"
    assert extend(base.path, WARD, 12, folder) >= 4
    return folder


def test_new_words_are_one_token_and_others_are_cut_as_before(base: Model, extended: Path) -> None:
    assert base.path is not None
    before, after = HubTokenizer(base.path), HubTokenizer(extended)
    assert before.encode(OLD) == after.encode(OLD)
    for word in NEW:
        assert len(before.grouped(f"a {word}")[1]) > 1
        assert len(after.grouped(f"a {word}")[1]) == 1
        assert after.decode(after.encode(f"the {word} of")).strip() == f"the {word} of"
    if base.format == "encoder":  # the tokenizer that runs without transformers knows them too
        assert WordPiece.read(extended).encode("stethoscope") == after.encode("stethoscope")


def test_old_texts_give_what_they_gave_and_new_words_are_means(base: Model, extended: Path) -> None:
    before, after = open_for(base, None), open_for(base, extended)
    ids = torch.tensor([before.words.encode(OLD)])
    with torch.inference_mode():
        old, new = (one.network.eval()(input_ids=ids).logits for one in (before, after))
    known = before.network.config.vocab_size
    assert torch.equal(old, new[..., :known])
    held = json.loads((extended / ADDED).read_text("utf-8"))
    rows = after.network.get_input_embeddings().weight
    for at, pieces in enumerate(held["pieces"]):
        assert torch.allclose(rows[held["first"] + at], rows[pieces].mean(dim=0))
    assert after.network.config.vocab_size == known + len(held["pieces"])


def test_a_run_keeps_them(base: Model, tmp_path: Path) -> None:
    rows = "".join(json.dumps({"text": text}) + "\n" for text in WARD * 2)
    (tmp_path / "ward.jsonl").write_text(rows, "utf-8")
    config = networks.settings("words.add=12", "texts.held_out=0", "train.max_steps=2", base=base)
    networks.made(tmp_path / "ward.jsonl", tmp_path / "out", config, base)
    made = open_for(resolve(str(tmp_path / "out")), None)
    assert isinstance(made.words, HubTokenizer)
    assert len(made.words.grouped("a stethoscope")[1]) == 1
    assert made.network.get_input_embeddings().num_embeddings == made.words.size
    assert {path.name for path in (tmp_path / "out").iterdir()}.isdisjoint({"words", "state", "best"})


def test_a_chat_template_survives(tmp_path: Path) -> None:
    source = folders.llama(tmp_path / "base")
    extend(source, WARD, 4, tmp_path / "words")
    before, after = HubTokenizer(source), HubTokenizer(tmp_path / "words")
    assert before.chat_template == after.chat_template is not None
    assert before.encode_markup("<|start|>user<think>") == after.encode_markup("<|start|>user<think>")


def test_other_tokenizers_are_refused(letters: Path, tmp_path: Path) -> None:
    plan = networks.blueprint(tmp_path / "t5.toml", "t5")
    networks.made(letters, tmp_path / "t5", networks.settings("train.max_steps=1", scratch=plan))
    with pytest.raises(ModelError, match="WordPiece and to byte-level byte pairs only, and this is Unigram"):
        extend(tmp_path / "t5", WARD, 4, tmp_path / "words")
    gguf = Model("one.gguf", "gguf", tmp_path / "one.gguf")
    (tmp_path / "one.gguf").write_bytes(b"GGUF")
    from epitome.train.pretrain.base import vocabulary_of

    with pytest.raises(ModelError, match="words can be added to a folder with safetensors only"):
        vocabulary_of(gguf)


def test_texts_without_such_words_are_refused(base: Model, letters: Path, tmp_path: Path) -> None:
    config = networks.settings("words.add=4", base=base)
    with pytest.raises(UsageError, match="no word that the tokenizer splits stands 5 times"):
        networks.made(letters, tmp_path / "out", config, base)
    assert not (tmp_path / "out").exists()
    assert len(list(open_corpus(str(letters)).texts(0))) == 60
