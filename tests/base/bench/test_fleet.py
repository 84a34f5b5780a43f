"""The simulation of replicas: the autoscaler's rules as documented, and queues as Erlang's formula has them."""

from __future__ import annotations

import importlib
import math
import random
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture(scope="module")
def autoscaler(bench: Path) -> ModuleType:
    return importlib.import_module("fleet.autoscaler")


@pytest.fixture(scope="module")
def simulation(bench: Path) -> ModuleType:
    return importlib.import_module("fleet.simulation")


@pytest.mark.parametrize(
    ("replicas", "values", "target", "wanted"),
    [
        (1, [200], 100, 2),
        (2, [50, 50], 100, 1),
        (4, [105] * 4, 100, 4),  # within the tolerance
        (4, [111] * 4, 100, 5),
        (4, [80] * 4, 100, 4),  # 3.2 are not enough
        (4, [0] * 4, 100, 0),
        (4, [200, 200], 100, 4),  # two tell nothing: as if they had 0, the mean is as wanted
        (4, [300, 300], 100, 6),
        (4, [20, 20], 100, 3),  # two tell nothing: as if they were at the target
        (3, [], 100, 3),
    ],
)
def test_how_many_the_values_ask_for(
    autoscaler: ModuleType, replicas: int, values: list[float], target: float, wanted: int
) -> None:
    assert autoscaler.desired(replicas, values, target) == wanted


def looked(scaler: Any, loads: list[float], replicas: int) -> list[int]:
    """The fleet after each look, of so many replicas' worth of documents."""
    fleet = []
    for number, held in enumerate(loads):
        replicas = scaler.look(15.0 * number, replicas, [held / replicas] * replicas)
        fleet.append(replicas)
    return fleet


def test_the_default_behaviour_grows_at_once_and_shrinks_after_five_minutes(autoscaler: ModuleType) -> None:
    scaler = autoscaler.Autoscaler(autoscaler.Rules(1, 100, 1.0))
    fleet = looked(scaler, [50.0] * 5 + [2.0] * 30, 1)
    assert fleet[:5] == [5, 10, 20, 40, 50]  # four more, or twice as many, within 15 seconds
    assert fleet[5 : 5 + 20] == [50] * 20  # the highest of the last 300 seconds
    assert fleet[-1] == 2


def test_policies_bound_what_is_added_and_removed_in_their_period(autoscaler: ModuleType) -> None:
    up = autoscaler.Behaviour(0, (autoscaler.Policy("Pods", 2, 60),))
    down = autoscaler.Behaviour(0, (autoscaler.Policy("Percent", 50, 60),))
    scaler = autoscaler.Autoscaler(autoscaler.Rules(1, 8, 1.0, up, down))
    assert looked(scaler, [50.0] * 17, 1) == [3] * 4 + [5] * 4 + [7] * 4 + [8] * 5
    scaler = autoscaler.Autoscaler(autoscaler.Rules(1, 8, 1.0, up, down))
    assert looked(scaler, [1.0] * 9, 8) == [4] * 4 + [2] * 4 + [1]


def test_the_manifest_is_read_as_it_is_written(autoscaler: ModuleType, bench: Path) -> None:
    import yaml

    manifest = yaml.safe_load((bench.parent / "deploy" / "kubernetes" / "autoscaler.yaml").read_text("utf-8"))
    rules = autoscaler.Rules.read(manifest)
    assert (rules.least, rules.most) == (manifest["spec"]["minReplicas"], manifest["spec"]["maxReplicas"])
    assert rules.down.window == 300
    assert {policy.kind for policy in rules.up.policies} == {"Percent", "Pods"}


def test_what_waits_is_what_queueing_theory_says(
    simulation: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One replica whose eight places have a core each, exponential times: Erlang's C formula gives the mean wait."""
    monkeypatch.setattr(simulation, "WAITING", 10**6)
    chance = random.Random(5)
    measured = simulation.Measured(tuple(chance.expovariate(1.0) for _ in range(100_000)), 8.0, 0.0)
    rate, places = 6.8, 8
    arrivals = simulation.poisson(lambda _: rate, rate, 20_000, 3)
    day = simulation.Fleet(measured, None, 1, "held", 4).run(arrivals, 20_000)
    erlangs = rate * sum(measured.alone) / len(measured.alone)
    queued = erlangs**places / math.factorial(places) * places / (places - erlangs)
    waits = queued / (sum(erlangs**n / math.factorial(n) for n in range(places)) + queued)
    mean = waits / (places - erlangs)
    assert sum(day.waited) / len(day.waited) == pytest.approx(mean, rel=0.1)


def test_documents_that_share_a_core_take_longer_and_none_is_lost(simulation: ModuleType) -> None:
    measured = simulation.Measured((1.0,), 1.0, 0.0)
    day = simulation.Fleet(measured, None, 1, "held", 0).run(iter([0.0, 0.0, 0.5]), 10)
    assert day.took == pytest.approx([2.75, 2.75, 2.5])  # two share until 0.5, then three until 2.75
    day = simulation.Fleet(measured, None, 1, "held", 0).run(iter([0.0] * 100), 10)
    assert (len(day.took), day.refused) == (72, 28)
    assert max(day.took) == pytest.approx(72)


def test_a_fleet_grows_with_the_load_and_shrinks_after_it(
    simulation: ModuleType, autoscaler: ModuleType
) -> None:
    measured = simulation.Measured((1.0,), 2.0, 30.0)
    rules = autoscaler.Rules(1, 6, 4.0)
    arrivals = simulation.poisson(lambda at: 3.0 if 600 < at < 1800 else 0.5, 3.0, 3600, 1)
    day = simulation.Fleet(measured, rules, 1, "held", 2).run(arrivals, 3600)
    fleet = {at: many for at, many, _, _ in day.minutes}
    assert fleet[540] == 1
    assert max(fleet.values()) >= 2
    assert fleet[3540] == 1
    assert day.refused == 0
    assert day.replica_seconds < 6 * 3600 * 0.6
