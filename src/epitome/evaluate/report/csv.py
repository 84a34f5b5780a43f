"""The figures, one row a system and metric, breakdowns too."""

from __future__ import annotations

import csv as format
import io

from epitome.evaluate.result import Evaluation, Figure

COLUMNS = ("system", "by", "part", "metric", "mean", "low", "high", "n", "signature")


def csv(evaluation: Evaluation) -> str:
    """All figures. `by` and `part` are empty where a figure is over all documents."""
    out = io.StringIO()
    writer = format.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in evaluation.systems:
        for metric, figure in one.figures.items():
            writer.writerow(_row(one.name, "", "", metric, figure))
    for part in evaluation.breakdowns:
        for name, figures in part.figures.items():
            for metric, figure in figures.items():
                writer.writerow(_row(name, part.by, part.value, metric, figure))
    return out.getvalue()


def _row(system: str, by: str, part: str, metric: str, figure: Figure) -> tuple[object, ...]:
    numbers = (f"{figure.mean:.6g}", f"{figure.low:.6g}", f"{figure.high:.6g}")
    return (system, by, part, metric, *numbers, figure.n, figure.signature)
