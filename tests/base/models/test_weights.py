"""A Q8_0 made once from any GGUF: the numbers, the keys, the memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from gguf import GGMLQuantizationType as Type
from gguf import GGUFReader
from gguf.quants import dequantize, quantize
from tests.base.models.files import write_gguf

from epitome.errors import ModelError
from epitome.models import Model, gguf, weights
from epitome.models.local import from_gguf


@pytest.mark.parametrize("kind", [Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.F16, Type.BF16])
def test_the_numbers_are_those_of_the_source_in_eight_bits(home: Path, tmp_path: Path, kind: Type) -> None:
    # Long enough to be converted in several pieces.
    model = from_gguf(write_gguf(tmp_path / "tiny.gguf", weights=kind, rows=9000))
    seen: list[tuple[str, int, int]] = []
    made = weights.prepared(model, "q8_0", on_progress=lambda *report: seen.append(report))
    before, after = GGUFReader(tmp_path / "tiny.gguf"), GGUFReader(made)
    source, result = before.tensors[0], after.tensors[0]
    assert result.tensor_type == Type.Q8_0
    assert np.array_equal(result.data, quantize(dequantize(source.data, source.tensor_type), Type.Q8_0))
    assert np.array_equal(after.tensors[1].data, before.tensors[1].data), "norms stay as they are"
    assert seen[-1][1] == seen[-1][2]


def test_every_key_is_kept_but_the_file_type(home: Path, tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "tiny.gguf")
    before, after = gguf.read(path), gguf.read(weights.prepared(from_gguf(path)))
    assert after.values.pop("general.file_type") == 7
    before.values.pop("general.file_type")
    assert after.values == before.values
    assert after.tokens == before.tokens
    assert (after.parameters, after.tensor_types) == (before.parameters, ("Q8_0", "F32"))


def test_it_is_made_once_and_again_when_the_source_changes(home: Path, tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "tiny.gguf")
    first = weights.prepared(from_gguf(path))
    stamp = first.stat().st_mtime_ns
    assert weights.prepared(from_gguf(path)) == first
    assert first.stat().st_mtime_ns == stamp
    write_gguf(path, rows=128)
    assert weights.prepared(from_gguf(path)) != first


def test_a_model_in_eight_bits_is_used_as_it_is(home: Path, tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "tiny.gguf", weights=Type.Q8_0)
    assert weights.prepared(from_gguf(path)) == path
    assert not home.exists()


def test_what_cannot_be_converted_is_a_clear_error(home: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no GGUF model"):
        weights.prepared(Model("org/model", "safetensors", tmp_path))
    path = write_gguf(tmp_path / "tiny.gguf")
    data = path.read_bytes()
    name = data.index(b"blk.0.attn_q.weight") + len(b"blk.0.attn_q.weight")
    kind = name + 4 + 16
    path.write_bytes(data[:kind] + (99).to_bytes(4, "little") + data[kind + 4 :])
    with pytest.raises(ModelError, match="type 99"):
        weights.prepared(from_gguf(path))
    assert not list(home.rglob("*.gguf"))


def test_memory_does_not_grow_with_the_model(home: Path, tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "large.gguf", weights=Type.F16, rows=200_000)
    script = (
        "import resource, sys; from pathlib import Path\n"
        "from epitome.models import local, weights; import gguf.quants\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "weights.prepared(local.from_gguf(Path(sys.argv[1])))\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, path], capture_output=True, text=True, check=True, env={**os.environ}
    )
    # The tensor is 51 million numbers: 100 MB as they lie there, 205 MB in 32 bits.
    assert int(ran.stdout) < 60_000


def test_the_default_model_as_q8_0(smollm: Model) -> None:
    head = gguf.read(weights.prepared(smollm))
    assert (head.parameters, head.tensor_types) == (134_515_008, ("Q8_0", "F32"))
    assert head.tokens.bos == "<|im_start|>"
