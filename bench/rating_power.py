"""How many documents a pairwise study needs: the share of simulated studies that find a preference that is there.

    python bench/rating_power.py [--studies 400]

Each document has its own chance that a rater prefers the better system: a beta distribution around the overall rate with
a standard deviation of about 0.2, since people agree more on some documents than on others. A study finds the
preference if p is below 0.05 (approximate randomisation over documents). Prints a Markdown table.
"""

from __future__ import annotations

import argparse

import numpy as np

from epitome.metrics.bootstrap import paired

RATES = (0.55, 0.6, 0.65, 0.7, 0.8)
DOCUMENTS = (25, 50, 100, 200)
SPREAD = 5.0
"""Sum of the beta distribution's parameters: at a rate of 0.6 its standard deviation is 0.2."""


def power(rate: float, documents: int, raters: int, studies: int, seed: int = 0) -> float:
    rng = np.random.default_rng(seed)
    found = 0
    for _ in range(studies):
        chances = rng.beta(rate * SPREAD, (1 - rate) * SPREAD, documents)
        wins = rng.binomial(raters, chances) / raters * 2 - 1
        test = paired(wins, np.zeros(documents), samples=1000)
        found += test.p < 0.05 and test.difference > 0
    return found / studies


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--studies", type=int, default=400)
    parser.add_argument("--raters", type=int, default=3)
    arguments = parser.parse_args()
    print("| the better system wins | " + " | ".join(f"{count} documents" for count in DOCUMENTS) + " |")
    print("|---" * (len(DOCUMENTS) + 1) + "|")
    for rate in RATES:
        shares = (power(rate, count, arguments.raters, arguments.studies) for count in DOCUMENTS)
        print(
            f"| {rate:.0%} of the time | " + " | ".join(f"{share:.0%}" for share in shares) + " |", flush=True
        )


if __name__ == "__main__":
    main()
