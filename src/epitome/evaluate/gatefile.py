"""Gate files: TOML that a person can read in a diff and a program writes.

[[corpus]]
data = "./pairs.jsonl"            # beside this file
fingerprint = "5f0c…"

[[corpus.system]]
spec = "lead"
drop = 0.0                        # points that a floor lies under what was measured
floor.rouge1 = 41.2033
measured.rouge1 = 41.2033
scores.rouge1 = [38.1, 44.31]     # a document each
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from epitome.documents.source import not_readable
from epitome.errors import SourceError
from epitome.evaluate.measures import MEASURES
from epitome.store.journal import replacing

_HEAD = """# Floors under the quality of summaries, written by `epitome gate`. A change here is a change of what is good
# enough: `epitome gate THIS --update` raises floors, and lowers none without --allow-regression.
"""


@dataclass(frozen=True)
class Bar:
    """What one metric of one system must not fall under (or rise over, where lower is better)."""

    bound: float
    measured: float
    """The mean when it was pinned."""
    scores: tuple[float | None, ...] = ()
    """Of each document, in the order of the data, when it was pinned."""


@dataclass(frozen=True)
class Pinned:
    """One system and its bars by metric."""

    spec: str
    identity: str
    drop: float
    """How far the bound lies from what was measured: in points, or in hundredths where a metric ends at 1."""
    bars: dict[str, Bar] = field(default_factory=dict)


@dataclass(frozen=True)
class Corpus:
    """Data and how it is evaluated on; paths that begin with ./ or ../ are relative to the gate file."""

    data: str
    fingerprint: str
    documents: int
    limit: int | None = None
    split: str | None = None
    columns: dict[str, str | tuple[str, ...]] = field(default_factory=dict)
    golds: str = "best-r1"
    engine: str = "auto"
    seed: int = 0
    request: dict[str, str] = field(default_factory=dict)
    """`style`, `words` and `sentences` as they are written on the command line."""
    systems: tuple[Pinned, ...] = ()

    @property
    def label(self) -> str:
        """What to call it among others."""
        part = f" {self.split}" if self.split else ""
        return f"{self.data}{part}{f', first {self.limit}' if self.limit else ''}"


Gate = tuple[Corpus, ...]


def read(path: Path) -> Gate:
    """The gate in a file. Raises `SourceError` where there is none that can be read."""
    try:
        plain = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise not_readable(path, error) from error
    except ValueError as error:
        raise SourceError(
            f"{path}: no TOML ({error})", hint="take the file back from version control"
        ) from error
    try:
        gate = tuple(_corpus(one) for one in plain["corpus"])
    except KeyError as error:
        raise SourceError(f"{path}: {error.args[0]!r} is missing", hint=_REMEDY) from error
    except (TypeError, ValueError, AttributeError) as error:
        raise SourceError(f"{path}: not a gate ({error})", hint=_REMEDY) from error
    if not gate or not all(corpus.systems for corpus in gate):
        raise SourceError(
            f"{path}: it holds no floor", hint="epitome gate GATE.toml --add DATA --system NAME"
        )
    return gate


_REMEDY = "`epitome gate NEW.toml --add DATA --system NAME` writes one"


def _corpus(plain: Mapping[str, Any]) -> Corpus:
    limit, split = plain.get("limit"), plain.get("split")
    return Corpus(
        data=str(plain["data"]),
        fingerprint=str(plain["fingerprint"]),
        documents=int(plain["documents"]),
        limit=None if limit is None else int(limit),
        split=None if split is None else str(split),
        columns={
            name: tuple(held) if isinstance(held, list) else str(held)
            for name, held in plain.get("columns", {}).items()
        },
        golds=str(plain.get("golds", "best-r1")),
        engine=str(plain.get("engine", "auto")),
        seed=int(plain.get("seed", 0)),
        request={name: str(held) for name, held in plain.get("request", {}).items()},
        systems=tuple(_pinned(one) for one in plain["system"]),
    )


def _pinned(plain: Mapping[str, Any]) -> Pinned:
    bounds = {**plain.get("floor", {}), **plain.get("ceiling", {})}
    for metric in bounds:
        if metric not in MEASURES or MEASURES[metric].better is None:
            raise ValueError(f"no floor can lie under {metric!r}")
        side = "floor" if MEASURES[metric].better == "higher" else "ceiling"
        if metric not in plain.get(side, {}):
            raise ValueError(f"{metric} takes a {side}")
    bars = {
        metric: Bar(
            float(bound),
            float(plain["measured"][metric]),
            tuple(None if math.isnan(one) else float(one) for one in plain.get("scores", {}).get(metric, ())),
        )
        for metric, bound in bounds.items()
    }
    return Pinned(str(plain["spec"]), str(plain["identity"]), float(plain["drop"]), bars)


def write(gate: Gate, path: Path) -> None:
    """Write the gate, whole or not at all. Raises `StoreError` where it cannot be written."""
    lines = [_HEAD]
    for corpus in gate:
        lines += ["[[corpus]]", *_corpus_lines(corpus), ""]
        for system in corpus.systems:
            lines += ["[[corpus.system]]", *_system_lines(system), ""]
    with replacing(path) as file:
        file.write("\n".join(lines))


def _corpus_lines(corpus: Corpus) -> Iterator[str]:
    for name in ("data", "fingerprint", "documents", "limit", "split", "golds", "engine", "seed"):
        value = getattr(corpus, name)
        if value is not None:
            yield f"{name} = {_value(value)}"
    for table in ("columns", "request"):
        for name, held in getattr(corpus, table).items():
            yield f"{table}.{name} = {_value(held)}"


def _system_lines(system: Pinned) -> Iterator[str]:
    yield f"spec = {_value(system.spec)}"
    yield f"identity = {_value(system.identity)}"
    yield f"drop = {_value(system.drop)}"
    for metric, bar in system.bars.items():
        side = "floor" if MEASURES[metric].better == "higher" else "ceiling"
        yield f"{side}.{metric} = {_value(bar.bound)}"
    for metric, bar in system.bars.items():
        yield f"measured.{metric} = {_value(bar.measured)}"
    for metric, bar in system.bars.items():
        yield f"scores.{metric} = {_value(bar.scores)}"


def _value(value: str | float | tuple[Any, ...] | None) -> str:
    """As TOML, which writes strings like JSON but for the delete character, and has nan where JSON has null."""
    if value is None:
        return "nan"
    if isinstance(value, tuple):
        return f"[{', '.join(_value(one) for one in value)}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
