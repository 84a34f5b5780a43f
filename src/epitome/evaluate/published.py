"""Figures of others on the same corpus, out of `published.toml`."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files

from epitome.evaluate.result import Published

_METRICS = ("rouge1", "rouge2", "rougeL")


def published(source: str) -> list[Published]:
    """What is known of the corpus that the data's path names; nothing for any other.

    >>> [one.system for one in published("data/scitldr/dev.jsonl")][:1]
    ['CATTS (BART-large)']
    """
    rows = tomllib.loads(files("epitome.evaluate").joinpath("published.toml").read_text(encoding="utf-8"))[
        "figure"
    ]
    words = set(re.split(r"[/\\.]", source.lower()))
    return [
        Published(
            row["system"],
            row["split"],
            {name: row[name] for name in _METRICS if name in row},
            row["source"],
            row.get("note", ""),
        )
        for row in rows
        if row["corpus"] in words
    ]
