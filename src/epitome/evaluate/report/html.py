"""The report as one HTML page."""

from __future__ import annotations

from markupsafe import Markup

from epitome.evaluate.measures import MEASURES
from epitome.evaluate.report import contents
from epitome.evaluate.report.contents import Cell, Name, Table
from epitome.evaluate.result import Evaluation
from epitome.pages import page, render, table
from epitome.pages.plots import histogram, intervals
from epitome.pages.table import Number

PLOTTED = ("rouge1", "rouge2", "rougeL", "bertscore", "support", "words")
SPREAD = 6
"""Systems whose scores are drawn as histograms."""


def html(evaluation: Evaluation) -> str:
    """The whole page. Documents and outputs stand in it as examples only, so its size does not grow with the data."""
    count = evaluation.data.get("n", 0)
    groups = [(one, _table(one)) for one in contents.groups(evaluation)]
    names = [one.name for one in evaluation.systems]
    body = render(
        "epitome.evaluate.report:report.html",
        data=contents.data(evaluation),
        first=groups[0] if groups else None,
        groups=groups[1:],
        published=contents.published(evaluation),
        plots=_plots(evaluation),
        spreads=_spreads(evaluation),
        comparisons=[(one, _table(one)) for one in contents.comparisons(evaluation)],
        breakdowns=[(one, _table(one)) for one in contents.breakdowns(evaluation)],
        perturbations=_maybe(contents.perturbations(evaluation)),
        failures=_maybe(contents.failures(evaluation)),
        examples=contents.examples(evaluation),
        systems=_table(contents.systems(evaluation)),
        bad=_maybe(contents.bad_rows(evaluation)),
        made=contents.made(evaluation),
    )
    return page(contents.title(evaluation), body, lead=f"{count:,} documents: {', '.join(names)}")


def _maybe(one: Table | None) -> tuple[Table, Markup] | None:
    return (one, _table(one)) if one else None


def _table(one: Table) -> Markup:
    return table(one.columns, [[_cell(cell) for cell in row] for row in one.rows], caption=one.note)


def _cell(value: object) -> object:
    if isinstance(value, Cell):
        return Number.of(render("epitome.evaluate.report:figure.html", cell=value), value.figure.mean)
    if isinstance(value, Name):
        return Markup("{} <small>{}</small>").format(value.text, value.remark)
    return value


def _plots(evaluation: Evaluation) -> list[Markup]:
    found = []
    for metric in PLOTTED:
        rows = [
            (one.name, one.figures[metric].mean, one.figures[metric].low, one.figures[metric].high)
            for one in evaluation.systems
            if metric in one.figures
        ]
        if rows:
            found.append(intervals(rows, label=f"{MEASURES[metric].label}, mean and 95 % interval"))
    return found


def _spreads(evaluation: Evaluation) -> list[Markup]:
    scored = [one for one in evaluation.systems if one.scores.get("rouge1")][:SPREAD]
    return [
        histogram(
            [value for value in one.scores["rouge1"] if value is not None], label=f"{one.name}: ROUGE-1"
        )
        for one in scored
    ]
