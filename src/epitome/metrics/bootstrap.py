"""How sure a mean is, and how sure one system's lead over another.

Confidence intervals by the percentile bootstrap (Efron 1979); comparisons by the paired bootstrap (Koehn,
"Statistical significance tests for machine translation evaluation", 2004) with a p-value from approximate
randomisation (Noreen 1989; Riezler and Maxwell 2005).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from epitome.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Scores = Sequence[float] | NDArray[np.float64]

RESAMPLES = 2000
"""For an interval: more moves its ends by less than they are rounded to."""
_CHUNK = 4_000_000  # numbers drawn at once: 32 MB


@dataclass(frozen=True, slots=True)
class Paired:
    """The mean of a minus b, its 95 % interval, and the two-sided p-value of "there is no difference"."""

    difference: float
    low: float
    high: float
    p: float


def interval(scores: Scores, samples: int = RESAMPLES, seed: int = 0) -> tuple[float, float, float]:
    """The mean of per-document scores and its 95 % interval (mean, low, high), by the percentile bootstrap.

    Raises `UsageError` if there is no score.
    """
    import numpy as np

    values = _values(scores)
    low, high = np.percentile(_means(values, samples, np.random.default_rng(seed)), (2.5, 97.5))
    return float(values.mean()), float(low), float(high)


def paired(a: Scores, b: Scores, samples: int = 10_000, seed: int = 0) -> Paired:
    """Whether system a beats system b on the same documents, given their scores in the same order.

    The interval resamples documents; p swaps the two systems' scores at random, document by document, and
    counts how often the difference is as large as the one seen (never below 1 / (samples + 1)).

    Raises `UsageError` if the two differ in length or are empty.
    """
    import numpy as np

    if len(a) != len(b):
        raise UsageError(
            f"{len(a)} scores cannot be paired with {len(b)}", hint="score both systems on the same documents"
        )
    differences = _values(a) - _values(b)
    rng = np.random.default_rng(seed)
    low, high = np.percentile(_means(differences, min(samples, RESAMPLES), rng), (2.5, 97.5))
    observed = abs(float(differences.mean()))
    swapped = np.abs(_signed_means(differences, samples, rng))
    # Rounding must not make a tie look smaller than what was seen.
    extreme = int((swapped >= observed - 1e-12).sum())
    return Paired(float(differences.mean()), float(low), float(high), (extreme + 1) / (samples + 1))


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values corrected for there being several (Holm, "A simple sequentially rejective test", 1979).

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    corrected = [0.0] * len(p_values)
    highest = 0.0
    for rank, at in enumerate(order):
        highest = max(highest, min(1.0, p_values[at] * (len(order) - rank)))
        corrected[at] = highest
    return corrected


def _values(scores: Scores) -> NDArray[np.float64]:
    import numpy as np

    if len(scores) == 0:
        raise UsageError("no scores to average", hint="give at least one document")
    return np.asarray(scores, dtype=np.float64)


def _chunks(size: int, samples: int) -> Iterator[int]:
    rows = max(1, _CHUNK // size)
    yield from (min(rows, samples - done) for done in range(0, samples, rows))


def _means(values: NDArray[np.float64], samples: int, rng: np.random.Generator) -> NDArray[np.float64]:
    import numpy as np

    size = len(values)
    return np.concatenate(
        [values[rng.integers(0, size, (rows, size))].mean(axis=1) for rows in _chunks(size, samples)]
    )


def _signed_means(values: NDArray[np.float64], samples: int, rng: np.random.Generator) -> NDArray[np.float64]:
    import numpy as np

    size, total = len(values), values.sum()
    found = []
    for rows in _chunks(size, samples):
        # A random bit a document says whose score keeps its sign: an eighth of a byte drawn, not eight.
        bits = np.unpackbits(
            np.frombuffer(rng.bytes(rows * -(-size // 8)), np.uint8).reshape(rows, -1), axis=1
        )
        found.append((2 * (bits[:, :size].astype(np.float64) @ values) - total) / size)
    return np.concatenate(found)
