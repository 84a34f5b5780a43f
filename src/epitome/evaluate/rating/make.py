"""A study out of data and systems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from epitome.datasets.pair import Dataset
from epitome.errors import UsageError
from epitome.evaluate.rating.store import Store
from epitome.evaluate.rating.study import Plan
from epitome.evaluate.run import Settings, Watch, outputs_of


def make(
    path: Path, data: Dataset, systems: Sequence[str], asked: Mapping[str, Any], watch: Watch | None = None
) -> tuple[Store, int]:
    """The study, and how many documents were left out because a system has no summary of them.

    `asked` holds the plan's mode, questions, raters and seed. Raises what running the systems raises, and `UsageError`
    where no document is left.
    """
    held = outputs_of(data, Settings(systems=tuple(systems)), watch)
    names = tuple(one.name for one in held)
    whole = [at for at in range(len(data)) if all(one.outputs[at].text for one in held)]
    if not whole:
        worst = min(held, key=lambda one: sum(bool(output.text) for output in one.outputs))
        why = next((output.error for output in worst.outputs if output.error), "")
        raise UsageError(f"there is no document that every system has a summary of; {worst.name}: {why}")
    plan = Plan(systems=names, fingerprint=data.fingerprint, **asked)
    texts = {one.name: [one.outputs[at].text for at in whole] for one in held}
    return Store.create(path, plan, [data.pairs[at] for at in whole], texts), len(data) - len(whole)
