"""Floors under quality: measured once, pinned in a file, and not to be fallen under unnoticed.

A gate says of some corpora which systems must reach which figures there. It is measured again after every change;
a figure under its floor fails. Floors move up by `raised`, and down only when that is asked for in so many words.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from epitome.datasets.pair import Dataset
from epitome.datasets.read import load
from epitome.errors import SourceError, UsageError
from epitome.evaluate.gatefile import Bar, Corpus, Gate, Pinned
from epitome.evaluate.measures import MEASURES
from epitome.evaluate.result import Evaluation, SystemResult
from epitome.evaluate.run import Settings, Watch, evaluate
from epitome.evaluate.systems import named
from epitome.metrics.bootstrap import Paired, paired
from epitome.summarize.budget import length
from epitome.types import STYLES, Request

DROP = 2.0
"""The usual distance, in points, between what a model reached and its floor: processors with other instructions round
differently, and a text that begins differently goes on differently. What copies sentences has none."""
_DIGITS = 4


@dataclass(frozen=True)
class Fall:
    """A document that is worse than it was."""

    id: str
    before: float
    after: float


@dataclass(frozen=True)
class Check:
    """One metric of one system on one corpus, beside its bar."""

    corpus: str
    system: str
    metric: str
    measured: float
    bound: float
    """The floor; the ceiling where lower is better."""
    pinned: float
    """What was measured when the bar was set."""
    by: float
    """How far on the good side of the bound; negative: how far beyond it."""
    passed: bool
    change: Paired | None
    """Against the pinned scores, document by document; None where no scores are pinned."""
    fell: tuple[Fall, ...]
    """The documents that lost most, at most three."""
    note: str = ""
    """What is not as it was when the bar was set, though it may be."""


def measured(
    corpus: Corpus, folder: Path, watch: Watch | None = None, *, cache: bool = True, other_data: bool = False
) -> Evaluation:
    """The systems of a corpus, run now. `folder`: where the gate file lies.

    Raises `SourceError` where the data is not what it was when the floors were set (unless `other_data`), or a
    system has no figure; and what `evaluate` raises.
    """
    data = _data(corpus, folder)
    if data.fingerprint != corpus.fingerprint and not other_data:
        raise SourceError(
            f"{corpus.label}: not the data that the floors were measured on ({len(data)} documents, hash "
            f"{data.fingerprint[:12]}; pinned: {corpus.documents}, {corpus.fingerprint[:12]})",
            hint="take the old data back, or pin floors for the new: --update --allow-regression",
        )
    metrics = {metric for system in corpus.systems for metric in system.bars}
    found = evaluate(data, _settings(corpus, folder, tuple(sorted(metrics)), cache), watch)
    for system, result in zip(corpus.systems, found.systems, strict=True):
        for metric in system.bars:
            _require(result, metric)
    return found


def _data(corpus: Corpus, folder: Path) -> Dataset:
    return load(_anchored(corpus.data, folder), corpus.columns, split=corpus.split, limit=corpus.limit)


def _settings(corpus: Corpus, folder: Path, metrics: tuple[str, ...], cache: bool) -> Settings:
    asked = corpus.request
    style = next((style for style in STYLES if style == asked.get("style")), None)
    if style is None and "style" in asked:
        raise UsageError(f"no style {asked['style']!r}", hint=f"one of {', '.join(STYLES)}")
    return Settings(
        systems=tuple(_anchored_spec(system.spec, folder) for system in corpus.systems),
        metrics=metrics,
        golds=corpus.golds,  # type: ignore[arg-type]  # checked there
        request=Request(
            style=style,
            words=length(asked["words"], "words") if "words" in asked else None,
            sentences=length(asked["sentences"], "sentences") if "sentences" in asked else None,
            seed=corpus.seed,
        ),
        engine=corpus.engine,
        seed=corpus.seed,
        cache=cache,
    )


def _require(result: SystemResult, metric: str) -> None:
    if metric not in result.figures:
        failed = [output.error for output in result.outputs if output.error]
        why = f": {failed[0]}" if failed else ""
        raise SourceError(
            f"{result.name} has no {metric} on this data{why}", hint="ask for another metric or system"
        )


# --- checking ---


def checks(corpus: Corpus, found: Evaluation) -> list[Check]:
    """Every bar of a corpus beside what was measured now."""
    return [
        _check(corpus, system, result, metric, found.data["ids"])
        for system, result in zip(corpus.systems, found.systems, strict=True)
        for metric in system.bars
    ]


def _check(corpus: Corpus, system: Pinned, result: SystemResult, metric: str, ids: Sequence[str]) -> Check:
    bar, mean = system.bars[metric], result.figures[metric].mean
    sign = _sign(metric)
    # To the digit that bounds are written with; adding nothing turns -0.0 into 0.0.
    by = round(sign * (mean - bar.bound), _DIGITS) + 0.0
    scores = _rounded(metric, result.scores[metric])
    both = [
        (name, old, new)
        for name, old, new in zip(ids, bar.scores, scores, strict=False)
        if old is not None and new is not None
    ]
    falls = sorted(
        (Fall(name, old, new) for name, old, new in both), key=lambda one: sign * (one.after - one.before)
    )
    return Check(
        corpus=corpus.label,
        system=named(system.spec)[0],
        metric=metric,
        measured=mean,
        bound=bar.bound,
        pinned=bar.measured,
        by=by,
        passed=by >= 0,
        change=paired([new for _, _, new in both], [old for _, old, _ in both]) if both else None,
        fell=tuple(fall for fall in falls[:3] if sign * (fall.after - fall.before) < 0),
        note="; ".join(filter(None, (_other_identity(system, result), failures(result)))),
    )


def _other_identity(system: Pinned, result: SystemResult) -> str:
    return "" if system.identity == result.identity else f"was {system.identity}, is {result.identity}"


def failures(result: SystemResult) -> str:
    """On how many documents the system failed, which count as zero; empty where it did not."""
    failed = [output for output in result.outputs if output.error]
    if not failed:
        return ""
    return f"{len(failed)} of {len(result.outputs)} failed, the first ({failed[0].id}): {failed[0].error}"


def _sign(metric: str) -> int:
    return 1 if MEASURES[metric].better == "higher" else -1


# --- pinning ---


def pinned(
    corpus: Corpus, specs: Sequence[str], metrics: Sequence[str], folder: Path, drop: float | None = None
) -> Corpus:
    """The corpus with systems to be measured: their bars are open until `raised` sets them.

    `drop`: points that floors lie under what is measured; None is `DROP` for models and none for the rest. Raises
    `UsageError` for an unknown metric or one that has no better end, and what reading the data raises.
    """
    for metric in metrics:
        if metric not in MEASURES or MEASURES[metric].better is None:
            known = ", ".join(name for name, one in MEASURES.items() if one.better)
            raise UsageError(f"no floor can lie under {metric!r}", hint=f"metrics: {known}")
    if drop is not None and not 0 <= drop < math.inf:
        raise UsageError(f"--drop {drop}: not a distance", hint="in points, such as 1.5")
    data = _data(replace(corpus, data=_relative(corpus.data, folder)), folder)
    open_bars = {metric: Bar(-_sign(metric) * math.inf, math.nan) for metric in dict.fromkeys(metrics)}
    distance = math.nan if drop is None else drop
    return replace(
        corpus,
        data=_relative(corpus.data, folder),
        fingerprint=data.fingerprint,
        documents=len(data),
        systems=tuple(Pinned(_relative_spec(spec, folder), "", distance, open_bars) for spec in specs),
    )


def raised(corpus: Corpus, found: Evaluation, *, allow_regression: bool = False) -> Corpus:
    """The corpus with what was measured now pinned.

    A floor rises with the measured mean, always `drop` under it; it stays where that would lower it. With
    `allow_regression` every floor follows, down too. Raises `UsageError` where a figure is under its floor and that
    is not allowed.
    """
    if not allow_regression and (failed := [one for one in checks(corpus, found) if not one.passed]):
        first = failed[0]
        raise UsageError(
            f"{len(failed)} floors would fall, the first {first.metric} of {first.system} by {-first.by:.2f}: nothing "
            "is written",
            hint="--update --allow-regression lowers them",
        )
    systems = [
        _raised(system, result, allow_regression)
        for system, result in zip(corpus.systems, found.systems, strict=True)
    ]
    return replace(
        corpus,
        fingerprint=found.data["fingerprint"],
        documents=found.data["n"],
        systems=tuple(systems),
    )


def _raised(system: Pinned, result: SystemResult, allow_regression: bool) -> Pinned:
    drop = system.drop
    if math.isnan(drop):
        drop = DROP if result.kind == "model" else 0.0
    bars = {}
    for metric, bar in system.bars.items():
        mean, sign = result.figures[metric].mean, _sign(metric)
        step = drop if MEASURES[metric].unit in ("points", "words") else drop / 100
        bound = round(mean - sign * step, _DIGITS)
        if not allow_regression and sign * (bar.bound - bound) > 0:
            bound = bar.bound
        bars[metric] = Bar(bound, round(mean, _DIGITS), _rounded(metric, result.scores[metric]))
    return replace(system, identity=result.identity, drop=drop, bars=bars)


def _rounded(metric: str, scores: Sequence[float | None]) -> tuple[float | None, ...]:
    digits = 2 if MEASURES[metric].unit == "points" else _DIGITS
    return tuple(None if one is None else round(one, digits) for one in scores)


def added(gate: Gate, corpus: Corpus) -> Gate:
    """The gate with a corpus more; where it has the same data, asked in the same way, with its systems more.

    Raises `UsageError` where it has one of the systems already, or the data has changed since.
    """
    for at, held in enumerate(gate):
        if _asked(held) != _asked(corpus):
            continue
        if held.fingerprint != corpus.fingerprint:
            raise UsageError(
                f"{held.label}: not the data that the floors were measured on",
                hint="--update --allow-regression pins floors for the new",
            )
        names = {named(system.spec)[0] for system in held.systems}
        if twice := [one for system in corpus.systems if (one := named(system.spec)[0]) in names]:
            raise UsageError(f"{twice[0]} has its floors on {held.label}", hint="--update moves them")
        joined = replace(held, systems=(*held.systems, *corpus.systems))
        return (*gate[:at], joined, *gate[at + 1 :])
    return (*gate, corpus)


def _asked(corpus: Corpus) -> Corpus:
    """Without what was found on it."""
    return replace(corpus, fingerprint="", documents=0, systems=())


# --- paths ---


def _anchored(path: str, folder: Path) -> str:
    return str(folder / path) if path.startswith(("./", "../")) else path


def _relative(path: str, folder: Path) -> str:
    """A path of this machine as seen from the folder; anything else as it is."""
    if not Path(path).exists():
        return path
    seen = Path(os.path.relpath(path, folder)).as_posix()
    return seen if seen.startswith("../") else f"./{seen}"


def _anchored_spec(spec: str, folder: Path) -> str:
    name, what = named(spec)
    return _renamed(spec, name, what, "+".join(_anchored(part, folder) for part in what.split("+")))


def _relative_spec(spec: str, folder: Path) -> str:
    name, what = named(spec)
    parts = [what] if Path(what).exists() else what.split("+")
    return _renamed(spec, name, what, "+".join(_relative(part, folder) for part in parts))


def _renamed(spec: str, name: str, what: str, seen: str) -> str:
    """Another path under the same name, where a path was in it and the name can be written before it."""
    if seen == what:
        return spec
    return seen if any(mark in name for mark in "/\\:") else f"{name}={seen}"


def as_dict(found: Sequence[Check]) -> dict[str, object]:
    """Ready for `json.dumps`."""
    return {"passed": all(one.passed for one in found), "checks": [_plain(one) for one in found]}


def _plain(check: Check) -> Mapping[str, object]:
    side = "floor" if _sign(check.metric) > 0 else "ceiling"
    return {**asdict(check), "side": side}
