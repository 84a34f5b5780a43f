"""One evaluation, from data and systems to figures. Read it from the top: the stages stand in order."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

from epitome import settings as places
from epitome.datasets.pair import Dataset, Pair
from epitome.datasets.read import load
from epitome.errors import SourceError, UsageError
from epitome.evaluate import signature
from epitome.evaluate.compare import breakdowns, columns, comparisons, figures
from epitome.evaluate.examples import examples
from epitome.evaluate.measures import groups
from epitome.evaluate.published import published
from epitome.evaluate.result import Evaluation, Output, Shift, SystemResult
from epitome.evaluate.systems import System, named, open_system, require
from epitome.metrics.bootstrap import RESAMPLES
from epitome.metrics.parallel import each
from epitome.metrics.rouge import PROTOCOLS, Protocol
from epitome.models.model import Progress
from epitome.store.generations import Generations
from epitome.summarize.shots import SHOTS
from epitome.types import Request

if TYPE_CHECKING:
    from epitome.evaluate.score import Chinese, Scores

USUAL = ("lead", "title", "textrank", "oracle", "default")
"""The systems when none is named; `title` only where every document has one."""
Stage = Callable[[str, int, int], None]
"""Told what is being done, how many documents are finished, and of how many."""


@dataclass(frozen=True)
class Settings:
    """What to evaluate, and how."""

    systems: tuple[str, ...] = ()
    """See `open_system`; empty: the usual ones."""
    metrics: tuple[str, ...] = ()
    """Groups or measures; empty: all but those that need an encoder."""
    golds: Protocol = "best-r1"
    chinese: Chinese = "characters"
    """What ROUGE counts in Chinese."""
    request: Request = field(default_factory=Request)
    focus: str = ""
    """A column whose text is each document's own focus; empty: none."""
    engine: str = "auto"
    encoder: str = "minilm"
    against: str = ""
    """The system the others are compared with; empty: see `reference`."""
    perturb: tuple[str, ...] = ()
    examples: str = ""
    """Pairs, as `datasets.read.load` finds them, that stand before the documents of models; empty: none."""
    shots: int = SHOTS
    seed: int = 0
    cache: bool = True
    processes: int = 1


@dataclass(frozen=True)
class Watch:
    """Who is told what happens meanwhile."""

    stage: Stage | None = None
    note: Callable[[str], None] | None = None
    download: Progress | None = None


def evaluate(data: Dataset, settings: Settings | None = None, watch: Watch | None = None) -> Evaluation:
    """Run every system over the data, score, compare.

    >>> from epitome.datasets.read import load
    >>> run = evaluate(load("dev.jsonl"), Settings(systems=("lead", "default")))
    >>> run.system("default").figures["rouge1"]

    Generations are kept in the cache folder, so that the same call after a kill goes on where it was. Raises
    `UsageError` for settings that make no sense, `SourceError` for data without a pair, and what opening a system
    raises.
    """
    settings, watch = settings or Settings(), watch or Watch()
    asked = groups(settings.metrics)
    results, shifts = _ran(data, settings, watch)
    _score(results, data.pairs, asked, settings, watch)
    return _evaluation(data, settings, results, shifts)


def outputs_of(data: Dataset, settings: Settings, watch: Watch | None = None) -> list[SystemResult]:
    """Every system's outputs without a score; raises as `evaluate` does."""
    return _ran(data, settings, watch or Watch())[0]


# --- the stages ---


def _ran(data: Dataset, settings: Settings, watch: Watch) -> tuple[list[SystemResult], list[Shift]]:
    """Every system's outputs, and what perturbed documents do to them; one system is open at a time."""
    if not data.pairs:
        raise SourceError(f"{data.source}: no row is a document with a gold summary")
    specs = _specs(data, settings)
    shown = _shown(data, settings)
    results: list[SystemResult] = []
    shifts: list[Shift] = []
    with _opened_cache(settings) as cache:
        for spec in specs:
            system = open_system(
                spec,
                engine=settings.engine,
                work=len(data),
                on_note=watch.note,
                on_download=watch.download,
                examples=shown,
                shots=settings.shots,
            )
            try:
                results.append(_generated(system, data.pairs, settings, cache, watch))
                shifts += _shifted(system, results[-1], data.pairs, settings, cache, watch)
            finally:
                system.close()
    return results, shifts


def _specs(data: Dataset, settings: Settings) -> tuple[str, ...]:
    """The systems, checked before anything is opened: names must differ, and a comparison needs its reference."""
    titled = all(pair.title for pair in data)
    specs = settings.systems or tuple(name for name in USUAL if titled or name != "title")
    names = [named(spec)[0] for spec in specs]
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise UsageError(f"two systems are called {twice[0]!r}", hint="name them: --system NAME=WHAT")
    if settings.against and settings.against not in names:
        raise UsageError(f"no system is called {settings.against!r}", hint=f"one of {', '.join(names)}")
    if settings.golds not in PROTOCOLS:
        raise UsageError(f"no gold protocol {settings.golds!r}", hint=f"one of {', '.join(PROTOCOLS)}")
    if settings.chinese not in ("characters", "words"):
        raise UsageError(f"Chinese is not cut into {settings.chinese!r}", hint="characters or words")
    if settings.focus and not any(settings.focus in _columns(pair) for pair in data):
        known = ", ".join(sorted({name for pair in data for name in _columns(pair)}))
        raise UsageError(f"the data has no column {settings.focus!r}", hint=f"it has {known}")
    if settings.perturb:
        _kinds(settings)
    for spec in specs:
        require(spec, data.pairs)
    return specs


def _shown(data: Dataset, settings: Settings) -> Dataset | None:
    """The pairs to choose examples from."""
    if not settings.examples:
        return None
    found = load(settings.examples)
    if settings.perturb and {pair.document for pair in found} & {pair.document for pair in data}:
        raise UsageError(
            f"{settings.examples} holds documents of the data: changed ones would find their own summaries there",
            hint="leave --perturb out, or take examples from other documents, such as those of train",
        )
    return found


def _columns(pair: Pair) -> set[str]:
    return {"title", "domain", *pair.other}


def _opened_cache(settings: Settings) -> Generations:
    return Generations(places.home() / "evaluate" / "generations.sqlite" if settings.cache else None)


def _generated(
    system: System, pairs: Sequence[Pair], settings: Settings, cache: Generations, watch: Watch
) -> SystemResult:
    outputs = generate(system, pairs, settings, cache, partial(_report, watch, system.name, len(pairs)))
    return SystemResult(system.name, system.kind, system.identity, system.prompt, system.seconds, outputs)


def _report(watch: Watch, what: str, total: int, done: int) -> None:
    if watch.stage is not None:
        watch.stage(what, done, total)


def generate(
    system: System,
    pairs: Sequence[Pair],
    settings: Settings,
    cache: Generations | None = None,
    on_row: Callable[[int], None] | None = None,
) -> list[Output]:
    """The system's output for every pair, each with its own focus where a column holds one."""
    if not settings.focus:
        return system.outputs(pairs, settings.request, cache=cache, on_row=on_row)
    found: dict[int, Output] = {}
    places = sorted(range(len(pairs)), key=lambda at: _focus(pairs[at], settings.focus))
    for focus, group in groupby(places, key=lambda at: _focus(pairs[at], settings.focus)):
        members = list(group)
        # A baseline copies and cannot follow a focus; it is there to be compared with.
        request = replace(settings.request, focus=focus if system.kind == "model" else "")
        outputs = system.outputs([pairs[at] for at in members], request, cache=cache)
        found |= dict(zip(members, outputs, strict=True))
        if on_row is not None:
            on_row(len(found))
    return [found[at] for at in range(len(pairs))]


def _focus(pair: Pair, column: str) -> str:
    value = pair.title if column == "title" else pair.domain if column == "domain" else pair.other.get(column)
    return value if isinstance(value, str) else ""


def _shifted(
    system: System,
    result: SystemResult,
    pairs: Sequence[Pair],
    settings: Settings,
    cache: Generations,
    watch: Watch,
) -> list[Shift]:
    """How a system that reads the documents takes their being changed."""
    if not settings.perturb or system.kind not in ("model", "baseline"):
        return []
    from epitome.evaluate.robustness import shifts
    from epitome.evaluate.score import Scoring, plain

    scoring = Scoring(("rouge", "facts"), settings.golds, settings.chinese, settings.request)

    def again(some: Sequence[Pair]) -> list[Output]:
        report = partial(_report, watch, f"{system.name}, changed", len(some))
        return generate(system, some, settings, cache, report)

    def measure(some: Sequence[Pair], outputs: Sequence[Output]) -> dict[str, list[float | None]]:
        scored = (plain(pair, [output.text], scoring)[0] for pair, output in zip(some, outputs, strict=True))
        return columns(list(scored))

    kinds = _kinds(settings)
    return shifts(
        system.name, pairs, result.outputs, kinds, generate=again, measure=measure, seed=settings.seed
    )


def _kinds(settings: Settings) -> tuple[str, ...]:
    from epitome.evaluate.perturb import KINDS

    if unknown := [kind for kind in settings.perturb if kind not in (*KINDS, "all")]:
        raise UsageError(f"no perturbation {unknown[0]!r}", hint=f"one of {', '.join(KINDS)}, all")
    return KINDS if "all" in settings.perturb else settings.perturb


def _score(
    results: Sequence[SystemResult],
    pairs: Sequence[Pair],
    asked: Sequence[str],
    settings: Settings,
    watch: Watch,
) -> None:
    """Fill in scores and figures. A system that failed on every document has none."""
    from epitome.evaluate.score import Scoring, plain

    able = [one for one in results if any(output.text for output in one.outputs)]
    texts = [[one.outputs[at].text for one in able] for at in range(len(pairs))]
    work = partial(_plain, plain, Scoring(tuple(asked), settings.golds, settings.chinese, settings.request))
    rows: list[list[Scores]] = []
    for found in each(work, list(zip(pairs, texts, strict=True)), settings.processes):
        rows.append(found)
        _report(watch, "scoring", len(pairs), len(rows))
    if "encoder" in asked:
        _encode(rows, pairs, texts, settings, watch)
    for place, one in enumerate(able):
        one.scores = columns([row[place] for row in rows])
        one.figures = figures(one.scores, settings.seed)


def _plain(score: Callable[..., list[Scores]], scoring: object, item: tuple[Pair, list[str]]) -> list[Scores]:
    return score(item[0], item[1], scoring)


def _encode(
    rows: Sequence[list[Scores]],
    pairs: Sequence[Pair],
    texts: Sequence[Sequence[str]],
    settings: Settings,
    watch: Watch,
) -> None:
    from epitome.engines.encoder import open_encoder
    from epitome.evaluate.encoded import AT_ONCE, encoded

    encoder = open_encoder(settings.encoder, on_download=watch.download)
    try:
        for at in range(0, len(pairs), AT_ONCE):
            part = slice(at, at + AT_ONCE)
            for row, found in zip(rows[part], encoded(pairs[part], texts[part], encoder), strict=True):
                for ours, more in zip(row, found, strict=True):
                    ours.update(more)
            _report(watch, "encoding", len(pairs), min(at + AT_ONCE, len(pairs)))
    finally:
        encoder.close()


def _evaluation(
    data: Dataset, settings: Settings, results: list[SystemResult], shifts: list[Shift]
) -> Evaluation:
    common = signature.common(
        data, settings.golds, RESAMPLES, settings.seed, settings.request, settings.chinese == "words"
    )
    for one in results:
        extra = {"system": one.identity, "prompt": one.prompt} if one.prompt else {"system": one.identity}
        one.figures = {
            name: replace(figure, signature=signature.line(common, name, extra))
            for name, figure in one.figures.items()
        }
    scored = [one for one in results if one.scores]
    main = reference(scored, settings.against)
    return Evaluation(
        data=_described(data),
        settings=asdict(settings),
        signature=signature.line(common),
        systems=results,
        comparisons=comparisons(scored, main, settings.seed) if len(scored) > 1 else [],
        breakdowns=breakdowns(data.pairs, scored, settings.seed),
        examples=examples(data.pairs, scored, main) if scored else [],
        published=published(data.source),
        perturbations=shifts,
        versions=_versions(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def reference(scored: Sequence[SystemResult], against: str) -> str:
    """The system that the others are compared with: the one named, else the last model, else the last that has not
    seen the gold summaries, else the last of all."""
    names = [one.name for one in scored]
    if against in names or not names:
        return against
    models = [one.name for one in scored if one.kind == "model"]
    blind = [one.name for one in scored if one.kind != "oracle"]
    return (models or blind or names)[-1]


def _described(data: Dataset) -> dict[str, Any]:
    return {
        "source": data.source,
        "fingerprint": data.fingerprint,
        "n": len(data),
        "bad": [{"line": row.number, "reason": row.reason} for row in data.bad],
        "languages": dict(Counter(pair.lang for pair in data).most_common()),
        "domains": dict(Counter(pair.domain for pair in data if pair.domain).most_common()),
        "golds": sum(len(pair.summaries) for pair in data) / len(data),
        "ids": [pair.id for pair in data],
    }


def _versions() -> dict[str, str]:
    packages: Iterable[str] = (
        "epitome",
        "sacrebleu",
        "sumy",
        "xllamacpp",
        "openvino-genai",
        "transformers",
        "torch",
    )
    held = {name: signature.version_of(name) for name in packages}
    return {"python": platform.python_version(), **{name: one for name, one in held.items() if one != "none"}}
