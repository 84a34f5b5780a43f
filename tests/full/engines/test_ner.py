"""Models that find names, run from a folder: a network of one embedding that knows one name."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertForTokenClassification, BertTokenizerFast

from epitome.errors import ModelError
from epitome.trust.masking import Masker

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "qor", "##ra", "vex", "met", "the", "captain", "."]
NAMES = ("qor", "##ra", "vex")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that marks "qorra" and "vex", whatever stands around."""
    path = tmp_path_factory.mktemp("ner")
    (path / "words.txt").write_text("\n".join(WORDS), "utf-8")
    BertTokenizerFast(str(path / "words.txt")).save_pretrained(path)
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=2, num_hidden_layers=1, num_attention_heads=1, intermediate_size=2,
        id2label={0: "O", 1: "B-PER"}, label2id={"O": 0, "B-PER": 1},
    )  # fmt: skip
    network = BertForTokenClassification(config)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        for norm in (module for module in network.modules() if isinstance(module, torch.nn.LayerNorm)):
            norm.weight.fill_(1)
        embedded = network.bert.embeddings.word_embeddings.weight
        for at, word in enumerate(WORDS):
            embedded[at] = torch.tensor([-1.0, 1.0] if word in NAMES else [1.0, -1.0])
        network.classifier.weight.copy_(torch.eye(2))
    network.save_pretrained(path)
    return path


def test_what_a_model_finds_is_masked_beside_the_rules(folder: Path) -> None:
    text = "Qorra Vex met the captain, Sarah Lee. The captain met vex."
    masker = Masker(model=str(folder))
    assert masker(text).text == "<PERSON_1> met the captain, <PERSON_2>. The captain met <PERSON_1>."
    assert Masker()(text).text != masker(text).text
    assert masker("Qorra Vex met the captain. The captain met Vex.").counts == {"person": 1}
    long = "the captain met . " * 600 + "Qorra Vex."
    assert masker(long).text.endswith("<PERSON_1>.")


def test_what_is_no_such_model(tmp_path: Path) -> None:
    for model, said in (
        ("spacy:en_none", "spaCy, which is not installed"),
        ("some/hub-model", "no NER model of this machine"),
        (str(tmp_path), "no model for token classification"),
        ("transformers:nowhere", "no model for token classification"),
    ):
        with pytest.raises(ModelError, match=said):
            Masker(model=model)
