"""A small corpus and the settings of a short run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from epitome.datasets.pair import Dataset, Pair
from epitome.train.config import Config, load

PLACES = ("Aldmoor", "Brenwick", "Corvo", "Dunmere", "Eastlea", "Fenholt", "Garrow", "Hathe")
EVENTS = (
    (
        "The ferry to {} was cancelled because of the wind. Ninety people slept in the school.",
        "Ferry to {} cancelled",
    ),
    (
        "The baker of {} brought bread to everyone in the harbour. Nobody was hurt on Tuesday.",
        "Baker of {} helps",
    ),
    (
        "The library of {} lends tools from March. A card is all that people need.",
        "Library of {} lends tools",
    ),
)


def pairs(count: int) -> list[Pair]:
    """So many pairs, each with one place and one event."""
    found = []
    for at in range(count):
        document, summary = EVENTS[at % len(EVENTS)]
        place = PLACES[at // len(EVENTS) % len(PLACES)]
        text = document.format(place) + " It was so in week " + str(at) + "."
        found.append(Pair(text, (summary.format(place),), f"p{at}", f"News from {place}", "news"))
    return found


def dataset(count: int, skip: int = 0) -> Dataset:
    """Pairs in memory."""
    return Dataset(pairs(count + skip)[skip:], "corpus")


def write(path: Path, count: int, skip: int = 0) -> Path:
    """The same as a file."""
    rows = (json.dumps(pair.as_row()) for pair in pairs(count + skip)[skip:])
    path.write_text("\n".join(rows) + "\n", "utf-8")
    return path


def config(*settings: str, family: str = "decoder", **given: Any) -> Config:
    """Six quick steps on one thread."""
    short = [
        "train.threads=1", "train.dtype=float32", "train.batch=4", "train.max_steps=6", "data.max_tokens=200",
        "data.max_answer_tokens=24", "eval.generate=2", "eval.times=2", "track=[]",
    ]  # fmt: skip
    return load(None, [*short, *settings], given, family)
