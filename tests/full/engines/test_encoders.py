"""Our BERT is transformers' BERT, our WordPiece is tokenizers'; and encoders that only transformers runs."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.full.engines import folders

from epitome.engines.encoder import Encoder, open_encoder
from epitome.engines.huggingface_encoder import TransformersEncoder
from epitome.engines.wordpiece import WordPiece

HARBOUR = "The harbour wall, built in 1887 for £3,000, wasn't repaired until Tuesday's storm (again). "
TEXTS = [
    HARBOUR,
    "Größe naïve ŁÓDŹ \u00a0 İstanbul ΟΔΟΣ",
    "河岸的学校有3间教室。",
    HARBOUR * 20,
    "no",
    "",
    HARBOUR * 90,
]


@pytest.fixture(scope="module")
def folder() -> Path:
    from epitome.models.resolve import pull

    path = pull("minilm", on_progress=lambda *_: None).path
    assert path
    return path


@pytest.fixture(scope="module")
def numpy_one(folder: Path) -> Encoder:
    return open_encoder("minilm")


@pytest.fixture(scope="module")
def torch_one(folder: Path) -> Encoder:
    return Encoder(TransformersEncoder(folder), "transformers", "minilm", "")


def test_vectors_are_those_of_transformers(numpy_one: Encoder, torch_one: Encoder) -> None:
    ours, theirs = numpy_one.tokens(TEXTS), torch_one.tokens(TEXTS)
    assert [each.shape for each in ours] == [each.shape for each in theirs]
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)
    np.testing.assert_allclose(numpy_one.vectors(TEXTS), torch_one.vectors(TEXTS), atol=1e-4)


def tokenizer(folder: Path) -> Any:
    from tokenizers import BertWordPieceTokenizer

    return BertWordPieceTokenizer(str(folder / "vocab.txt"), lowercase=True)


def test_pieces_are_those_of_tokenizers_for_every_character(folder: Path) -> None:
    theirs, ours = tokenizer(folder), WordPiece.read(folder)
    letters = [chr(at) for at in (*range(0xD800), *range(0xE000, 0x32000), *range(0xE0000, 0xE0200))]
    texts = [f"a{letter}b" for letter in letters]
    encoded = theirs.encode_batch(texts, add_special_tokens=False)
    unlike = [
        letter
        for letter, text, other in zip(letters, texts, encoded, strict=True)
        if ours.encode(text) != other.ids
    ]
    # Marks and signs that came to Unicode after the tables of tokenizers, all in rare scripts.
    assert len(unlike) < 550
    common = (
        "LATIN",
        "GREEK",
        "CYRILLIC",
        "HEBREW",
        "CJK",
        "HIRAGANA",
        "KATAKANA",
        "HANGUL",
        "DEVANAGARI LETTER",
    )
    assert not [letter for letter in unlike if unicodedata.name(letter, "").startswith(common)]


def test_pieces_are_those_of_tokenizers_for_unpleasant_texts(folder: Path) -> None:
    theirs, ours = tokenizer(folder), WordPiece.read(folder)
    rng = np.random.default_rng(5)
    nasty = list(
        " \t\n.,'-[]#aAéÉßıİΣσςﬁ①Ⅳ河々가각\u0301\u0327\u200d\u200b\u00ad\ufeff\u2028\x00\x0b\x1c\x85\u3000\ufffd👩🏽‍🚀🇩"
    )
    texts = ["".join(rng.choice(nasty, rng.integers(1, 40))) for _ in range(3000)]
    texts += ["x" * 100, "x" * 101, HARBOUR * 3, "unbelievableness " * 5, "ﷺ" * 30]
    for text, other in zip(texts, theirs.encode_batch(texts, add_special_tokens=False), strict=True):
        assert ours.encode(text) == other.ids, repr(text)


def test_an_encoder_with_other_positions_is_opened_by_its_folder(tmp_path: Path) -> None:
    with open_encoder(str(roberta(tmp_path))) as encoder:
        assert encoder.name == "transformers"
        assert encoder.identity.startswith(f"{tmp_path.name}@")
        long = " ".join(folders.SENTENCES)
        tokens = encoder.tokens([long, "The ferry", ""])
        assert len(tokens[0]) > 100, "longer than the 64 positions, so read in windows"
        assert tokens[2].shape == (0, 32)
        np.testing.assert_allclose(np.linalg.norm(encoder.vectors([long, "The ferry"]), axis=1), 1, atol=1e-5)
        np.testing.assert_allclose(tokens[1], encoder.tokens(["The ferry"])[0], atol=1e-5)


def test_of_an_encoder_decoder_the_encoder_is_taken(tmp_path: Path) -> None:
    with open_encoder(str(folders.t5(tmp_path))) as encoder:
        found = encoder.tokens(["The ferry was late.", "The ferry was late and cold."])
        assert len(found[0]) < len(found[1])


def roberta(folder: Path) -> Path:
    """A small random RoBERTa with 64 positions, which it counts from 2."""
    import torch
    from tokenizers.processors import TemplateProcessing
    from transformers import RobertaConfig, RobertaModel

    words = folders.tokenizer(
        ["<s>", "<pad>", "</s>", "<unk>"],
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        sep_token="</s>",
    )
    words.backend_tokenizer.post_processor = TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    words.save_pretrained(folder)
    torch.manual_seed(1)
    config = RobertaConfig(
        vocab_size=len(words), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        max_position_embeddings=66, pad_token_id=1, bos_token_id=0, eos_token_id=2, type_vocab_size=1,
    )  # fmt: skip
    RobertaModel(config).save_pretrained(folder)
    return folder
