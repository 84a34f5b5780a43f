"""Which engine runs a model: as named, or chosen by the work."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from epitome.engines.base import Generator
from epitome.errors import EngineError, UsageError
from epitome.models.model import Model

ENGINES = {
    "llamacpp": "epitome.engines.llamacpp:LlamaCpp",
    "openvino": "epitome.engines.openvino:OpenVino",
    "transformers": "epitome.engines.huggingface:Transformers",
    "openai": "epitome.engines.openai:OpenAi",
}
MANY = 10
"""Documents from which OpenVINO's slower start (5 s against 0.5) pays: it reads 4 times as fast as llama.cpp."""


def open_engine(
    model: Model,
    *,
    engine: str = "auto",
    adapter: str | None = None,
    work: int = 1,
    on_note: Callable[[str], None] | None = None,
) -> Generator:
    """Load `model` in the engine named, or in the one that suits `work` documents.

    `adapter` is a LoRA's path; requests name it by the same string. Raises `UsageError` for an unknown engine,
    and `EngineError` or `ModelError` where the model cannot be loaded.
    """
    if engine == "auto":
        engine, why = choose(model, adapter=adapter, work=work)
        if on_note is not None:
            on_note(f"engine {engine}: {why}")
    if engine not in ENGINES:
        raise UsageError(f"unknown engine {engine!r}", hint=f"one of auto, {', '.join(ENGINES)}")
    module, _, name = ENGINES[engine].partition(":")
    options: dict[str, Any] = {}
    if adapter is not None:
        options["adapters"] = {adapter: _existing(adapter)}
    if engine == "llamacpp":
        options |= _llamacpp(model)
    opened: Generator = getattr(import_module(module), name)(model, **options)
    return opened


def choose(model: Model, *, adapter: str | None = None, work: int = 1) -> tuple[str, str]:
    """The engine for a model and this many documents, and why."""
    if model.format == "openai":
        return "openai", f"{model.url} serves it"
    if model.format == "safetensors":
        return "transformers", "it reads safetensors"
    if work < MANY:
        return "llamacpp", "it starts at once"
    if adapter is not None:
        return "llamacpp", "it takes the adapter as it is"
    if find_spec("openvino_genai") is None:
        return "llamacpp", 'for many documents OpenVINO is faster: pip install "epitome[fast]"'
    if not _llama_family(model):
        return "llamacpp", "OpenVINO reads models of the Llama family only"
    return "openvino", f"{work} documents, and it reads faster once it has started"


def _llama_family(model: Model) -> bool:
    from epitome.models import gguf

    return model.path is not None and gguf.read(model.path).architecture == "llama"


def _llamacpp(model: Model) -> dict[str, Any]:
    from epitome.models.weights import prepared

    return {"weights": prepared(model, "q8_0")}


def _existing(adapter: str) -> Path:
    path = Path(adapter).expanduser()
    if not path.exists():
        raise EngineError(f"{adapter}: there is no such adapter", hint="name a GGUF file or a PEFT folder")
    return path
