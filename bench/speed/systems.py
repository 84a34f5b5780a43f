"""What is measured: the documents, the systems, and what each of them took."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from epitome.models import gguf
from epitome.models.model import Model
from epitome.models.template import render
from epitome.summarize.prompts import Asked, Text, prompt
from harness.process import PEERS, Answers, Usage, Worker, run
from harness.report import Report

NEW_TOKENS = 64
WARM_UP = (
    "The council of Brekk voted on Tuesday to rebuild the old mill as a library. The work will take two years and "
    "cost 4 million crowns, half of which the county has promised to pay."
)
"""What each system reads once before it is measured; none of the documents, so that none of them is cached."""

OURS, OURS_LLAMACPP = "epitome, engine auto", "epitome, engine llamacpp"
ALONE = "epitome's engine alone (auto), no early stop"
FLOAT32 = "transformers float32, one at a time"
BFLOAT16 = "transformers bfloat16, sorted batches"
BINDINGS = "llama.cpp bindings, one at a time"


@dataclass(frozen=True, slots=True)
class System:
    """What a worker is to load."""

    name: str
    kind: str
    options: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """A document, the prompt that peers get for it, and its gold summaries."""

    document: str
    prompt: str
    golds: list[str]


@dataclass(slots=True)
class Measured:
    """What one system did, round by round."""

    answers: dict[int, Answers] = field(default_factory=dict)
    usage: Usage | None = None

    @property
    def texts(self) -> list[str]:
        return [text for at in sorted(self.answers) for text in self.answers[at].texts]

    @property
    def seconds(self) -> float:
        return sum(one.seconds for one in self.answers.values())

    def ratios(self, ours: Measured) -> list[float]:
        """How many times longer than ours it took, in each round that both finished."""
        both = sorted(self.answers.keys() & ours.answers.keys())
        return [self.answers[at].seconds / ours.answers[at].seconds for at in both]

    def ratio(self, ours: Measured) -> float:
        """The same over all those rounds together."""
        both = self.answers.keys() & ours.answers.keys()
        mine, theirs = (sum(one.answers[at].seconds for at in both) for one in (self, ours))
        return mine / theirs


@dataclass(frozen=True, slots=True)
class Bench:
    """What all parts share."""

    asked: argparse.Namespace
    model: Model
    report: Report
    rows: list[Row]

    def log(self, name: str) -> Path:
        """Where a process leaves what it says."""
        work: Path = self.asked.work
        return work / f"{''.join(letter if letter.isalnum() else '-' for letter in name)}.log"

    def folder(self, dtype: str) -> Path:
        """The model's weights as transformers loads them: made once, by `peers/unpack.py`."""
        assert self.model.path is not None
        size = self.model.path.stat().st_size
        work: Path = self.asked.work
        target = work / f"{self.model.path.stem}-{size}-{dtype}"
        if not target.is_dir():
            print(f"unpacking the weights as {dtype} …", flush=True)
            run(
                [sys.executable, str(PEERS / "unpack.py"), str(self.model.path), str(target), dtype],
                self.log("unpack"),
            )
        return target

    def system(self, name: str, **options: Any) -> System:
        """A system as it is measured, by its name in the report."""
        ours = {"model": self.asked.model, "engine": "auto", "work": self.asked.documents}
        if name == OURS:
            return System(name, "epitome", ours)
        if name == OURS_LLAMACPP:
            return System(name, "epitome", ours | {"engine": "llamacpp"})
        if name == ALONE:
            return System(name, "engine", ours | {"new_tokens": NEW_TOKENS})
        if name == BINDINGS:
            return System(
                name, "llamacpp", {"file": str(self.model.path), "new_tokens": NEW_TOKENS} | options
            )
        dtype = "float32" if name == FLOAT32 else "bfloat16"
        peer = {"folder": str(self.folder(dtype)), "dtype": dtype, "new_tokens": NEW_TOKENS}
        return System(name, "transformers", peer | options)

    def open(self, system: System) -> Worker:
        """The system, loaded and warm."""
        worker = Worker(system.kind, system.options, self.log(system.name))
        try:
            worker.ask([WARM_UP], [rendered(self.model, WARM_UP)])
        except BaseException:
            worker.close()
            raise
        return worker


def rotated(items: Sequence[str], at: int) -> list[str]:
    """The items in an order that begins with another one each time."""
    start = at % max(1, len(items))
    return [*items[start:], *items[:start]]


def portions(rows: list[Row], count: int) -> Iterator[list[Row]]:
    """The rows in `count` portions of one size, the last perhaps smaller."""
    size = -(-len(rows) // count)
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def ask(worker: Worker, rows: Sequence[Row]) -> Answers:
    """All answers to these documents."""
    return worker.ask([row.document for row in rows], [row.prompt for row in rows])


def rendered(model: Model, document: str) -> str:
    """The text that our product would have the model read for this document."""
    assert model.path is not None
    head = gguf.read(model.path)
    segments = render(prompt(Text(document), Asked(), "en"), model.template, head.chat_template, head.tokens)
    return "".join(segment.text for segment in segments)
