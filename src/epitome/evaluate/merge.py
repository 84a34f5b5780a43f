"""Earlier evaluations made one, so that what was compared within a run can be compared between runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from epitome.errors import UsageError
from epitome.evaluate.compare import comparisons
from epitome.evaluate.result import Evaluation, SystemResult
from epitome.evaluate.run import reference

SAME = ("data", "n", "golds", "tok")
"""What two signatures must agree in for their figures to be comparable."""


def merge(runs: Sequence[tuple[str, Evaluation]], *, against: str = "", seed: int = 0) -> Evaluation:
    """One evaluation with the systems of all, each as `RUN/SYSTEM` where a name stands in several runs.

    A system that stands in several runs with the same texts, such as a baseline, is taken once. Raises `UsageError`
    where the runs differ in data, gold protocol or tokeniser: their figures would not be comparable.
    """
    if len(runs) < 2:
        raise UsageError(
            "there is nothing to compare", hint="name two evaluations: epitome compare A.json B.json"
        )
    first = runs[0][1]
    for name, run in runs[1:]:
        _comparable(runs[0][0], first, name, run)
    systems = _systems(runs)
    scored = [one for one in systems if one.scores]
    reference_name = reference(scored, _known(systems, against))
    return replace(
        first,
        systems=systems,
        comparisons=comparisons(scored, reference_name, seed) if len(scored) > 1 else [],
        breakdowns=[],
        examples=[],
        perturbations=[shift for _, run in runs for shift in run.perturbations],
        settings={name: run.settings for name, run in runs},
        created=max(run.created for _, run in runs),
    )


def _comparable(name: str, one: Evaluation, other_name: str, other: Evaluation) -> None:
    ours, theirs = _parts(one.signature), _parts(other.signature)
    for key in SAME:
        if ours.get(key) != theirs.get(key):
            raise UsageError(
                f"{name} and {other_name} differ in {key}: {ours.get(key)} and {theirs.get(key)}",
                hint="evaluate both on the same data with the same protocol",
            )


def _parts(signature: str) -> dict[str, str]:
    return dict(part.partition(":")[::2] for part in signature.split("|"))


def _systems(runs: Sequence[tuple[str, Evaluation]]) -> list[SystemResult]:
    names = [one.name for _, run in runs for one in run.systems]
    found: list[SystemResult] = []
    for label, run in runs:
        for one in run.systems:
            if any(_same(held, one) for held in found):
                continue
            found.append(replace(one, name=f"{label}/{one.name}" if names.count(one.name) > 1 else one.name))
    return found


def _same(one: SystemResult, other: SystemResult) -> bool:
    texts = ([output.text for output in result.outputs] for result in (one, other))
    return one.identity == other.identity and one.scores == other.scores and next(texts) == next(texts)


def _known(systems: Sequence[SystemResult], against: str) -> str:
    """The system named, with or without its run."""
    names = [one.name for one in systems]
    found = [name for name in names if against and (name == against or name.endswith("/" + against))]
    if against and not found:
        raise UsageError(f"no system is called {against!r}", hint=f"one of {', '.join(names)}")
    return found[0] if found else ""
