"""What a PEFT folder does to a GGUF base: beside it as a GGUF adapter, or merged into its weights."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gguf import GGMLQuantizationType as Type
from gguf import GGUFReader
from gguf.quants import dequantize, quantize
from numpy.typing import NDArray
from tests.base.models.adapters import (
    HEADS,
    KV_HEADS,
    SHAPES,
    modules,
    write_adapter,
    write_base,
    write_lora,
    write_safetensors,
)

from epitome.errors import ModelError
from epitome.models import Model, adapter, gguf, lora, safetensors, weights, whole
from epitome.models.local import from_gguf

Matrix = NDArray[np.float32]


@pytest.fixture
def base(home: Path, tmp_path: Path) -> Model:
    return from_gguf(write_base(tmp_path / "tiny.gguf"))


def delta(folder: Path, module: str, scale: float) -> Matrix:
    """What PEFT adds to the weight of a module."""
    held = safetensors.read(folder / "adapter_model.safetensors")
    a, b = (held[f"base_model.model.model.{module}.lora_{half}.weight"] for half in "AB")
    return np.float32(scale) * (b @ a)


def as_llama_cpp_has_it(rows: Matrix, heads: int) -> Matrix:
    """Row i of the first half of a head goes to 2 i, row i of its second half to 2 i + 1."""
    out, size = np.empty_like(rows), len(rows) // heads
    for head in range(heads):
        for i in range(size // 2):
            out[head * size + 2 * i] = rows[head * size + i]
            out[head * size + 2 * i + 1] = rows[head * size + size // 2 + i]
    return out


def expected(folder: Path, module: str, scale: float) -> Matrix:
    """The same in the order of a llama-type GGUF file."""
    added = delta(folder, module, scale)
    heads = {"q_proj": HEADS, "k_proj": KV_HEADS}.get(module.rpartition(".")[2])
    return as_llama_cpp_has_it(added, heads) if heads else added


def tensors(path: Path) -> dict[str, Matrix]:
    return {each.name: dequantize(each.data, each.tensor_type) for each in GGUFReader(path).tensors}


def named(module: str) -> str:
    _, block, layer = module.split(".", 2)
    return f"blk.{block}.{SHAPES[layer][0]}.weight"


def close(found: Matrix, wanted: Matrix) -> bool:
    return bool(np.allclose(found, wanted, rtol=1e-5, atol=1e-6))


# Beside the base


def test_the_gguf_adapter_is_one_that_llama_cpp_reads(base: Model, tmp_path: Path) -> None:
    folder = write_lora(tmp_path / "tuned", modules(), rank=4)
    made = lora.as_gguf(base, adapter.read(folder, base))
    head = gguf.read(made)
    assert (head.kind, head.architecture) == ("adapter", "llama")
    assert head.values["adapter.type"] == "lora"
    held, alpha = tensors(made), head.values["adapter.lora.alpha"]
    assert len(held) == 2 * 2 * 7
    for module in modules():
        a, b = (held[f"{named(module)}.lora_{half}"] for half in "ab")
        assert close(alpha / b.shape[1] * (b @ a), expected(folder, module, 8 / 4)), module


def test_the_rows_of_gemma_keep_their_order(home: Path, tmp_path: Path) -> None:
    gemma = from_gguf(write_base(tmp_path / "gemma.gguf", "gemma3"))
    folder = write_lora(tmp_path / "tuned", modules("self_attn.q_proj", "self_attn.k_proj"))
    changes = adapter.read(folder, gemma).changes
    for module in modules("self_attn.q_proj", "self_attn.k_proj"):
        change = changes[named(module)]
        assert close(change.b @ change.a, delta(folder, module, 2))


@pytest.mark.parametrize(
    ("config", "scale"),
    [
        ({}, 8 / 4),
        ({"use_rslora": True}, 8 / math.sqrt(4)),
        ({"alpha_pattern": {"up_proj": 32}}, 32 / 4),
        ({"alpha_pattern": {"layers.0.mlp.up_proj": 32, "p_proj": 1}}, 32 / 4),
        ({"alpha_pattern": {"layers.1.mlp.up_proj": 32}}, 8 / 4),
    ],
)
def test_the_scale_is_the_one_of_the_configuration(
    base: Model, tmp_path: Path, config: dict[str, Any], scale: float
) -> None:
    folder = write_lora(tmp_path / "tuned", modules("mlp.up_proj", blocks=1), **config)
    change = adapter.read(folder, base).changes["blk.0.ffn_up.weight"]
    assert close(change.b @ change.a, delta(folder, "layers.0.mlp.up_proj", scale))


def test_layers_of_different_rank(base: Model, tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    held = {}
    for module, rank in (("layers.0.mlp.up_proj", 2), ("layers.1.mlp.up_proj", 6)):
        held[f"{module}.lora_A"] = random.normal(size=(rank, 64)).astype(np.float32)
        held[f"{module}.lora_B"] = random.normal(size=(96, rank)).astype(np.float32)
    folder = write_adapter(tmp_path / "tuned", held, r=6, rank_pattern={"layers.0.mlp.up_proj": 2})
    made = lora.as_gguf(base, adapter.read(folder, base))
    alpha, found = gguf.read(made).values["adapter.lora.alpha"], tensors(made)
    for module, rank in (("layers.0.mlp.up_proj", 2), ("layers.1.mlp.up_proj", 6)):
        a, b = (found[f"{named(module)}.lora_{half}"] for half in "ab")
        assert close(alpha / rank * (b @ a), delta(folder, module, 8 / rank))


def test_it_is_made_once_and_again_when_the_adapter_changes(base: Model, tmp_path: Path) -> None:
    folder = write_lora(tmp_path / "tuned", modules())
    first = lora.as_gguf(base, adapter.read(folder, base))
    stamp = first.stat().st_mtime_ns
    assert lora.as_gguf(base, adapter.read(folder, base)) == first
    assert first.stat().st_mtime_ns == stamp
    write_lora(folder, modules(), seed=2)
    assert lora.as_gguf(base, adapter.read(folder, base)) != first


# In the base's weights


@pytest.mark.parametrize("kind", [Type.Q4_1, Type.Q8_0, Type.F16, Type.F32])
def test_merged_weights_are_the_base_and_what_was_added(home: Path, tmp_path: Path, kind: Type) -> None:
    base = from_gguf(write_base(tmp_path / "tiny.gguf", kind=kind))
    folder = write_lora(tmp_path / "tuned", modules(), std=0.5)
    fitted = adapter.read(folder, base)
    before, exact = tensors(tmp_path / "tiny.gguf"), tensors(weights.prepared(base, "f32", fitted))
    served = tensors(weights.prepared(base, "q8_0", fitted))
    assert not np.array_equal(before["blk.0.attn_q.weight"], exact["blk.0.attn_q.weight"])
    for module in modules():
        wanted = before[named(module)] + expected(folder, module, 2)
        assert close(exact[named(module)], wanted), module
        if kind in (Type.Q4_1, Type.Q8_0):  # small tensors of 16 and 32 bits stay as precise as they are
            rounded = dequantize(quantize(exact[named(module)], Type.Q8_0), Type.Q8_0)
            assert np.array_equal(served[named(module)], rounded)
    assert np.array_equal(exact["blk.0.attn_norm.weight"], before["blk.0.attn_norm.weight"])


def test_dora_sets_the_norm_of_each_row(base: Model, tmp_path: Path) -> None:
    folder = write_lora(tmp_path / "tuned", modules("self_attn.q_proj", blocks=1), std=0.5)
    held = safetensors.read(folder / "adapter_model.safetensors")
    plain = {name[len("base_model.model.model.") : -len(".weight")]: each for name, each in held.items()}
    magnitude = np.random.default_rng(4).uniform(1, 9, 64).astype(np.float32)
    plain["layers.0.self_attn.q_proj.lora_magnitude_vector"] = magnitude
    write_adapter(folder, plain, r=4, use_dora=True)
    fitted = adapter.read(folder, base)
    found = tensors(weights.prepared(base, "f32", fitted))["blk.0.attn_q.weight"]
    before = tensors(tmp_path / "tiny.gguf")["blk.0.attn_q.weight"]
    raw = before + expected(folder, "layers.0.self_attn.q_proj", 2)
    norms = np.linalg.norm(raw, axis=1, keepdims=True)
    assert close(found, as_llama_cpp_has_it(magnitude[:, None], HEADS) * raw / norms)
    with pytest.raises(ModelError, match="has to be merged"):
        lora.as_gguf(base, fitted)


def test_ia3_scales_what_comes_out_of_keys_and_what_goes_into_the_last_layer(
    base: Model, tmp_path: Path
) -> None:
    out = np.arange(1, 33, dtype=np.float32)[:, None]
    into = np.linspace(0.5, 2, 96, dtype=np.float32)[None]
    folder = write_adapter(
        tmp_path / "tuned",
        {"layers.0.self_attn.k_proj.ia3_l": out, "layers.1.mlp.down_proj.ia3_l": into},
        peft_type="IA3",
    )
    before = tensors(tmp_path / "tiny.gguf")
    found = tensors(weights.prepared(base, "f32", adapter.read(folder, base)))
    assert close(
        found["blk.0.attn_k.weight"], before["blk.0.attn_k.weight"] * as_llama_cpp_has_it(out, KV_HEADS)
    )
    assert close(found["blk.1.ffn_down.weight"], before["blk.1.ffn_down.weight"] * into)
    assert np.array_equal(found["blk.1.attn_k.weight"], before["blk.1.attn_k.weight"])


def test_adalora_is_a_lora_with_singular_values(base: Model, tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    a, e, b = (random.normal(size=shape).astype(np.float32) for shape in ((3, 64), (3, 1), (96, 3)))
    module = "layers.0.mlp.up_proj"
    folder = write_adapter(
        tmp_path / "tuned",
        {f"{module}.lora_A": a, f"{module}.lora_E": e, f"{module}.lora_B": b},
        peft_type="ADALORA",
        init_r=6,
    )
    change = adapter.read(folder, base).changes["blk.0.ffn_up.weight"]
    # PEFT divides by the rank it began with, however many directions are left.
    assert close(change.b @ change.a, 8 / (6 + 1e-5) * (b @ (a * e)))
    assert change.low_rank


def test_removing_the_model_removes_what_was_made_of_it(base: Model, tmp_path: Path, home: Path) -> None:
    fitted = adapter.read(write_lora(tmp_path / "tuned", modules()), base)
    made = [lora.as_gguf(base, fitted), weights.prepared(base, "q8_0", fitted), weights.prepared(base, "f16")]
    assert base.path
    held = sum(path.stat().st_size for path in made)
    assert weights.discard(base.path) == held
    assert not any(path.exists() for path in made)


# Full weights


def test_full_weights_go_back_into_the_form_of_their_base(base: Model, tmp_path: Path) -> None:
    held = trained(tmp_path / "full")
    found = tensors(weights.prepared(base, "f32", whole.read(tmp_path / "full", base)))
    for module in modules():
        heads = {"q_proj": HEADS, "k_proj": KV_HEADS}.get(module.rpartition(".")[2])
        rows = held[f"{module}.weight"]
        assert np.array_equal(found[named(module)], as_llama_cpp_has_it(rows, heads) if heads else rows)
    assert np.array_equal(found["blk.1.attn_norm.weight"], held["layers.1.input_layernorm.weight"])


def test_the_norms_of_gemma_count_from_one(home: Path, tmp_path: Path) -> None:
    gemma = from_gguf(write_base(tmp_path / "gemma.gguf", "gemma3"))
    held = trained(tmp_path / "full")
    found = tensors(weights.prepared(gemma, "f32", whole.read(tmp_path / "full", gemma)))
    assert np.array_equal(found["blk.0.attn_norm.weight"], held["layers.0.input_layernorm.weight"] + 1)
    assert np.array_equal(found["blk.0.attn_q.weight"], held["layers.0.self_attn.q_proj.weight"])


def test_full_weights_of_another_model(base: Model, tmp_path: Path) -> None:
    trained(tmp_path / "full", blocks=1)
    with pytest.raises(ModelError, match=r"not trained from tiny: blk\.1\.attn_q\.weight is missing"):
        whole.read(tmp_path / "full", base)
    with pytest.raises(ModelError, match="holds no weights"):
        whole.read(tmp_path / "nothing", base)


def trained(folder: Path, blocks: int = 2) -> dict[str, Matrix]:
    """A folder with full weights of the tiny model, as transformers names them."""
    random = np.random.default_rng(9)
    shapes: dict[str, tuple[int, ...]] = {
        f"{name}.weight": shape for name, shape in modules(blocks=blocks).items()
    }
    shapes |= {f"layers.{at}.input_layernorm.weight": (64,) for at in range(blocks)}
    held = {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    folder.mkdir()
    write_safetensors(folder / "model.safetensors", {f"model.{name}": each for name, each in held.items()})
    return held


# What cannot be used


def test_an_adapter_of_another_base(base: Model, tmp_path: Path) -> None:
    wider = write_lora(tmp_path / "wider", {"layers.0.mlp.up_proj": (96, 128)})
    with pytest.raises(ModelError, match=r"another base than tiny.*up_proj is 96 by 128 there and 96 by 64"):
        adapter.read(wider, base)
    deeper = write_lora(tmp_path / "deeper", {"layers.9.mlp.up_proj": (96, 64)})
    with pytest.raises(ModelError, match=r"layers\.9.*missing here"):
        adapter.read(deeper, base)
    for folder in (wider, deeper):
        with pytest.raises(ModelError) as caught:
            adapter.read(folder, base)
        assert "--model" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"peft_type": "PREFIX_TUNING"}, "prefix tuning runs in transformers only"),
        ({"peft_type": "PROMPT_TUNING"}, "prompt tuning runs in transformers only"),
        ({"bias": "lora_only"}, "more than the linear layers: bias=lora_only"),
        ({"modules_to_save": ["lm_head"]}, "modules_to_save"),
        ({"trainable_token_indices": [1]}, "trainable_token_indices"),
        ({"init_lora_weights": "pissa_niter_4"}, "init_lora_weights=pissa"),
        ({"use_dora": True}, "lacks DoRA's magnitudes"),
    ],
)
def test_a_method_that_no_gguf_file_can_say(
    base: Model, tmp_path: Path, config: dict[str, Any], message: str
) -> None:
    folder = write_lora(tmp_path / "tuned", modules(blocks=1), **config)
    with pytest.raises(ModelError, match=message):
        adapter.read(folder, base)


@pytest.mark.parametrize("module", ["embed_tokens", "layers.0.mlp.experts", "vision.layers.0.mlp.up_proj"])
def test_layers_that_are_not_of_the_blocks(base: Model, tmp_path: Path, module: str) -> None:
    with pytest.raises(ModelError, match=f"adapts model.{module}"):
        adapter.read(write_lora(tmp_path / "tuned", {module: (96, 64)}), base)


def test_trained_embeddings(base: Model, tmp_path: Path) -> None:
    folder = write_adapter(tmp_path / "tuned", {"embed_tokens": np.ones((4, 4), np.float32)})
    with pytest.raises(ModelError, match=r"holds base_model\.model\.model\.embed_tokens\.weight"):
        adapter.read(folder, base)


def test_damaged_folders(base: Model, tmp_path: Path) -> None:
    folder = write_lora(tmp_path / "tuned", modules(blocks=1))
    whole = (folder / "adapter_model.safetensors").read_bytes()
    (folder / "adapter_model.safetensors").write_bytes(whole[:-100])
    with pytest.raises(ModelError, match="no whole safetensors file"):
        adapter.read(folder, base)
    (folder / "adapter_model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"has no adapter_model\.safetensors"):
        adapter.read(folder, base)
    for text in ("{", "[]", "\xff"):
        (folder / "adapter_config.json").write_text(text, "latin-1")
        with pytest.raises(ModelError, match=r"adapter_config\.json cannot be read"):
            adapter.read(folder, base)
    half = write_adapter(tmp_path / "half", {"layers.0.mlp.up_proj.lora_A": np.ones((4, 64), np.float32)})
    with pytest.raises(ModelError, match="lacks a half"):
        adapter.read(half, base)
    with pytest.raises(ModelError, match="no PEFT folder"):
        adapter.read(tmp_path / "nowhere", base)


def test_other_architectures_and_models_that_are_no_gguf(home: Path, tmp_path: Path) -> None:
    folder = write_lora(tmp_path / "tuned", modules(blocks=1))
    falcon = from_gguf(write_base(tmp_path / "falcon.gguf", "falcon"))
    with pytest.raises(ModelError, match="is a falcon"):
        adapter.read(folder, falcon)
    with pytest.raises(ModelError, match="no GGUF model"):
        adapter.read(folder, Model("org/model", "safetensors", tmp_path))


def test_a_bottleneck_adapter_is_named(base: Model, tmp_path: Path) -> None:
    (tmp_path / "bottleneck_config.json").write_text(json.dumps({"name": "pfeiffer"}))
    with pytest.raises(ModelError, match="bottleneck adapter runs in transformers only"):
        adapter.read(tmp_path, base)
