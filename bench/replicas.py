"""How replicas follow a day's traffic: measured service times, and the autoscaler's rules, in a simulation.

    python bench/replicas.py measure            # ~10 real requests on this machine -> bench/results/service-times.json
    python bench/replicas.py                    # the day -> bench/results/replicas.md and replicas.html

The traffic is made up, in the manner of a newsroom: little at night, most in the morning, again in the afternoon, and
at 15:00 an event that triples it within two minutes. Its peak needs about five replicas. Every row of the table is the
same day, document by document; only the fleet differs.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import yaml
from markupsafe import Markup

from epitome.pages import page
from epitome.pages.plots import curves
from fleet.autoscaler import Rules
from fleet.measure import measure
from fleet.simulation import PARALLEL, Day, Fleet, Measured, poisson
from harness import machine
from harness.report import Report

ROOT = Path(__file__).resolve().parent.parent
MANIFEST = ROOT / "deploy" / "kubernetes" / "autoscaler.yaml"
TIMES = ROOT / "bench" / "results" / "service-times.json"
HOUR, DAY = 3600.0, 86_400.0
PEAK = 4.0
"""Load of the morning's peak, in replicas that are busy all the time."""
SCHEDULED = 10.0
"""Seconds until a new pod's container starts on a node that has the image; assumed, not measured."""
PACKAGES = ("epitome", "openvino_genai", "xllamacpp")


def load(at: float) -> float:
    """Replicas' worth of documents that arrive at a time of the day, in seconds since midnight."""
    hours = at / HOUR
    shape = 0.05 + math.exp(-(((hours - 9.5) / 1.8) ** 2)) + 0.7 * math.exp(-(((hours - 16) / 2.2) ** 2))
    since = at - 15 * HOUR
    event = 1 + 2 * min(1.0, since / 120) * math.exp(-max(0.0, since - 1200) / 900) if since > 0 else 1.0
    return PEAK * shape * event


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="?", choices=["measure", "simulate"], default="simulate")
    parser.add_argument("--requests", type=int, default=12, help="real requests, in both ways of asking")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    if asked.what == "measure":
        found = {"machine": machine.facts(PACKAGES, ROOT), **measure(asked.requests)}
        TIMES.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
        print(json.dumps(found, indent=1))
        return
    simulate(json.loads(TIMES.read_text("utf-8")), asked.seed)


def simulate(times: dict, seed: int) -> None:
    """The table and the plot."""
    measured = Measured(tuple(times["alone"]), times["speedup"], times["start"] + SCHEDULED)
    ours = Rules.read(yaml.safe_load(MANIFEST.read_text("utf-8")))
    report = Report(ROOT / "bench" / "results" / "replicas.md", "Replicas under a day's traffic, simulated")
    for line in times["machine"]:
        report.line(f"Service times: {line}")
    report.line(
        f"{times['requests']} real requests: {_mean(times['alone']):.2f} s alone, {times['speedup']:.2f} times as many "
        f"documents a second with {PARALLEL} at a time; a replica starts in {times['start']:.0f} s, and {SCHEDULED:.0f} s "
        "are assumed for scheduling"
    )
    defaults = Rules(ours.least, ours.most, ours.target)
    rows: list[tuple[str, Rules | None, int, str]] = [
        (f"{many} replicas, all day", None, many, "held") for many in (4, 6, ours.most)
    ]
    rows += [
        (
            f"documents under way and waiting, target {target}",
            replace(ours, target=target),
            ours.least,
            "held",
        )
        for target in (2, 4, 6, 8)
    ]
    rows += [
        (f"documents waiting alone, target {target}", replace(ours, target=target), ours.least, "waiting")
        for target in (1, 4)
    ]
    rows.append(("as the manifest, default behaviour of Kubernetes", defaults, ours.least, "held"))
    report.table(
        "fleet",
        "replica hours",
        "most",
        "changes",
        "refused %",
        "wait p50 s",
        "p95 s",
        "p99 s",
        "answer p95 s",
    )
    days: dict[str, Day] = {}
    for name, rules, many, metric in rows:
        if rules == ours and metric == "held":
            name = f"**as the manifest**: {name}"
        day = days[name] = Fleet(measured, rules, many, metric, seed).run(_arrivals(measured, seed), DAY)
        report.row(name, *_figures(day))
    report.gap()
    shown = next(day for name, day in days.items() if name.startswith("**"))
    _plot(shown, report)


def _arrivals(measured: Measured, seed: int) -> Iterator[float]:
    capacity = measured.speedup / _mean(measured.alone)  # documents a second of one replica
    most = max(load(60.0 * minute) for minute in range(1440)) * 1.02
    return poisson(lambda at: capacity * load(at), capacity * most, DAY, seed)


def _figures(day: Day) -> tuple[float | int, ...]:
    came = len(day.took) + day.refused
    return (
        day.replica_seconds / HOUR, max(many for _, many, _, _ in day.minutes), day.changes, 100 * day.refused / came,
        *(_quantile(day.waited, share) for share in (0.5, 0.95, 0.99)), _quantile(day.took, 0.95),
    )  # fmt: skip


def _plot(day: Day, report: Report) -> None:
    ten = [(at, list(rows)) for at, rows in groupby(day.minutes, lambda row: int(row[0] // 600))]
    inside = [(at / 6, rows) for at, rows in ten if at < 144]

    def line(name: str, column: int) -> tuple[str, list[tuple[float, float]]]:
        return name, [(at, max(row[column] for row in rows)) for at, rows in inside]

    offered = ("load, in replicas", [(at, load(at * HOUR)) for at, _ in inside])
    body = Markup("").join(
        [
            curves([offered, line("replicas", 1)], label="Replicas follow the load", unit="hour"),
            curves([line("documents waiting", 3)], label="What waits meanwhile", unit="hour"),
        ]
    )
    lead = "A simulated day, with measured service times and the rules of deploy/kubernetes/autoscaler.yaml."
    path = report.path.with_suffix(".html")
    path.write_text(page("Replicas under a day's traffic", body, lead=lead), "utf-8")
    report.line(f"The plot: {path.name}, most replicas and documents in each ten minutes")


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


if __name__ == "__main__":
    main()
