"""Models that lie on this machine as a GGUF file or a Hugging Face folder, whoever put them there."""

from __future__ import annotations

import json
from pathlib import Path

from epitome.errors import ModelError
from epitome.models import gguf
from epitome.models.model import Model


def from_gguf(path: Path, name: str = "") -> Model:
    """A GGUF file as a model. Raises `ModelError` if it is none, damaged, or an adapter."""
    head = gguf.read(path)
    if head.kind == "adapter":
        raise ModelError(
            f"{path} is an adapter, not a model", hint="name it with --adapter, and its base with --model"
        )
    return Model(
        name=name or path.stem,
        format="gguf",
        path=path,
        template="embedded" if head.chat_template else "completion",
        context=head.context,
        languages=head.languages,
        licence=head.licence,
    )


def from_folder(path: Path, name: str = "") -> Model:
    """A Hugging Face folder as a model. Raises `ModelError` if it holds none."""
    if not (path / "config.json").is_file():
        if (path / "adapter_config.json").is_file():
            raise ModelError(
                f"{path} is an adapter, not a model", hint="name it with --adapter, and its base with --model"
            )
        files = sorted(path.glob("*.gguf"))
        if len(files) == 1:
            return from_gguf(files[0], name)
        found = f"it holds {len(files)} GGUF files: name one of them" if files else "it has no config.json"
        if (path / "run.json").is_file():
            found = "its training has not come to its end: give the same command again"
        raise ModelError(f"{path} is no model folder", hint=found)
    if not any(path.glob("*.safetensors")):
        raise ModelError(
            f"{path} has no safetensors weights", hint="only safetensors are read: they cannot run code"
        )
    return Model(
        name=name or path.resolve().name,
        format="encoder" if _is_encoder(path / "config.json") else "safetensors",
        path=path,
        template="embedded" if _has_chat_template(path) else "completion",
        context=_context(path / "config.json"),
    )


def _is_encoder(config: Path) -> bool:
    """Whether it is an encoder alone, one that fills masks, or one that scores tokens; none of them writes."""
    try:
        named = json.loads(config.read_text(encoding="utf-8")).get("architectures") or []
    except (OSError, ValueError, AttributeError):
        return False  # said better where the rest of it is read
    ends = ("ForTokenClassification", "ForMaskedLM", "BertForPreTraining")
    return any(str(one).endswith(ends) or one == "BertModel" for one in named)


def _context(config: Path) -> int:
    try:
        data = json.loads(config.read_text(encoding="utf-8"))
        # Models that see and read keep the reader's settings one level down, and so does what was put together of
        # an encoder and a decoder; encoder-decoders of the BART family count positions under this name too, T5 has
        # none.
        inner = "encoder" if data.get("model_type") == "encoder-decoder" else "text_config"
        held = data.get(inner, data)
        return int(held.get("max_position_embeddings") or 0)
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise ModelError(f"{config} cannot be read", hint="fetch or export the model again") from error


def _has_chat_template(path: Path) -> bool:
    if (path / "chat_template.jinja").is_file() or (path / "chat_template.json").is_file():
        return True
    tokenizer = path / "tokenizer_config.json"
    return tokenizer.is_file() and '"chat_template"' in tokenizer.read_text(
        encoding="utf-8", errors="replace"
    )
