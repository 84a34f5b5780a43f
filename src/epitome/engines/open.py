"""Which engine runs a model: named by the user, or chosen by the work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from epitome.engines import adapters as worn
from epitome.engines import calibrate
from epitome.engines.base import Generator
from epitome.engines.machine import require_llamacpp
from epitome.errors import EngineError, UsageError
from epitome.models import gguf
from epitome.models.model import Model

ENGINES = {
    "llamacpp": "epitome.engines.llamacpp:LlamaCpp",
    "openvino": "epitome.engines.openvino:OpenVino",
    "transformers": "epitome.engines.huggingface:Transformers",
    "openai": "epitome.engines.openai:OpenAi",
}
MANY = 10
"""Documents from which OpenVINO pays: it starts 3 to 5 s later than llama.cpp and is four times faster then."""
AT_ONCE = 8
"""Requests in flight to a server, unless the caller says otherwise."""

Note = Callable[[str], None]


def open_engine(
    model: Model,
    *,
    engine: str = "auto",
    adapter: str | None = None,
    adapters: Sequence[str] = (),
    parallel: int = 1,
    work: int = 1,
    context: int = 0,
    on_note: Note | None = None,
) -> Generator:
    """The model, loaded in the engine that suits it.

    Args:
        model: as `resolve()` found it.
        engine: `auto`, or one of `ENGINES`.
        adapter: path of an adapter: a PEFT folder, or a GGUF LoRA for llamacpp. `Decoding.adapter` asks for it by
            this same string.
        adapters: more of them on the same base, chosen per request; llamacpp and transformers hold several.
        parallel: answers that will be wanted at once.
        work: documents to come; decides between a quick start and throughput.
        context: tokens that a prompt and its answer will have together at most; 0: what the model can. llama.cpp
            keeps memory for all of them.
        on_note: gets a line that says what `auto` chose and why, and one before the machine is measured.

    Raises:
        UsageError: no such engine.
        EngineError: the engine cannot run the model, is not installed, or knows no adapters of that kind.
        ModelError: an adapter is of another base, or damaged.
    """
    names = list(dict.fromkeys([*([adapter] if adapter is not None else []), *adapters]))
    if engine == "auto":
        engine, why = choose(model, adapters=names, work=work)
        if on_note is not None:
            on_note(f"engine {engine}: {why}")
    if engine not in ENGINES:
        raise UsageError(f"unknown engine {engine!r}", hint=f"one of auto, {', '.join(ENGINES)}")
    module, _, name = ENGINES[engine].partition(":")
    options = _options(engine, model, parallel, on_note)
    if engine == "llamacpp" and context:
        options["context"] = min(context, model.context or context) * parallel
    if names:
        options["adapters"] = worn.files(engine, model, names, on_note)
    opened: Generator = getattr(import_module(module), name)(model, **options)
    return opened


def choose(model: Model, *, adapters: Sequence[str] = (), work: int = 1) -> tuple[str, str]:
    """The engine for this model, its adapters and amount of work, and why.

    Raises `EngineError` for what writes no text.
    """
    if model.format == "encoder":
        raise EngineError(
            f"{model.name} is an encoder: it writes no text",
            hint="name a model that does, or teach this one (docs/bert.md)",
        )
    if model.format == "extractive":
        raise EngineError(
            f"{model.name} is no language model", hint="extractive baselines run without an engine"
        )
    if model.format == "openai":
        return "openai", f"{model.url} serves it"
    if model.format == "safetensors":
        return "transformers", "it reads safetensors"
    if method := worn.only_in_transformers(adapters):
        return "transformers", f"{method} runs in no other"
    if work < MANY:
        return "llamacpp", "it starts at once"
    if len(adapters) > 1:
        return "llamacpp", "it holds several adapters"
    if any(Path(name).expanduser().is_file() for name in adapters):
        return "llamacpp", "it takes the adapter as it is"
    if find_spec("openvino_genai") is None or find_spec("tokenizers") is None:
        return "llamacpp", 'for many documents OpenVINO is faster: pip install "epitome[fast]"'
    if not _openvino_reads(model):
        return "llamacpp", "OpenVINO reads models of the Llama family only"
    return "openvino", f"{work} documents, and it reads faster once it has started"


def _openvino_reads(model: Model) -> bool:
    from epitome.engines.openvino import ARCHITECTURES
    from epitome.engines.vocabulary import readable

    return (
        model.path is not None
        and gguf.read(model.path).architecture in ARCHITECTURES
        and readable(model.path)
    )


def _options(engine: str, model: Model, parallel: int, on_note: Note | None) -> dict[str, Any]:
    if engine == "openai":
        return {"parallel": parallel if parallel > 1 else AT_ONCE}
    if engine != "llamacpp" or model.format != "gguf":
        return {}
    require_llamacpp()
    chosen = calibrate.known(model) or calibrate.measure(model, on_note)
    return {
        "parallel": parallel,
        "weights": chosen.weights(model),
        "threads": chosen.threads,
        "ubatch": chosen.ubatch,
    }
