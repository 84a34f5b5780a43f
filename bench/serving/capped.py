"""`epitome serve` with the real model, no answer longer than 4 tokens: what takes time is left out, all else is there.

python -m serving.capped --port 0 --data FOLDER     # what `epitome serve` takes
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from threading import Event

from epitome.cli.main import main
from epitome.engines.base import Chunk, GenerationRequest
from epitome.engines.llamacpp import LlamaCpp
from epitome.engines.open import ENGINES

MOST = 4
"""Tokens of an answer."""


class Capped(LlamaCpp):
    """llama.cpp, brief."""

    def generate(self, requests: Sequence[GenerationRequest], cancel: Event | None = None) -> Iterator[Chunk]:
        """The beginnings of the answers, each made a sentence, so that no other is tried in its place."""
        brief = [
            replace(
                request, decoding=replace(request.decoding, max_tokens=min(MOST, request.decoding.max_tokens))
            )
            for request in requests
        ]
        for chunk in super().generate(brief, cancel):
            yield chunk if chunk.finish is None else replace(chunk, text=f"{chunk.text}.", finish="stop")


if __name__ == "__main__":
    ENGINES["llamacpp"] = "serving.capped:Capped"
    sys.argv = ["epitome", "serve", "--engine", "llamacpp", *sys.argv[1:]]
    main()
