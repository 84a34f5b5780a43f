"""What came of the rounds: speed, memory, and whether all have learnt the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from harness.report import Report, median
from training.systems import OURS, TRL, Plan, Taken, title

SPEED_BAR, MEMORY_BAR = 2.5, 2.0
"""Tokens a second over those of the faster TRL; the leaner TRL's peak over ours."""
NEAR = 0.02
"""How far the losses of one step may lie apart: bfloat16 rounds other sums in each system."""

Rounds = Mapping[str, list[Taken]]
"""The runs of each system, in the order of the rounds."""


def figures(report: Report, rounds: Rounds, plan: Plan) -> None:
    """Everything that is said of the rounds that are there."""
    done = {name: taken for name, taken in rounds.items() if taken}
    losses(report, done)
    speeds(report, done, plan)
    bars(report, done, plan)


def speeds(report: Report, rounds: Rounds, plan: Plan) -> None:
    """Median and range of each system, and what ours is to it."""
    report.section("Speed and memory")
    report.table(
        "median (lowest to highest) of the rounds", "tokens/s", "peak MiB", "s of the whole process",
        "tokens/s of ours over it", "its peak over ours",
    )  # fmt: skip
    for name, taken in rounds.items():
        shown = [
            spread([one.speed(plan) for one in taken]),
            spread([one.peak / 2**20 for one in taken]),
            spread([one.wall for one in taken]),
        ]
        report.row(title(name), *shown, *_against(rounds, name, plan))
    report.gap()


def _against(rounds: Rounds, name: str, plan: Plan) -> list[str]:
    if OURS not in rounds or name == OURS:
        return ["", ""]
    return [spread(faster(rounds, OURS, name, plan)), spread(leaner(rounds, OURS, name))]


def faster(rounds: Rounds, ours: str, other: str, plan: Plan) -> list[float]:
    """Our tokens a second over those of `other`, round by round."""
    pairs = zip(rounds[ours], rounds[other], strict=False)
    return [mine.speed(plan) / theirs.speed(plan) for mine, theirs in pairs]


def leaner(rounds: Rounds, ours: str, other: str) -> list[float]:
    """The peak of `other` over ours, round by round."""
    return [theirs.peak / mine.peak for mine, theirs in zip(rounds[ours], rounds[other], strict=False)]


def bars(report: Report, rounds: Rounds, plan: Plan) -> None:
    """Against the fastest and the leanest TRL; what was not measured is said."""
    peers = [name for name in rounds if name in TRL]
    if OURS not in rounds or not peers:
        report.line("not measured: ours against TRL")
        return
    best = _best(rounds, peers, lambda one: -one.speed(plan))
    lean = _best(rounds, peers, lambda one: one.peak)
    for name in (ours for ours in rounds if ours not in TRL):
        speed = faster(rounds, name, best, plan)
        less = leaner(rounds, name, lean)
        if name == OURS:
            report.bar(
                f"tokens/s over the fastest, {title(best)}: median of {each(speed)}", median(speed), SPEED_BAR
            )
            report.bar(
                f"peak of the leanest, {title(lean)}, over ours: median of {each(less)}",
                median(less),
                MEMORY_BAR,
            )
        else:
            report.line(
                f"no bar: {title(name)}: tokens/s over {title(best)} {median(speed):.2f} ({each(speed)}), "
                f"peak of {title(lean)} over it {median(less):.2f} ({each(less)})"
            )


def _best(rounds: Rounds, names: Sequence[str], key: Callable[[Taken], float]) -> str:
    return min(names, key=lambda name: median([key(one) for one in rounds[name]]))


def losses(report: Report, rounds: Rounds) -> None:
    """The loss of each step, and how far each system's lie from ours."""
    report.section("Loss of each step")
    steps = max(len(one.losses) for taken in rounds.values() for one in taken)
    report.table(
        "first round", *(f"step {at + 1}" for at in range(steps)), "largest difference to ours, all rounds"
    )
    for name, taken in rounds.items():
        shown = [f"{loss:.4f}" for loss in taken[0].losses]
        report.row(title(name), *shown, _apart(rounds, name))
    report.gap()
    others = [name for name in rounds if name != OURS]
    if OURS in rounds and others:
        near = [max(differences(rounds, name)) <= NEAR for name in others]
        report.bar(
            f"share of the systems whose losses agree with ours within {NEAR:g}", sum(near) / len(near), 1.0
        )


def _apart(rounds: Rounds, name: str) -> str:
    return f"{max(differences(rounds, name)):.5f}" if OURS in rounds else ""


def differences(rounds: Rounds, name: str) -> list[float]:
    """Of every step of every round, from our first round's."""
    ours = rounds[OURS][0].losses
    return [abs(mine - theirs) for one in rounds[name] for mine, theirs in zip(ours, one.losses, strict=True)]


def spread(values: Sequence[float]) -> str:
    """A median with its range."""
    return f"{_short(median(values))} ({_short(min(values))} to {_short(max(values))})"


def each(values: Sequence[float]) -> str:
    """All of them."""
    return " ".join(f"{value:.2f}" for value in values)


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
