"""Epitome under measurement: the product as a user calls it, and its engine alone, which no stop text ends early."""

from __future__ import annotations

from typing import Any

from epitome.engines.base import Decoding, GenerationRequest, answers
from epitome.engines.open import open_engine
from epitome.errors import EpitomeError
from epitome.models.resolve import resolve
from epitome.summarize.prompts import Asked, Text, prompt
from epitome.summarize.summarizer import Summarizer
from epitome.types import Summary


class Product:
    """`Summarizer`, default checks on."""

    def __init__(self, model: str, engine: str, work: int) -> None:
        notes: list[str] = []
        self._summarizer = Summarizer(model, engine=engine, work=work, on_note=notes.append)
        self.note = " ".join(notes) or engine

    def answer(self, job: dict[str, Any]) -> dict[str, Any]:
        done = [_sound(result) for result in self._summarizer.batch(job["documents"], style="sentence")]
        return {
            "texts": [summary.text for summary in done],
            "prompt_tokens": sum(summary.prompt_tokens for summary in done),
            "generated_tokens": sum(summary.generated_tokens for summary in done),
        }


def _sound(result: Summary | EpitomeError) -> Summary:
    if isinstance(result, EpitomeError):
        raise result
    return result


class Engine:
    """The engine that `Summarizer` opens, asked as a peer is: one prompt a document, to the end of the answer."""

    def __init__(self, model: str, engine: str, work: int, new_tokens: int) -> None:
        notes: list[str] = []
        self._engine = open_engine(
            resolve(model), engine=engine, adapter=None, work=work, on_note=notes.append
        )
        self._decoding = Decoding(max_tokens=new_tokens)
        self.note = " ".join(notes) or engine

    def answer(self, job: dict[str, Any]) -> dict[str, Any]:
        requests = [
            GenerationRequest(prompt(Text(document), Asked(), "en"), self._decoding)
            for document in job["documents"]
        ]
        found = answers(self._engine, requests)
        return {
            "texts": [answer.text for answer in found],
            "prompt_tokens": sum(answer.prompt_tokens for answer in found),
            "generated_tokens": sum(answer.generated_tokens for answer in found),
        }
