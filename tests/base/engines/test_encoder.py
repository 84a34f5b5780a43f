"""The MiniLM encoder for real, without torch: what its vectors are, and what happens at its limits."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from epitome.engines.bert import gelu, unreadable
from epitome.engines.encoder import Encoder, open_encoder, windows
from epitome.engines.open import open_engine
from epitome.errors import EngineError, ModelError
from epitome.models import safetensors
from epitome.models.resolve import find

TEXTS = [
    "The ferry to the island was cancelled because of the wind.",
    "Strong winds kept the boat in harbour.",
    "Flour, water, salt and yeast are all a baker needs.",
    "",
    "Oui.",
]


@pytest.fixture(scope="module")
def encoder() -> Iterator[Encoder]:
    with open_encoder("minilm", on_download=lambda *_: None) as opened:
        yield opened


def test_each_token_has_a_vector_of_length_one(encoder: Encoder) -> None:
    found = encoder.tokens(TEXTS)
    assert [vectors.shape for vectors in found] == [(12, 384), (8, 384), (13, 384), (0, 384), (3, 384)]
    assert all(vectors.dtype == np.float32 for vectors in found)
    for vectors in found:
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_each_text_has_a_vector_of_length_one_near_those_that_mean_the_same(encoder: Encoder) -> None:
    vectors = encoder.vectors(TEXTS)
    assert (vectors.shape, vectors.dtype) == ((5, 384), np.float32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    ferry, boat, bread = vectors[:3]
    assert ferry @ boat > 0.5 > 0.2 > ferry @ bread
    assert encoder.vectors([]).shape[0] == 0
    assert encoder.tokens([]) == []


def test_a_text_does_not_know_what_else_is_read(encoder: Encoder) -> None:
    alone = [encoder.tokens([text])[0] for text in TEXTS]
    for one, other in zip(alone, encoder.tokens(TEXTS * 40)[-len(TEXTS) :], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_long_texts_are_read_to_their_end(encoder: Encoder) -> None:
    begin = "The council met on Monday and spoke about the harbour wall. " * 120
    ends = [begin + end for end in ("Then the school burned down.", "Then everybody got free bread.")]
    tokens = encoder.tokens(ends)
    assert [len(each) for each in tokens] == [120 * 12 + 6, 120 * 12 + 6]
    school = encoder.tokens(["Then the school burned down."])[0]
    assert (tokens[0][-6:] * school).sum(axis=1).mean() > 0.5, "the last words are themselves"
    assert (tokens[0][-6:] * tokens[1][:6]).sum(axis=1).mean() < 0.4
    a, b = encoder.vectors(ends)
    assert 0.5 < a @ b < 0.9999
    np.testing.assert_allclose(np.linalg.norm([a, b], axis=1), 1, atol=1e-5)


@given(st.integers(0, 5000), st.integers(8, 600), st.integers(0, 100))
def test_windows_cover_every_token_and_overlap(length: int, room: int, overlap: int) -> None:
    found = windows(length, room, overlap)
    assert (found[0][0], found[-1][1]) == (0, length)
    assert all(end - start <= room for start, end in found)
    for (_, end), (start, _) in pairwise(found):
        assert end - start >= min(overlap, room // 2)
    assert len(found) == 1 or all(end - start == room for start, end in found)


def test_gelu_is_exact_to_float32() -> None:
    x = np.concatenate([np.linspace(-9, 9, 36_001), [-1e30, 1e30]]).astype(np.float32)
    exact = np.array([each * 0.5 * math.erfc(-each / math.sqrt(2)) for each in x.astype(np.float64)])
    gelu(x)
    np.testing.assert_allclose(x, exact, rtol=3e-7, atol=1e-6)


def test_the_signature_names_model_and_weights(encoder: Encoder) -> None:
    assert (encoder.name, encoder.model) == ("bert", "minilm")
    assert encoder.identity == "minilm@53aa51172d14"
    model = find("minilm")
    assert model
    assert model.path
    with open_encoder(str(model.path)) as same:
        assert same.identity == f"{model.path.name}@53aa51172d14"


def test_nothing_is_fetched_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EPITOME_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    for name in ("minilm", "org/encoder"):
        with pytest.raises(ModelError, match="is not on this machine") as caught:
            open_encoder(name)
        assert f"`epitome models pull {name}`" in str(caught.value)
    assert not (tmp_path / "home").exists()


def test_what_is_no_encoder_is_said(encoder: Encoder, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="default writes texts"):
        open_encoder("default")
    with pytest.raises(ModelError, match="no model is called 'minilmm'") as caught:
        open_encoder("minilmm")
    assert "did you mean minilm?" in str(caught.value)
    with pytest.raises(ModelError, match="lead is no encoder"):
        open_encoder("lead")
    model = find("minilm")
    assert model
    with pytest.raises(EngineError, match="it writes no text"):
        open_engine(model)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"model_type": "roberta"}, "no encoder of the BERT kind"),
        ({"is_decoder": True}, "no encoder of the BERT kind"),
        ({"position_embedding_type": "relative_key"}, "positions"),
        ({"hidden_act": "relu"}, "activation is relu"),
        ({}, "no vocab.txt and no model.safetensors"),
    ],
)
def test_what_numpy_does_not_read_is_left_to_transformers(
    tmp_path: Path, changed: dict[str, object], reason: str
) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"} | changed))
    assert reason in unreadable(tmp_path)


def write_safetensors(path: Path, tensors: dict[str, tuple[str, list[int], bytes]]) -> Path:
    header, data = {}, b""
    for name, (kind, shape, raw) in tensors.items():
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    said = json.dumps(header | {"__metadata__": {"format": "pt"}}).encode()
    path.write_bytes(struct.pack("<Q", len(said)) + said + data)
    return path


def test_numbers_of_every_width_are_read_as_float32(tmp_path: Path) -> None:
    values = np.array([[1.0, -2.5], [0.125, 96.0]], np.float32)
    upper = (values.view(np.uint32) >> 16).astype(np.uint16)
    path = write_safetensors(
        tmp_path / "m.safetensors",
        {
            "f32": ("F32", [2, 2], values.tobytes()),
            "f16": ("F16", [2, 2], values.astype(np.float16).tobytes()),
            "bf16": ("BF16", [2, 2], upper.tobytes()),
            "ids": ("I64", [1], bytes(8)),
        },
    )
    found = safetensors.read(path)
    assert set(found) == {"f32", "f16", "bf16"}
    for tensor in found.values():
        assert tensor.dtype == np.float32
        np.testing.assert_array_equal(tensor, values)


@pytest.mark.parametrize("keep", [0, 4, 20, 200])
def test_a_cut_off_file_is_a_clear_error(tmp_path: Path, keep: int) -> None:
    path = write_safetensors(tmp_path / "m.safetensors", {"a": ("F32", [100], bytes(400))})
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ModelError, match="no whole safetensors file"):
        safetensors.read(path)
