"""A BERT-type network with a token head as an ONNX graph in 8 bits, for `epitome.engines.tagger`.

    python recipes/graph.py FOLDER TARGET      # FOLDER: what `epitome train --base minilm` wrote

Written node by node, so that neither torch nor an exporter is needed: `pip install onnx onnxruntime`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from epitome.models import safetensors

OPSET, IR = 20, 9
"""The first set with Gelu, and a version of the format that onnxruntime has read since 2023."""
KEPT = ("vocab.txt", "tokenizer_config.json", "config.toml", "epitome.json")
Floats = NDArray[np.float32]


class Graph:
    """Nodes and weights as they come."""

    def __init__(self, folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text("utf-8"))
        self.heads, self.layers = config["num_attention_heads"], config["num_hidden_layers"]
        self.width, self.epsilon = config["hidden_size"], config.get("layer_norm_eps", 1e-12)
        self.weights = {
            name.removeprefix("bert."): np.array(weight, np.float32)
            for name, weight in safetensors.read(folder / "model.safetensors").items()
        }
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, name: str, value: NDArray[Any]) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def put(self, kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def linear(self, x: str, path: str, scale: float = 1.0) -> str:
        weight = self.constant(f"{path}.weight", self.weights[f"{path}.weight"].T * np.float32(scale))
        bias = self.constant(f"{path}.bias", self.weights[f"{path}.bias"] * np.float32(scale))
        return self.put("Add", self.put("MatMul", x, weight), bias)

    def norm(self, x: str, path: str) -> str:
        weight = self.constant(f"{path}.weight", self.weights[f"{path}.weight"])
        bias = self.constant(f"{path}.bias", self.weights[f"{path}.bias"])
        return self.put("LayerNormalization", x, weight, bias, axis=-1, epsilon=self.epsilon)

    def embedded(self) -> str:
        words = self.constant("words", self.weights["embeddings.word_embeddings.weight"])
        places = self.weights["embeddings.position_embeddings.weight"]
        kind = self.weights["embeddings.token_type_embeddings.weight"][0]
        x = self.put("Gather", words, "ids")
        return self.norm(
            self.put("Add", x, self.put("Gather", self.constant("positions", places + kind), "places")),
            "embeddings.LayerNorm",
        )

    def layer(self, x: str, path: str, apart: str, together: str) -> str:
        each = self.width // self.heads

        def headed(name: str, order: list[int], scale: float = 1.0) -> str:
            y = self.linear(x, f"{path}.attention.self.{name}", scale)
            return self.put("Transpose", self.put("Reshape", y, apart), perm=order)

        query = headed("query", [0, 2, 1, 3], each**-0.5)
        scores = self.put("MatMul", query, headed("key", [0, 2, 3, 1]))
        shares = self.put("Softmax", self.put("Add", scores, "mask"), axis=-1)
        mixed = self.put("MatMul", shares, headed("value", [0, 2, 1, 3]))
        mixed = self.put("Reshape", self.put("Transpose", mixed, perm=[0, 2, 1, 3]), together)
        mixed = self.linear(mixed, f"{path}.attention.output.dense")
        x = self.norm(self.put("Add", mixed, x), f"{path}.attention.output.LayerNorm")
        wide = self.put("Gelu", self.linear(x, f"{path}.intermediate.dense"))
        return self.norm(
            self.put("Add", self.linear(wide, f"{path}.output.dense"), x), f"{path}.output.LayerNorm"
        )

    def model(self) -> Any:
        apart = self.constant("apart", np.array([0, 0, self.heads, self.width // self.heads], np.int64))
        together = self.constant("together", np.array([0, 0, self.width], np.int64))
        x = self.embedded()
        for at in range(self.layers):
            x = self.layer(x, f"encoder.layer.{at}", apart, together)
        self.nodes.append(helper.make_node("Identity", [self.linear(x, "classifier")], ["scores"]))
        inputs = [
            helper.make_tensor_value_info("ids", TensorProto.INT64, ["rows", "tokens"]),
            helper.make_tensor_value_info("places", TensorProto.INT64, ["tokens"]),
            helper.make_tensor_value_info("mask", TensorProto.FLOAT, ["rows", 1, 1, "tokens"]),
        ]
        scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["rows", "tokens", 1])
        graph = helper.make_graph(self.nodes, "tagger", inputs, [scores], self.constants)
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)
        onnx.checker.check_model(made)
        return made


def written(folder: Path, target: Path) -> None:
    """The graph of a trained folder in 8 bits, with its vocabulary and what says how it was made."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        whole = Path(work) / "model.onnx"
        onnx.save(Graph(folder).model(), str(whole))
        quantize_dynamic(
            str(whole), str(target / "model.onnx"), weight_type=QuantType.QInt8, per_channel=True,
            op_types_to_quantize=["MatMul", "Gather"],
        )  # fmt: skip
    for name in KEPT:
        if (folder / name).is_file():
            shutil.copy2(folder / name, target / name)
    print(f"{target}: {sum(path.stat().st_size for path in target.iterdir()) / 1e6:.1f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("target", type=Path)
    asked = parser.parse_args()
    written(asked.folder, asked.target)
