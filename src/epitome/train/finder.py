"""Which learning rate to begin with: raised step by step until the loss blows up (Smith 2017, the range test)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from epitome.datasets.pair import Dataset
from epitome.models.model import Model
from epitome.pages import page
from epitome.pages.plots import curves
from epitome.store.journal import replacing
from epitome.train.config import Config
from epitome.train.course import Watch
from epitome.train.loop import Stepped
from epitome.train.run import prepared

LOW, HIGH = 1e-6, 1e-1
SMOOTH = 0.8
BLOWN = 1.5
"""The loss has blown up when it is so many times its least."""


@dataclass(frozen=True, slots=True)
class Swept:
    """Rates tried, the smoothed loss at each, and the rate at which it fell fastest."""

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    suggested: float


def sweep(data: Dataset, model: Model, config: Config, steps: int, watch: Watch) -> Swept:
    """Take `steps` steps from a rate of 1e-6 to 1e-1, each from where the last one ended. Nothing is written."""
    run = prepared(data, model, config, steps, watch)
    rates: list[float] = []
    losses: list[float] = []
    held, weight = 0.0, 0.0
    for number in range(1, steps + 1):
        run.stepper.lr = LOW * (HIGH / LOW) ** ((number - 1) / max(1, steps - 1))
        stepped: Stepped = run.stepper.step(number, run.order.at(number - 1))
        watch.step(stepped, steps)
        if not stepped.applied:
            break
        held, weight = SMOOTH * held + (1 - SMOOTH) * stepped.loss, SMOOTH * weight + (1 - SMOOTH)
        rates.append(run.stepper.lr)
        losses.append(held / weight)
        if losses[-1] > BLOWN * min(losses):
            break
    return Swept(tuple(rates), tuple(losses), steepest(rates, losses))


def steepest(rates: list[float], losses: list[float]) -> float:
    """The rate before the least loss at which it falls fastest over the logarithm of the rate."""
    if len(rates) < 3:
        return rates[0] if rates else LOW
    last = losses.index(min(losses))
    slopes = [
        (losses[at + 1] - losses[at - 1]) / (math.log(rates[at + 1]) - math.log(rates[at - 1]))
        for at in range(1, max(2, min(last, len(rates) - 1)))
    ]
    return rates[1 + slopes.index(min(slopes))]


def write(swept: Swept, path: Path) -> None:
    """The curve as a page."""
    points = [(math.log10(rate), loss) for rate, loss in zip(swept.rates, swept.losses, strict=True)]
    body = curves(
        [("loss", points)], label="smoothed loss over the logarithm (base 10) of the rate", unit="rate 10^"
    )
    with replacing(path) as file:
        file.write(page("Learning rate", body, lead=f"falls fastest at {swept.suggested:.1e}"))
