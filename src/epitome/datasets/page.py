"""What was found in a corpus as one HTML page."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from epitome.datasets.inspection import MEASURES, Inspection
from epitome.datasets.problems import KINDS
from epitome.pages import page as framed
from epitome.pages import render, table
from epitome.pages.plots import bars, histogram

SHOWN = 50
"""Rows of one kind that are named; `--json` names all."""


def page(found: Sequence[Inspection]) -> str:
    """One page for one or several corpora: figures, plots, and what is wrong with which rows."""
    body = Markup("").join(_corpus(one) for one in found)
    names = ", ".join(one.source for one in found)
    return framed(f"Inspection of {names}", body, lead=f"{sum(one.n for one in found):,} pairs")


def _corpus(one: Inspection) -> Markup:
    mixes = {"languages": one.languages, "domains": one.domains}
    return render(
        "epitome.datasets:inspection.html",
        one=one,
        measures=_measures(one),
        plots=[histogram(one.values[name], label=name, unit=about) for name, about in MEASURES.items()],
        mixes=[
            bars([(value, float(count)) for value, count in list(mix.items())[:12]], label=name)
            for name, mix in mixes.items()
            if len(mix) > 1
        ],
        problems=[
            (
                kind,
                KINDS[kind],
                len(rows),
                table(("row", "detail"), [(r["id"], r["detail"]) for r in rows[:SHOWN]]),
            )
            for kind, rows in one.problems.items()
        ],
        bad=table(("line", "why"), [(row["line"], row["reason"]) for row in one.bad[:SHOWN]])
        if one.bad
        else None,
        shown=SHOWN,
    )


def _measures(one: Inspection) -> Markup:
    columns = ("", "mean", "5 %", "25 %", "median", "75 %", "95 %", "least", "most")
    rows = [
        (name, s.mean, s.low, s.quarter, s.median, s.three_quarters, s.high, s.least, s.most)
        for name, s in one.spreads.items()
    ]
    return table(columns, rows)
