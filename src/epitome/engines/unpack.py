"""A model as a folder that transformers and everything beside it reads: safetensors, with its tokenizer.

transformers loads a GGUF file as a "quantised" model that cannot be saved, so its weights are copied into a plain one.
"""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path
from typing import Any, Literal

from epitome.engines import vocabulary
from epitome.engines.huggingface import require
from epitome.engines.networks import load_network
from epitome.errors import ModelError, StoreError
from epitome.models import adapter, cache, gguf, weights
from epitome.models.model import Model

Dtype = Literal["auto", "float32", "float16"]


def unpacked(model: Model) -> Path:
    """The folder made of a GGUF model, in 32 bits, now or earlier: some 7 s and 540 MB for the default model.

    Raises `ModelError` for an architecture or a tokenizer that cannot be said in such a folder, `StoreError` if it
    cannot be written.
    """
    if model.format != "gguf" or model.path is None:
        raise ModelError(f"{model.name} is no GGUF model", hint="only GGUF files are unpacked")
    require()
    target = weights.beside(model.path, model.sha256, ".folder")
    if target.is_dir():
        return target
    with cache.locked(weights.FOLDER):
        if not target.is_dir():  # made by somebody else while we waited
            cache.require_space(gguf.read(model.path).parameters * 4, f"{model.name} unpacked")
            with cache.work_folder(weights.FOLDER) as work, cache.writing(target):
                plain(model.path).save_pretrained(str(work / "made"))
                _save_tokenizer(model, work / "made")
                (work / "made").rename(target)
    return target


def save(model: Model, target: Path, *, worn: Path | None = None, dtype: Dtype = "auto") -> None:
    """Write the model, with the adapter in the folder `worn` merged into it, as a new folder; whole or not at all.

    `auto` keeps the folder's number format; of a GGUF file it is 32 bits. Raises `ModelError` if it cannot be unpacked
    or merged, `StoreError` if the folder cannot be written.
    """
    torch = require()
    if model.path is None or model.format not in ("gguf", "safetensors"):
        raise ModelError(f"{model.name} has no weights here to be written")
    network = plain(model.path) if model.format == "gguf" else load_network(model.path, "auto")
    if worn is not None:
        # What is added is small: in 16 bits it would be rounded twice.
        kept, network = network.dtype, _merged(network.float(), worn, model.name)
        network = network.to(kept)
    if dtype != "auto":
        network = network.to(getattr(torch, dtype))
    made = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(made, ignore_errors=True)
        network.save_pretrained(str(made))
        _save_tokenizer(model, made)
        if target.is_dir():
            target.rmdir()  # an empty one; another stops it
        made.rename(target)
    except OSError as error:
        raise StoreError(
            f"{target} cannot be written: {error.strerror or error}", hint="name another place with -o"
        ) from error
    finally:
        shutil.rmtree(made, ignore_errors=True)


def plain(path: Path) -> Any:
    """The network of a GGUF file in 32 bits, as if it had never been one."""
    import torch

    read = load_network(path, torch.float32)
    config = read.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    plain = type(read)._from_config(config, dtype=torch.float32)
    plain.load_state_dict(read.state_dict())
    return plain


def _merged(network: Any, worn: Path, base: str) -> Any:
    from peft import PeftModel

    method = adapter.method(worn)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PEFT's remarks on tied weights and dtypes concern nobody here
            wearing = (
                PeftModel.from_pretrained(network, str(worn)) if method != "bottleneck adapter" else network
            )
            if not hasattr(wearing, "merge_and_unload"):
                raise ModelError(
                    f"{worn}: {method} changes no weights, so it cannot be merged",
                    hint="--engine transformers",
                )
            return wearing.merge_and_unload()
    except (OSError, ValueError, RuntimeError, KeyError, NotImplementedError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ModelError(
            f"{worn} cannot be merged into {base} ({reason})",
            hint="an adapter fits only the base it was trained on",
        ) from error


def _save_tokenizer(model: Model, folder: Path) -> None:
    """Put the model's tokenizer into the folder."""
    assert model.path is not None
    if model.format == "gguf":
        _of_gguf(model.path).save_pretrained(str(folder))
        return
    from transformers import AutoTokenizer

    try:
        AutoTokenizer.from_pretrained(str(model.path), local_files_only=True).save_pretrained(str(folder))
    except (OSError, ValueError, KeyError, ImportError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ModelError(f"{model.path}: its tokenizer cannot be read ({reason})") from error


def _of_gguf(path: Path) -> Any:
    from transformers import PreTrainedTokenizerFast

    head = gguf.read(path)
    made = vocabulary.for_hub(path)
    named = {"bos_token": head.tokens.bos, "eos_token": head.tokens.eos}
    for ours, theirs in (("padding", "pad_token"), ("unknown", "unk_token")):
        number = head.values.get(f"tokenizer.ggml.{ours}_token_id")
        named[theirs] = made.id_to_token(number) if isinstance(number, int) else ""
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=made,
        clean_up_tokenization_spaces=False,
        **({"model_max_length": head.context} if head.context else {}),
        **{name: text for name, text in named.items() if text},
    )
    tokenizer.chat_template = head.chat_template
    return tokenizer
