"""What a model is, whoever runs it: where its weights lie and how it wants to be spoken to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Format = Literal["gguf", "safetensors", "openai", "extractive", "encoder"]
Progress = Callable[[str, int, int], None]
"""Called with what is being fetched, the bytes done and the bytes in all (0: not known yet)."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model found by `resolve()`, ready for an engine."""

    name: str
    """As a person names it; for `openai`, the name the server knows it by."""
    format: Format
    path: Path | None = None
    """The GGUF file or the Hugging Face folder (of an `encoder` too); None for `openai` and `extractive`."""
    url: str | None = None
    """Base URL of an OpenAI-compatible server, such as `http://127.0.0.1:8000/v1`."""
    template: str = "embedded"
    """`chatml`, `gemma`, `llama3`, `completion`, or `embedded`: the model's own chat template."""
    context: int = 0
    """In tokens; 0: ask the model."""
    languages: tuple[str, ...] = ()
    """ISO 639-1 codes; empty: not known, or any."""
    licence: str = ""
    sha256: str = ""
    """Of the GGUF file, where it is known."""
