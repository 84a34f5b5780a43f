"""The rules of Kubernetes' HorizontalPodAutoscaler for a metric of pods, as its documentation gives them.

https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/ ("Algorithm details", "Configurable scaling
behavior"): every 15 seconds desired = ceil(current * mean / target), unless mean / target is within a tolerance of 0.1;
pods without a value count as at the target when that would shrink the fleet, and as 0 when it would grow it; of the
desires of the stabilisation window the safest is taken; policies then bound how much is added or removed in their period.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

PERIOD = 15.0
"""Seconds between two looks (--horizontal-pod-autoscaler-sync-period)."""
TOLERANCE = 0.1


@dataclass(frozen=True)
class Policy:
    """At most `value` pods (or percent of the pods there were) within `seconds`."""

    kind: str
    value: float
    seconds: float


@dataclass(frozen=True)
class Behaviour:
    """One direction: its stabilisation window in seconds, and its policies, of which the most generous counts."""

    window: float
    policies: Sequence[Policy]


@dataclass(frozen=True)
class Rules:
    """An autoscaler as deploy/kubernetes/autoscaler.yaml describes one."""

    least: int
    most: int
    target: float
    up: Behaviour = Behaviour(0, (Policy("Percent", 100, 15), Policy("Pods", 4, 15)))
    down: Behaviour = Behaviour(300, (Policy("Percent", 100, 15),))

    @classmethod
    def read(cls, manifest: dict) -> Rules:
        """Of a parsed manifest of kind HorizontalPodAutoscaler with one metric of pods."""
        spec = manifest["spec"]
        (metric,) = spec["metrics"]
        up, down = (
            Behaviour(
                given["stabilizationWindowSeconds"],
                tuple(Policy(one["type"], one["value"], one["periodSeconds"]) for one in given["policies"]),
            )
            for given in (spec["behavior"]["scaleUp"], spec["behavior"]["scaleDown"])
        )
        target = float(metric["pods"]["target"]["averageValue"])
        return cls(spec["minReplicas"], spec["maxReplicas"], target, up, down)


@dataclass
class Autoscaler:
    """Looks every 15 seconds, and says how many replicas there should be."""

    rules: Rules
    _desires: deque[tuple[float, int]] = field(default_factory=deque)
    _changes: deque[tuple[float, int]] = field(default_factory=deque)

    def look(self, now: float, replicas: int, values: Sequence[float]) -> int:
        """The number wanted now, of `replicas` pods of which `values` tells those that have a value."""
        rules = self.rules
        wanted = desired(replicas, values, rules.target)
        self._desires.append((now, wanted))
        longest = max(rules.up.window, rules.down.window)
        while self._desires[0][0] < now - longest:
            self._desires.popleft()
        lowest = min(wanted for at, wanted in self._desires if at >= now - rules.up.window)
        highest = max(wanted for at, wanted in self._desires if at >= now - rules.down.window)
        settled = min(max(replicas, lowest), highest)
        settled = min(max(settled, rules.least), rules.most)
        bounded = self._bounded(now, replicas, settled)
        if bounded != replicas:
            self._changes.append((now, bounded - replicas))
        return bounded

    def _bounded(self, now: float, replicas: int, wanted: int) -> int:
        """What the policies of its direction let through of a change."""
        if wanted > replicas:
            most = max(self._bound(now, replicas, policy, 1) for policy in self.rules.up.policies)
            return max(replicas, min(wanted, most))
        if wanted < replicas:
            least = min(self._bound(now, replicas, policy, -1) for policy in self.rules.down.policies)
            return min(replicas, max(wanted, least))
        return replicas

    def _bound(self, now: float, replicas: int, policy: Policy, sign: int) -> int:
        """How far a policy lets it go, from the number that there was when its period began."""
        before = replicas - sum(change for at, change in self._changes if at > now - policy.seconds)
        if policy.kind == "Pods":
            return int(before + sign * policy.value)
        bound = before * (1 + sign * policy.value / 100)
        return math.ceil(bound) if sign > 0 else int(bound)


def desired(replicas: int, values: Sequence[float], target: float) -> int:
    """How many replicas the values ask for, before windows and policies."""
    if not values:
        return replicas
    ratio = _mean(values) / target
    missing = replicas - len(values)
    if missing <= 0:
        return replicas if abs(ratio - 1) <= TOLERANCE else math.ceil(ratio * len(values))
    filled = [*values, *[0.0 if ratio > 1 else target] * missing]
    again = _mean(filled) / target
    if abs(again - 1) <= TOLERANCE or (ratio > 1) != (again > 1):
        return replicas
    return math.ceil(again * len(filled))


def _mean(values: Sequence[float]) -> float:
    """In thousandths, which is what Kubernetes counts in."""
    return sum(round(1000 * value) for value in values) // len(values) / 1000
