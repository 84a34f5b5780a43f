"""The head of a GGUF file: what it says, how fast, and what happens when it is damaged."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path

import pytest
from gguf import GGMLQuantizationType, GGUFReader
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.base.models.files import TEMPLATE, write_gguf

from epitome.errors import ModelError
from epitome.models import Model, gguf


def test_it_says_what_the_file_is(tmp_path: Path) -> None:
    head = gguf.read(write_gguf(tmp_path / "tiny.gguf"))
    assert (head.architecture, head.name, head.context, head.kind) == ("llama", "Tiny", 512, "model")
    assert head.chat_template == TEMPLATE
    assert (head.licence, head.languages) == ("apache-2.0", ("en", "fr"))
    assert head.parameters == 64 * 256 + 256
    assert head.tensor_types == ("Q4_1", "F32")
    assert (head.tokens.bos, head.tokens.eos) == ("<token 1>", "<token 2>")


def test_a_sentencepiece_vocabulary_begins_with_bos_unless_the_file_says_otherwise(tmp_path: Path) -> None:
    assert gguf.read(write_gguf(tmp_path / "a.gguf")).tokens.add_bos
    said = write_gguf(tmp_path / "b.gguf", tokenizer__ggml__add_bos_token=False)
    assert not gguf.read(said).tokens.add_bos
    small = write_gguf(tmp_path / "c.gguf", vocabulary=5)
    assert gguf.read(small).tokens.bos == "<token 1>"


def test_the_default_model(smollm: Model) -> None:
    assert smollm.path
    head = gguf.read(smollm.path)
    assert head.name == "Smollm2 135M 8k Lc100K Mix1 Ep2"
    assert (head.context, head.parameters, head.tensor_types[0]) == (8192, 134_515_008, "Q4_1")
    assert (head.tokens.bos, head.tokens.eos, head.tokens.add_bos) == ("<|im_start|>", "<|im_end|>", False)


def test_without_the_vocabulary_all_else_is_there(tmp_path: Path) -> None:
    for name, extra in (("untold", {}), ("told", {"llama__vocab_size": 200, "general__alignment": 64})):
        whole, light = write_gguf(tmp_path / f"{name}.gguf", **extra), tmp_path / f"{name}-light.gguf"
        gguf.without_vocabulary(whole, light)
        before, after = gguf.read(whole), gguf.read(light)
        assert after.values == {"llama.vocab_size": 200} | {
            key: value for key, value in before.values.items() if not key.startswith("tokenizer.ggml.tokens")
        }
        assert gguf.arrays(light, "tokenizer.ggml.tokens") == {}
        theirs, ours = GGUFReader(whole), GGUFReader(light)
        assert [one.name for one in ours.tensors] == [one.name for one in theirs.tensors]
        assert all(
            mine.data.tobytes() == other.data.tobytes()
            for mine, other in zip(ours.tensors, theirs.tensors, strict=True)
        )


def test_reading_it_loads_no_numeric_library(smollm: Model) -> None:
    script = (
        "import sys; from pathlib import Path; from epitome.models import gguf;"
        "gguf.read(Path(sys.argv[1])); print({'numpy', 'gguf', 'jinja2', 'httpx'} & set(sys.modules))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, str(smollm.path)], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "empty"), (b"PK\x03\x04 a zip", "not a GGUF"), (b"GGUF\x03\x00\x00\x00", "damaged")],
)
def test_what_is_no_model_is_one_clear_error(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "bad.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=says) as caught:
        gguf.read(path)
    assert str(path) in caught.value.message
    assert caught.value.hint


def test_a_missing_file_and_a_folder_are_errors_too(tmp_path: Path) -> None:
    for path, said in (
        (tmp_path / "none.gguf", "No such file"),
        (tmp_path, "is a folder, and a GGUF file is needed"),
    ):
        with pytest.raises(ModelError, match=said):
            gguf.read(path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 0.9999))
def test_a_file_that_ends_too_early_is_noticed_wherever_it_ends(tmp_path: Path, share: float) -> None:
    whole = write_gguf(tmp_path / "whole.gguf").read_bytes()
    # The last tensor is followed by padding that no reader needs.
    needed = gguf.layout(tmp_path / "whole.gguf").tensors[-1]
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(whole[: int((needed.start + needed.size) * share)])
    with pytest.raises(ModelError):
        gguf.read(cut)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(flips=st.lists(st.tuples(st.integers(0, 700), st.integers(0, 255)), min_size=1, max_size=8))
def test_a_damaged_head_is_read_or_refused_but_never_a_crash(
    tmp_path: Path, flips: list[tuple[int, int]]
) -> None:
    data = bytearray(write_gguf(tmp_path / "whole.gguf", vocabulary=3).read_bytes())
    for at, value in flips:
        data[at] = value
    path = tmp_path / "flipped.gguf"
    path.write_bytes(data)
    with contextlib.suppress(ModelError):  # any other exception fails the test
        gguf.read(path)


def test_layout_says_where_each_tensor_lies(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "t.gguf", weights=GGMLQuantizationType.Q8_0)
    weight, norm = gguf.layout(path).tensors
    assert (weight.shape, weight.size) == ((256, 64), 64 * 256 // 32 * 34)
    assert (norm.shape, norm.size) == ((256,), 1024)
    assert weight.start % 32 == norm.start % 32 == 0
