"""What can be evaluated: models with and without adapters, baselines, the oracle, titles, files of outputs."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from epitome.datasets.pair import Dataset, Pair
from epitome.documents import from_text
from epitome.errors import EpitomeError, UsageError
from epitome.evaluate.oracle import oracle
from epitome.evaluate.outputs import is_outputs, read_outputs
from epitome.evaluate.result import Output
from epitome.models.folder import AUTO, worn
from epitome.models.model import Progress
from epitome.models.resolve import find
from epitome.store.generations import Generations
from epitome.summarize.budget import budget
from epitome.summarize.extractive import METHODS
from epitome.summarize.prompts import VERSION
from epitome.summarize.shots import SHOTS
from epitome.summarize.summarizer import Summarizer
from epitome.types import Document, Request, Summary

OnRow = Callable[[int], None]
"""Told how many documents are finished."""


class System(Protocol):
    """Something that turns documents into summaries."""

    name: str
    kind: str
    """`model`, `baseline`, `oracle`, `title` or `file`."""
    identity: str
    """What its texts depend on: weights, adapter and engine, or the hash of the file."""
    prompt: str
    seconds: float
    """Spent so far on what was not in the cache."""

    def outputs(
        self,
        pairs: Sequence[Pair],
        request: Request,
        *,
        cache: Generations | None = None,
        on_row: OnRow | None = None,
    ) -> list[Output]:
        """One output a pair, in order; what fails has its error instead of a text."""

    def close(self) -> None:
        """Free the model."""


def named(spec: str) -> tuple[str, str]:
    """Name and specification of `NAME=SPEC` or `SPEC`; without a name the file's or the model's own.

    >>> named("tuned=default+runs/adapter"), named("runs/outputs.jsonl")
    (('tuned', 'default+runs/adapter'), ('outputs', 'runs/outputs.jsonl'))
    """
    name, equals, rest = spec.partition("=")
    if equals and name and rest and not any(mark in name for mark in "/\\:"):
        return name, rest
    path = Path(spec)
    return (path.stem if is_outputs(path) else path.name if path.is_dir() else spec), spec


def open_system(
    spec: str,
    *,
    engine: str = "auto",
    work: int = 1,
    on_note: Callable[[str], None] | None = None,
    on_download: Progress | None = None,
    examples: Dataset | None = None,
    shots: int = SHOTS,
) -> System:
    """The system that `spec` names.

    `lead`, `textrank`, `lexrank`; `title` (the document's own); `oracle` (the best sentences, chosen by the gold
    summaries); a file of outputs; or whatever `summarize --model` takes, `MODEL+ADAPTER` with an adapter. `NAME=SPEC`
    gives it a name. `examples` stand before the documents of what writes, `shots` of them. Raises `UsageError`,
    `ModelError` or `EngineError`.
    """
    name, what = named(spec)
    if what == "title":
        return _Given(name, "title", "title", _titles)
    if what == "oracle":
        return _Given(name, "oracle", "oracle:rouge1", _best)
    if is_outputs(path := Path(what)):
        return _Given(name, "file", f"sha256:{_content(path)}", _from_file(path))
    model, adapter = _worn(what)
    return _Model(
        name,
        Summarizer(
            model,
            adapter=adapter,
            engine=engine,
            work=work,
            on_note=on_note,
            on_download=on_download,
            examples=None if model in METHODS else examples,
            shots=shots,
        ),
    )


def require(spec: str, pairs: Sequence[Pair]) -> None:
    """Find out early, without opening or fetching anything, whether `spec` names something that fits the data.

    Raises what `open_system` or reading the outputs would raise an hour later.
    """
    _, what = named(spec)
    if what in ("title", "oracle"):
        return
    if is_outputs(Path(what)):
        read_outputs(Path(what), pairs)
        return
    find(worn(*_worn(what)).base)


def _worn(what: str) -> tuple[str, str]:
    """Model and adapter of `MODEL+ADAPTER`."""
    model, plus, adapter = what.partition("+")
    return (model, adapter) if plus and model and adapter and not Path(what).exists() else (what, AUTO)


class _Model:
    def __init__(self, name: str, summarizer: Summarizer) -> None:
        self.name = name
        self._summarizer = summarizer
        copies = summarizer.model.name in METHODS
        self.kind = "baseline" if copies else "model"
        self.identity = summarizer.model.name if copies else _identity(summarizer)
        self.prompt = "" if copies else f"summarize/{VERSION}"
        self.seconds = 0.0

    def outputs(
        self,
        pairs: Sequence[Pair],
        request: Request,
        *,
        cache: Generations | None = None,
        on_row: OnRow | None = None,
    ) -> list[Output]:
        found: dict[int, Output] = {}
        keys = [_key(self.identity, request, pair) for pair in pairs]
        for at, key in enumerate(keys):
            if cache is not None and self.kind == "model" and (record := cache.get(key)) is not None:
                found[at] = Output(pairs[at].id, record["text"], cached=True)
        open_ones = [at for at in range(len(pairs)) if at not in found]
        started = time.perf_counter()
        if on_row is not None:
            on_row(len(found))
        documents = (_document(pairs[at]) for at in open_ones)
        for number, result in self._summarizer.as_finished(documents, request):
            at = open_ones[number]
            found[at] = _output(pairs[at], result)
            if cache is not None and self.kind == "model" and not found[at].error:
                cache.put(keys[at], {"text": found[at].text})
            if on_row is not None:
                on_row(len(found))
        self.seconds += time.perf_counter() - started if open_ones else 0.0
        return [found[at] for at in range(len(pairs))]

    def close(self) -> None:
        self._summarizer.close()


@dataclass
class _Given:
    """A system whose texts need no model: titles, the oracle, a file."""

    name: str
    kind: str
    identity: str
    write: Callable[[Sequence[Pair], Request], Iterable[Output]]
    prompt: str = ""
    seconds: float = 0.0

    def outputs(
        self,
        pairs: Sequence[Pair],
        request: Request,
        *,
        cache: Generations | None = None,
        on_row: OnRow | None = None,
    ) -> list[Output]:
        started = time.perf_counter()
        found = []
        for output in self.write(pairs, request):
            found.append(output)
            if on_row is not None:
                on_row(len(found))
        self.seconds += time.perf_counter() - started
        return found

    def close(self) -> None:
        pass


def _titles(pairs: Sequence[Pair], request: Request) -> Iterator[Output]:
    return (Output(pair.id, pair.title, "" if pair.title else "it has no title") for pair in pairs)


def _best(pairs: Sequence[Pair], request: Request) -> Iterator[Output]:
    """The oracle's sentences."""
    for pair in pairs:
        document = _document(pair)
        bounds = budget(document, request)
        spans = oracle(document, pair.summaries, bounds.sentences.most or bounds.aim)
        yield Output(pair.id, " ".join(document.text[start:end] for start, end in spans))


def _from_file(path: Path) -> Callable[[Sequence[Pair], Request], Iterator[Output]]:
    def outputs(pairs: Sequence[Pair], request: Request) -> Iterator[Output]:
        for pair, text in zip(pairs, read_outputs(path, pairs), strict=True):
            said = (text or "").strip()
            yield Output(pair.id, said, "" if said else "the file has no text for it")

    return outputs


def _document(pair: Pair) -> Document:
    # Without the title: it is a baseline of its own, and a table's column has none either.
    return from_text(pair.document, source=pair.id, language=pair.lang)


def _output(pair: Pair, result: Summary | EpitomeError) -> Output:
    if isinstance(result, UsageError):
        raise result
    if isinstance(result, EpitomeError):
        return Output(pair.id, "", str(result))
    return Output(pair.id, result.text)


def _key(identity: str, request: Request, pair: Pair) -> str:
    held = [identity, _code(), asdict(request), pair.lang, pair.document]
    return hashlib.sha256(json.dumps(held).encode()).hexdigest()


@lru_cache(maxsize=1)
def _code() -> str:
    """A hash of the code that a text depends on, so that a changed prompt or rule never meets an old text."""
    root = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for name in ("documents", "engines", "summarize", "trust"):
        for path in sorted((root / name).rglob("*")):
            if path.suffix in (".py", ".toml", ".json"):
                digest.update(path.read_bytes())
    return digest.hexdigest()


def _identity(summarizer: Summarizer) -> str:
    """Like the summarizer's own, with what lies in folders by its content: weights there may be trained anew."""
    model = summarizer.model
    weights = model.sha256 or (_content(model.path) if model.path else model.url)
    worn = [summarizer.adapter] if summarizer.adapter else [one.adapter or "" for one in summarizer.closet]
    content = "+".join(_content(Path(one)) if Path(one).exists() else one for one in worn)
    auto = "auto:" if summarizer.closet else ""
    return (
        f"{model.name}:{weights}:adapter={auto}{content or 'none'}:{summarizer.engine}{summarizer.shown_by}"
    )


def _content(path: Path) -> str:
    """SHA-256 of a file, or of all model files in a folder."""
    digest = hashlib.sha256()
    files = [path] if path.is_file() else sorted(one for one in path.iterdir() if one.is_file())
    for one in files:
        digest.update(one.name.encode() + b"\0")
        with one.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
