"""The findings of a study as a page."""

from __future__ import annotations

from markupsafe import Markup

from epitome.evaluate.compare import CERTAIN
from epitome.evaluate.rating.analyse import Duel, Findings
from epitome.pages import page, render, table
from epitome.pages.plots import intervals


def html(found: Findings, source: str) -> str:
    """One self-contained page: who was rated how, who beats whom, how far people agree."""
    body = render(
        "epitome.evaluate.rating:report.html",
        found=found,
        plots=_plots(found),
        standings=table(
            ("system", "question", "mean", "low", "high", "documents"),
            [
                (one.system, one.question, one.mean, one.low, one.high, one.documents)
                for one in found.standings
            ],
        ),
        duels=table(
            (
                "systems",
                "question",
                "difference",
                "low",
                "high",
                "p",
                "p, corrected",
                "won",
                "tied",
                "lost",
                "in words",
            ),
            [_duel(one) for one in found.duels],
        ),
        agreement=table(
            ("question", "Krippendorff's alpha", "low", "high"),
            [(one.question, one.alpha, one.low, one.high) for one in found.agreement],
        ),
    )
    kind = "pairwise" if found.plan.mode == "pairwise" else "Likert"
    raters = f"{len(found.raters)} raters" if len(found.raters) != 1 else "one rater"
    return page(
        f"Ratings: {source}", body, lead=f"A blind {kind} study: {found.ratings:,} judgements by {raters}"
    )


def in_words(one: Duel) -> str:
    """Who is better, as far as the ratings can tell."""
    if one.corrected >= CERTAIN or one.difference == 0:
        return "cannot tell"
    return f"{one.a if one.difference > 0 else one.b} is better"


def _duel(one: Duel) -> tuple[object, ...]:
    numbers = (one.difference, one.low, one.high, round(one.p, 4), round(one.corrected, 4))
    return (f"{one.a} and {one.b}", one.question, *numbers, one.wins, one.ties, one.losses, in_words(one))


def _plots(found: Findings) -> list[Markup]:
    return [
        intervals(
            [
                (one.system, one.mean, one.low, one.high)
                for one in found.standings
                if one.question == question
            ],
            label=question,
        )
        for question in found.plan.questions
    ]
