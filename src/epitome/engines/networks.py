"""Networks of transformers, or ours in their form: loading one, and what its configuration tells of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, redirect_stderr, suppress
from functools import cache
from importlib import import_module
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from epitome.errors import ModelError
from epitome.models import gguf
from epitome.models.shape import WRITER

OWN = {
    WRITER: "epitome.engines.masked:BertWriter",
    "PooledEncoderDecoder": "epitome.engines.pooled:PooledEncoderDecoder",
}
"""Networks that are not of transformers, by what their configuration calls them."""
READ_SLOWLY = {"llama", "gemma3"}
"""Architectures of GGUF files that it pays to lighten, of those that were tried."""


def load_network(path: Path, dtype: Any) -> Any:
    """The network of a folder or GGUF file. Raises `ModelError` if transformers cannot load it."""
    from transformers import AutoConfig

    opened: AbstractContextManager[tuple[Path, dict[str, str]]]
    opened = _light(path) if path.is_file() else nullcontext((path, {}))
    try:
        with opened as (folder, named):
            config = AutoConfig.from_pretrained(str(folder), local_files_only=True, **named)
            return network_class(config).from_pretrained(
                str(folder), config=config, local_files_only=True, dtype=dtype, **named
            )
    except (OSError, ValueError, KeyError, ImportError, RuntimeError, NotImplementedError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ModelError(f"{path}: transformers cannot load it ({reason})") from error


@contextmanager
def _light(path: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """Where a GGUF file lies in a form that transformers reads fast: the default model in 1.7 s and not in 12.

    Its reader goes through the whole vocabulary twice, a word at a time, to know how long it is, and makes the same
    table of names anew for each of the network's modules. (That of the newest architectures does neither.)
    """
    import gguf as package

    named = package.get_tensor_name_map
    package.get_tensor_name_map = cache(named)
    # Reading a GGUF file shows a progress bar of its own, whatever one asks.
    with TemporaryDirectory() as folder, redirect_stderr(StringIO()):
        chosen, light = path, Path(folder) / path.name
        try:
            if gguf.read(path).architecture in READ_SLOWLY:
                with suppress(OSError):  # no room for a copy: slowly, then
                    gguf.without_vocabulary(path, light)
                    chosen = light
            yield chosen.parent, {"gguf_file": chosen.name}
        finally:
            package.get_tensor_name_map = named


def network_class(config: Any) -> Any:
    """The class whose `from_pretrained` loads it."""
    named = (config.architectures or [""])[0]
    if named in OWN:
        module, _, name = OWN[named].partition(":")
        return getattr(import_module(module), name)
    from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

    return AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM


def reads_plain(config: Any) -> bool:
    """Whether the network reads a text as it is, without a chat's template around it."""
    return bool(config.is_encoder_decoder) or WRITER in (config.architectures or ())


def positions(config: Any) -> int:
    """Tokens that it reads at once."""
    config = config.encoder if config.model_type == "encoder-decoder" else config
    for name in ("max_position_embeddings", "n_positions", "max_encoder_position_embeddings"):
        if isinstance(length := getattr(config, name, None), int) and length > 0:
            return length
    return 4096  # relative positions without a limit, such as newer T5: what memory bears
