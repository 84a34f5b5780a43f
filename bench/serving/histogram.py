"""A Prometheus histogram, read from its text and compared with how it was before."""

from __future__ import annotations

import re


class Histogram:
    """The buckets of a metric; `labels` as they stand behind `le`.

    >>> Histogram('x_bucket{le="0.1",a="b"} 3.0\\nx_bucket{le="+Inf",a="b"} 4.0', "x", ',a="b"').below(0.1)
    0.75
    """

    def __init__(self, text: str, name: str, labels: str = "") -> None:
        rows = re.findall(rf'^{name}_bucket{{le="([^"]+)"{labels}}} (\S+)$', text, re.MULTILINE)
        self.counts = {float(bound): float(count) for bound, count in rows}

    def since(self, before: Histogram) -> Histogram:
        """What has come since."""
        changed = Histogram("", "")
        changed.counts = {bound: count - before.counts.get(bound, 0) for bound, count in self.counts.items()}
        return changed

    @property
    def count(self) -> int:
        return int(max(self.counts.values(), default=0))

    def below(self, bound: float) -> float:
        """The share up to a bound, one of the buckets'."""
        return self.counts[bound] / self.count if self.count else 1.0

    def quantile(self, share: float) -> float:
        """The upper bound of the bucket in which it lies."""
        reached = (bound for bound, count in sorted(self.counts.items()) if count >= share * self.count)
        return next(reached, float("inf"))
