"""An encoder learns which words of a sentence its document does not bear out, and goes into 8 bits."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.base.cli.command import epitome

from epitome.datasets.claims import claims
from epitome.datasets.pair import Pair
from epitome.engines.tagger import Tagger
from epitome.errors import UsageError
from epitome.models.resolve import resolve
from epitome.train.base import Base, open_base
from epitome.train.claims import claims as examples_of
from epitome.train.config import Method
from epitome.train.methods import adapt

RECIPES = Path(__file__).parents[3] / "recipes"
PAIRS = [
    Pair(
        f"The ferry number {at} left Port Elspeth on Monday with {at + 30} people on board. It was not late, said Anna "
        f"Berg, and the {at} lorries of Erik Dahl stayed on the quay in the rain until the evening boat came back.",
        (
            f"The ferry left on Monday with {at + 30} people. It was not late, said Anna Berg of Port Elspeth.",
        ),
        id=f"p{at}",
    )
    for at in range(1, 25)
]


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small random encoder."""
    import torch
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("bert")
    words = sorted(
        {
            word
            for pair in PAIRS
            for word in pair.document.lower().replace(".", " .").replace(",", " ,").split()
        }
    )
    pieces = [chr(at) for at in range(33, 127)] + [f"##{chr(at)}" for at in range(33, 127)]
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *dict.fromkeys([*pieces, *words])]
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", "utf-8")
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "BertTokenizer", "do_lower_case": True}), "utf-8"
    )
    torch.manual_seed(3)
    BertModel(
        BertConfig(
            vocab_size=len(vocabulary), hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
            intermediate_size=64, max_position_embeddings=512,
        )
    ).save_pretrained(folder)  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def base(bert: Path) -> Base:
    import torch

    return open_base(resolve(str(bert)), torch.float32)


def table(path: Path, rows: Sequence[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return str(path)


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return [
        {
            "document": claim.pair.document, "summary": claim.text, "label": int(not claim.wrong), "lang": "en",
            "wrong": claim.wrong, "id": f"{claim.pair.id}-{at}",
        }
        for at, claim in enumerate(claims(PAIRS))
    ]  # fmt: skip


@pytest.fixture(scope="module")
def trained(bert: Path, rows: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("claims")
    out = work / "model"
    done = epitome(
        "train", table(work / "t.jsonl", rows), "--base", str(bert), "-o", str(out), "--set", "train.max_steps=12",
        "--set", "optim.lr=0.003",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return out


def test_the_loss_falls_and_the_folder_is_that_of_a_tagger(trained: Path) -> None:
    losses = [json.loads(line)["loss"] for line in (trained / "log.jsonl").read_text("utf-8").splitlines()]
    assert sum(losses[-3:]) < sum(losses[:3])
    assert "token-classification" in (trained / "README.md").read_text("utf-8")
    assert resolve(str(trained)).format == "encoder"
    refused = epitome("summarize", str(RECIPES.parent / "examples" / "news.txt"), "--model", str(trained))
    assert refused.returncode == 3
    assert "writes no text" in refused.stderr


def test_other_labels_are_other_data(
    trained: Path, bert: Path, rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    other = [{**row, "label": 0, "wrong": [[0, 3]]} for row in rows]
    done = epitome(
        "train", table(tmp_path / "t.jsonl", other), "--base", str(bert), "-o", str(trained), "--set",
        "train.max_steps=12", "--set", "optim.lr=0.003",
    )  # fmt: skip
    assert done.returncode == 2
    assert "labels" in done.stderr


def test_in_8_bits_it_says_nearly_the_same(trained: Path, rows: list[dict[str, Any]], tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForTokenClassification

    spec = importlib.util.spec_from_file_location("graph", RECIPES / "graph.py")
    assert spec is not None
    assert spec.loader is not None
    graph = importlib.util.module_from_spec(spec)
    sys.modules["graph"] = graph
    spec.loader.exec_module(graph)
    graph.written(trained, tmp_path)
    tagger = Tagger(tmp_path)
    pairs = [(tagger.encode(row["document"]), tagger.encode(row["summary"])) for row in rows[:20]]
    network = AutoModelForTokenClassification.from_pretrained(trained).eval()
    cls, sep = 2, 3
    for (first, second), found in zip(pairs, tagger.scores(pairs), strict=True):
        ids = torch.tensor([[cls, *first, sep, *second, sep]])
        with torch.inference_mode():
            right = network(input_ids=ids).logits[0, len(first) + 2 : -1, 0].numpy()
        assert found.shape == right.shape
        assert np.abs(found - right).max() < 0.35
        assert np.corrcoef(found, right)[0, 1] > 0.95


@pytest.mark.parametrize(
    ("said_of", "said"),
    [
        ({}, "label is None"),
        ({"label": 2}, "label is 2"),
        ({"label": 1, "wrong": [[0, 3]]}, "nothing is wrong"),
        ({"label": 0, "wrong": "the first word"}, "lists [start, end)"),
        ({"label": 0, "wrong": [[0, 99999]]}, "lists [start, end)"),
        ({"label": 0, "wrong": [[9, 3]]}, "lists [start, end)"),
    ],
)
def test_labels_and_spans_that_make_no_sense_are_refused(
    said_of: dict[str, Any], said: str, base: Base
) -> None:
    pair = Pair("The ferry left.", ("The ferry left at dawn.",), id="one", other=said_of)
    with pytest.raises(UsageError) as refused:
        examples_of([pair], base, {}, 208)
    assert said in str(refused.value)


def test_it_is_trained_as_a_whole(base: Base) -> None:
    with pytest.raises(UsageError, match="as a whole"):
        adapt(base, Method(name="lora"), 10)
