"""Epitome: abstractive summaries that stay on your machine and show their sources.

>>> import epitome
>>> summary = epitome.summarize("Long text …", style="sentence")
>>> print(summary, summary.sentences[0].sources)

>>> with epitome.Summarizer("qwen3-0.6b") as summarizer:
...     for summary in summarizer.batch(texts, words=epitome.Length(40, 60)):
...         print(summary)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from epitome.errors import EpitomeError
from epitome.types import Document, Length, Request, Sentence, Summary

if TYPE_CHECKING:
    from epitome.documents import read
    from epitome.summarize.summarizer import Summarizer

__version__ = "0.1.0"
__all__ = [
    "Document",
    "EpitomeError",
    "Length",
    "Request",
    "Sentence",
    "Summarizer",
    "Summary",
    "read",
    "summarize",
]

_LAZY = {"Summarizer": "epitome.summarize.summarizer", "read": "epitome.documents"}

# The package of this name is loaded first, so that loading it later cannot put it in the function's place.
import_module("epitome.summarize")


def summarize(text: str | Document, *, model: str = "default", **fields: Any) -> Summary:
    """Summarise one text or document.

    `fields` are those of `Request`: style, words, sentences, focus, mention, … To summarise many, open a
    `Summarizer` once. Raises `EpitomeError`.
    """
    from epitome.summarize.summarizer import Summarizer

    with Summarizer(model) as summarizer:
        return summarizer(text, **fields)


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'epitome' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
