"""llama.cpp's bindings as their own introduction shows them: the file as it is, one prompt after the other."""

from __future__ import annotations

from typing import Any

import xllamacpp


class PlainLlamaCpp:
    """A GGUF file in `xllamacpp.Server`; greedy, to the end token or `new_tokens`. `threads` 0 is its default."""

    def __init__(self, file: str, new_tokens: int, threads: int = 0) -> None:
        params = xllamacpp.CommonParams()
        params.model.path = file
        params.verbosity = -1
        if threads:
            params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
        self._server = xllamacpp.Server(params)
        self._new_tokens = new_tokens
        self.note = f"{threads or 'default'} threads"

    def answer(self, job: dict[str, Any]) -> dict[str, Any]:
        found = [self._one(prompt) for prompt in job["prompts"]]
        return {
            "texts": [one["choices"][0]["text"] for one in found],
            "prompt_tokens": sum(one["usage"]["prompt_tokens"] for one in found),
            "generated_tokens": sum(one["usage"]["completion_tokens"] for one in found),
        }

    def _one(self, prompt: str) -> dict[str, Any]:
        found = self._server.handle_completions(
            {"prompt": prompt, "max_tokens": self._new_tokens, "temperature": 0.0}
        )
        if "error" in found:
            raise RuntimeError(f"llama.cpp: {found['error']}")
        return dict(found)
