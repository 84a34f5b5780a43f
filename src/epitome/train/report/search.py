"""A search as one HTML page: how it went, which settings mattered, every trial."""

from __future__ import annotations

from typing import Any

from epitome.pages import page, render, table
from epitome.pages.plots import bars, curves


def search(study: Any, metric: str) -> str:
    """The page of an Optuna study; `metric` is what was made as large as possible (the loss: as small)."""
    sign = -1.0 if metric == "loss" else 1.0
    done = [one for one in study.trials if one.value is not None and one.state.name == "COMPLETE"]
    history = [(float(one.number), sign * one.value) for one in done]
    best: list[tuple[float, float]] = []
    for at, value in history:
        held = best[-1][1] if best else value
        best.append((at, min(held, value) if metric == "loss" else max(held, value)))
    plots = [curves([("each trial", history), ("best so far", best)], label=metric, unit="trial")]
    if important := _importance(study, len(done)):
        plots.append(bars(important, label="what mattered (PED-ANOVA, share)"))
    names = sorted({name for one in study.trials for name in one.params})
    rows = [
        (one.number, *(one.params.get(name) for name in names), _value(one, sign), one.state.name.lower())
        for one in study.trials
    ]
    body = render(
        "epitome.train.report:search.html",
        plots=plots,
        trials=table(("trial", *names, metric, "state"), rows),
    )
    return page(f"Search for settings: {len(study.trials)} trials", body, lead=_lead(study, sign, metric))


def _lead(study: Any, sign: float, metric: str) -> str:
    best = study.best_trial
    return f"best {metric} {sign * best.value:.4g} in trial {best.number}"


def _value(trial: Any, sign: float) -> float | None:
    return None if trial.value is None else sign * trial.value


def _importance(study: Any, count: int) -> list[tuple[str, float]]:
    """Shares by setting (Watanabe et al. 2023); none where too few trials say anything."""
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    if count < 5:
        return []
    try:
        found = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
    except (RuntimeError, ValueError):
        return []
    return [(name, float(value)) for name, value in found.items()]
