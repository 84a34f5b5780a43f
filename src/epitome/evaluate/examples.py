"""Documents worth a look: where a system does best and worst, and where two systems differ most."""

from __future__ import annotations

from collections.abc import Sequence

from epitome.datasets.pair import Pair
from epitome.evaluate.result import Example, SystemResult

EACH = 3


def examples(
    pairs: Sequence[Pair], systems: Sequence[SystemResult], system: str, metric: str = "rouge1"
) -> list[Example]:
    """Up to three documents each that `system` does best, worst, and differs most on from the next best system.

    Ties go to the earlier document. Nothing if the metric was not computed.
    """
    by_name = {one.name: one for one in systems if metric in one.scores}
    if system not in by_name:
        return []
    ours = [value or 0.0 for value in by_name[system].scores[metric]]
    order = sorted(range(len(ours)), key=lambda at: -ours[at])
    label = f"{system}, {metric}"
    chosen = [(at, f"best: {label}") for at in order[:EACH]]
    chosen += [(at, f"worst: {label}") for at in order[::-1][:EACH]]
    rivals = [one for name, one in by_name.items() if name != system and one.kind not in ("oracle", "title")]
    if rivals:
        rival = max(rivals, key=lambda one: one.figures[metric].mean)
        theirs = [value or 0.0 for value in rival.scores[metric]]
        apart = sorted(range(len(ours)), key=lambda at: -abs(ours[at] - theirs[at]))
        chosen += [(at, f"furthest apart: {system} and {rival.name}, {metric}") for at in apart[:EACH]]
    return [
        Example(
            id=pairs[at].id,
            why=why,
            document=pairs[at].document,
            title=pairs[at].title,
            golds=pairs[at].summaries,
            outputs={one.name: one.outputs[at].text for one in systems},
            scores={name: one.scores[metric][at] or 0.0 for name, one in by_name.items()},
        )
        for at, why in chosen
    ]
