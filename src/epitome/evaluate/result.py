"""The nouns of an evaluation. `Evaluation.as_dict()` is what `epitome evaluate --json` writes.

Evaluation ── data          what was evaluated on
           ├─ systems       SystemResult: outputs, per-document scores, figures
           ├─ comparisons   every system against the reference system, corrected
           ├─ breakdowns    the same figures for parts of the data
           ├─ examples      best and worst documents, side by side
           └─ published     figures of others on the same corpus, with source and split
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from epitome.errors import SourceError


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over documents with its 95 % interval."""

    mean: float
    low: float
    high: float
    n: int
    """Documents it is the mean of."""
    signature: str = ""
    """Everything that is needed to get the same number again."""


@dataclass(frozen=True, slots=True)
class Output:
    """What one system wrote for one document."""

    id: str
    text: str
    error: str = ""
    """Why there is no text; such a document scores zero, it is not left out."""
    cached: bool = False


@dataclass(slots=True)
class SystemResult:
    """One system over all documents."""

    name: str
    kind: str
    """`model`, `baseline`, `oracle`, `title` or `file`."""
    identity: str = ""
    """Model, weights, adapter and engine, or the hash of the file."""
    prompt: str = ""
    """Name and version of the prompt, for models."""
    seconds: float = 0.0
    """Spent on generating, less what came from the cache."""
    outputs: list[Output] = field(default_factory=list)
    """In the order of the data."""
    scores: dict[str, list[float | None]] = field(default_factory=dict)
    """By metric, in the order of the data; None where the metric says nothing of a document."""
    figures: dict[str, Figure] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Comparison:
    """System `a` minus system `b` in one metric, on the same documents."""

    a: str
    b: str
    metric: str
    difference: float
    low: float
    high: float
    p: float
    """Two-sided, by approximate randomisation."""
    corrected: float
    """After Holm's correction over all comparisons in this metric."""


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The figures of every system over a part of the data."""

    by: str
    """`domain`, `length` or `lang`."""
    value: str
    n: int
    figures: dict[str, dict[str, Figure]]
    """system -> metric -> figure."""


@dataclass(frozen=True, slots=True)
class Example:
    """One document, its gold summaries, and what each system made of it."""

    id: str
    why: str
    """`best`, `worst` or `furthest apart`, with the system and metric it is so in."""
    document: str
    title: str
    golds: tuple[str, ...]
    outputs: dict[str, str]
    scores: dict[str, float]
    """system -> its score in the metric that the example was chosen by."""


@dataclass(frozen=True, slots=True)
class Published:
    """A figure of others on the same corpus."""

    system: str
    split: str
    figures: dict[str, float]
    source: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Shift:
    """What one perturbation does to one system."""

    system: str
    kind: str
    documents: int
    """How many documents it really changed."""
    moved: Figure
    """100 minus ROUGE-L between the summary of the changed and of the unchanged document, in points."""
    quality: dict[str, Figure]
    """metric -> the metric on changed documents minus on unchanged ones."""


@dataclass(slots=True)
class Evaluation:
    """A whole run."""

    data: dict[str, Any]
    """`source`, `fingerprint`, `n`, `bad` (rows passed over: line and reason), `languages`, `domains`."""
    settings: dict[str, Any]
    """Every option of the run, defaults too."""
    signature: str
    systems: list[SystemResult] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    breakdowns: list[Breakdown] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)
    published: list[Published] = field(default_factory=list)
    perturbations: list[Shift] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    created: str = ""
    """ISO 8601, UTC."""

    def system(self, name: str) -> SystemResult:
        """The system of that name. Raises `KeyError`."""
        return next(one for one in self.systems if one.name == name)

    def as_dict(self) -> dict[str, Any]:
        """Ready for `json.dumps`. `systems` maps names to figures; the rest of a system is under `runs`."""
        plain = asdict(self)
        runs = plain.pop("systems")
        figures = {run["name"]: run.pop("figures") for run in runs}
        return {"systems": figures, "signature": plain.pop("signature"), **plain, "runs": runs}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Evaluation:
        """What `as_dict` made, read again. Raises `KeyError` or `TypeError` for anything else."""
        systems = [{**run, "figures": plain["systems"][run["name"]]} for run in plain["runs"]]
        rest = {key: value for key, value in plain.items() if key not in ("systems", "runs")}
        made: Evaluation = _build(cls, {**rest, "systems": systems})
        return made

    @classmethod
    def load(cls, path: Path) -> Evaluation:
        """An evaluation that `--json` wrote. Raises `SourceError` for any other file."""
        try:
            return cls.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except OSError as error:
            raise SourceError(f"{path}: cannot be read ({error.strerror or error})") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SourceError(
                f"{path}: not the JSON of an evaluation", hint="`epitome evaluate DATA --json FILE` writes it"
            ) from error


def _build(kind: Any, value: Any) -> Any:
    """A dataclass out of plain dictionaries and lists, by its own annotations."""
    if is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        known = {one.name for one in fields(kind)}
        return kind(**{name: _build(hints[name], held) for name, held in value.items() if name in known})
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is list:
        return [_build(arguments[0], held) for held in value]
    if origin is tuple:
        return tuple(value)
    if origin is dict:
        return {key: _build(arguments[1], held) for key, held in value.items()}
    return value
