"""A small corpus out of the texts written for the tests: each document with one or two gold summaries."""

from __future__ import annotations

import json
from pathlib import Path

from tests.base.summarize.texts import CHINESE, OWL, STORIES, TIDE, WELL

from epitome.datasets.pair import Dataset, Pair

PAIRS = [
    Pair(
        TIDE,
        (
            "Volunteers rebuilt a tidal mill that grinds flour again after 41 years.",
            "A tidal mill works again.",
        ),
        id="tide",
        title="Mill at Orrin Quay turns again",
        domain="news",
    ),
    Pair(WELL, ("A village has clean water from a new well.",), id="well", title="A new well", domain="news"),
    Pair(
        OWL,
        ("A barn owl was rescued from a church organ.",),
        id="owl",
        title="Owl in the organ",
        domain="nature",
    ),
    *(
        Pair(
            story,
            (" ".join(story.split()[:14]) + ".",),
            id=f"story{at}",
            title=f"Story {at}",
            domain="nature",
        )
        for at, story in enumerate(STORIES[3:])
    ),
]
ENGLISH = Dataset(PAIRS, "stories.jsonl")
CHINESE_PAIR = Pair(
    CHINESE, ("三百二十年的老石桥修复后重新开放。",), id="bridge", title="老石桥重新开放", lang="zh"
)


def written(folder: Path, pairs: list[Pair] = PAIRS) -> Path:
    """The corpus as a JSONL file."""
    path = folder / "pairs.jsonl"
    path.write_text("".join(json.dumps(pair.as_row(), ensure_ascii=False) + "\n" for pair in pairs))
    return path
