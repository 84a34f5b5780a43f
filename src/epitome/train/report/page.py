"""A training run as one HTML page: curves, what it wrote after each evaluation, settings, data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from epitome.pages import page as framed
from epitome.pages import render, table
from epitome.pages.plots import Points, curves
from epitome.train.config import Config, as_toml
from epitome.train.validate import Judged

TITLES = {
    "loss": "loss", "perplexity": "perplexity", "accuracy": "accuracy", "macro_f1": "macro-F1", "rouge1": "ROUGE-1",
    "rouge2": "ROUGE-2", "rougeL": "ROUGE-L",
}  # fmt: skip
"""What a figure on dev is called."""
SMOOTH = 0.9
"""Weight of what came before in the smoothed loss."""
MOST_POINTS = 400


def page(
    title: str,
    facts: Mapping[str, Any],
    config: Config,
    steps: Sequence[Mapping[str, Any]],
    judged: Sequence[Judged],
) -> str:
    """The page. `facts` are said at its head; `steps` are the lines of `log.jsonl`."""
    loss = [(float(line["step"]), float(line["loss"])) for line in steps]
    plots = [
        curves([("each step", _thinned(loss)), ("smoothed", _thinned(_smooth(loss)))], label="training loss"),
        *(curves([("dev", _values(judged, name))], label=f"{TITLES[name]} on dev") for name in said(judged)),
        curves([("rate", _thinned(_column(steps, "lr")))], label="learning rate"),
        curves(
            [("norm", _thinned(_column(steps, "norm")))], label="norm of the gradient, before it is clipped"
        ),
        curves([("speed", _thinned(_speed(steps)))], label="tokens per second"),
    ]
    body = render(
        "epitome.train.report:run.html",
        facts=[(name, str(value)) for name, value in facts.items()],
        plots=[plot for plot in plots if plot],
        figures=_figures(judged),
        samples=_samples(judged),
        settings=as_toml(config),
    )
    return framed(title, body, lead=f"{len(steps):,} steps")


def said(judged: Sequence[Judged]) -> list[str]:
    """Which figures these evaluations have."""
    return [name for name in TITLES if any(getattr(one, name) is not None for one in judged)]


def _figures(judged: Sequence[Judged]) -> Markup | None:
    names = said(judged)
    rows = [(one.step, *(_shown(getattr(one, name), name) for name in names)) for one in judged]
    return table(("step", *(f"{TITLES[name]} on dev" for name in names)), rows) if rows else None


def _shown(value: float | None, name: str) -> object:
    return f"{value:.4f}" if value is not None and name in ("loss", "accuracy") else value


def _samples(judged: Sequence[Judged]) -> list[dict[str, Any]]:
    """For each document that was summarised every time: its gold summary, and what was written after which step."""
    found: dict[str, dict[str, Any]] = {}
    for one in judged:
        for sample in one.samples:
            held = found.setdefault(sample["id"], {"id": sample["id"], "gold": sample["gold"], "texts": []})
            held["texts"].append((one.step, sample["text"]))
    return list(found.values())


def _values(judged: Sequence[Judged], name: str) -> Points:
    return [(float(one.step), float(value)) for one in judged if (value := getattr(one, name)) is not None]


def _column(steps: Sequence[Mapping[str, Any]], name: str) -> list[tuple[float, float]]:
    return [(float(line["step"]), float(line[name])) for line in steps]


def _speed(steps: Sequence[Mapping[str, Any]]) -> list[tuple[float, float]]:
    return [(float(line["step"]), line["tokens"] / line["seconds"]) for line in steps]


def _smooth(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    held, weight, found = 0.0, 0.0, []
    for at, value in points:
        held, weight = SMOOTH * held + (1 - SMOOTH) * value, SMOOTH * weight + (1 - SMOOTH)
        found.append((at, held / weight))
    return found


def _thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    step = max(1, len(points) // MOST_POINTS)
    return list(points[::step])
