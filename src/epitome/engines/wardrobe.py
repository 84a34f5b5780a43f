"""One base with several adapters, whatever the engine: each is opened beside the others when it is first asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from threading import Event, Lock

from epitome.engines.base import Ability, Chunk, GenerationRequest, Generator
from epitome.engines.open import Note, choose, open_engine
from epitome.models.model import Model
from epitome.types import Prompt


class Wardrobe:
    """An engine for each adapter that requests name. The weights of a GGUF base are in memory once for all of them
    where the engine maps its file, as llama.cpp does; OpenVINO holds 150 MB an adapter of SmolLM2-135M.

    Args:
        model, engine, work, context, on_note: as `open_engine` takes them.

    Raises the errors of `open_engine`, for an adapter when it is first asked for.
    """

    def __init__(
        self,
        model: Model,
        *,
        engine: str = "auto",
        work: int = 1,
        context: int = 0,
        on_note: Note | None = None,
    ) -> None:
        if engine == "auto":
            engine, why = choose(model, work=work)
            if on_note is not None:
                on_note(f"engine {engine}: {why}")
        self.name, self.model = engine, model.name
        self._base, self._context, self._note = model, context, on_note
        self._open: dict[str | None, Generator] = {}
        self._opening: defaultdict[str | None, Lock] = defaultdict(Lock)

    def wearing(self, adapter: str | None) -> Generator:
        """The engine with this adapter, opened now if it was not."""
        if adapter in self._open:
            return self._open[adapter]
        with self._opening[adapter]:  # it takes seconds, in which other threads go on with what is open
            if adapter not in self._open:
                self._open[adapter] = open_engine(
                    self._base, engine=self.name, adapter=adapter, context=self._context, on_note=self._note
                )
            return self._open[adapter]

    def _any(self) -> Generator:
        return next(iter(self._open.values()), None) or self.wearing(None)

    @property
    def context(self) -> int:
        return self._any().context

    @property
    def abilities(self) -> frozenset[Ability]:
        return self._any().abilities

    def encode(self, text: str) -> list[int]:
        return self._any().encode(text)

    def count(self, prompt: Prompt) -> int:
        return self._any().count(prompt)

    def generate(self, requests: Sequence[GenerationRequest], cancel: Event | None = None) -> Iterator[Chunk]:
        """As any `Generator`, those of one adapter after those of another."""
        places: dict[str | None, list[int]] = {}
        for place, request in enumerate(requests):
            places.setdefault(request.decoding.adapter, []).append(place)
        for adapter, held in places.items():
            for chunk in self.wearing(adapter).generate([requests[place] for place in held], cancel):
                yield replace(chunk, index=held[chunk.index])

    def close(self) -> None:
        """Free all of them."""
        while self._open:
            self._open.popitem()[1].close()

    def __enter__(self) -> Wardrobe:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
