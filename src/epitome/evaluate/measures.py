"""What can be measured of a summary: names, units, which way is better, and how each is computed for one text.

A measure is a figure a document; means, intervals and tests come from it for nothing. Those of the group `encoder`
need an encoder and are computed in `encoded`, the others in `plain`, one document at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from epitome.errors import UsageError

Better = Literal["higher", "lower"]


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure."""

    name: str
    label: str
    group: str
    better: Better | None
    """None: a description, not a merit."""
    unit: str = ""
    """`points` from 0 to 100, `share` from 0 to 1, `words`, or nothing."""
    about: str = ""


_ALL = (
    Measure("rouge1", "ROUGE-1", "rouge", "higher", "points", "words shared with the gold summary, F1"),
    Measure("rouge2", "ROUGE-2", "rouge", "higher", "points", "pairs of words shared with it"),
    Measure("rougeL", "ROUGE-L", "rouge", "higher", "points", "longest common subsequence, whole text"),
    Measure("rougeLsum", "ROUGE-Lsum", "rouge", "higher", "points", "the same sentence by sentence"),
    Measure("bleu", "BLEU", "overlap", "higher", "points", "sentence BLEU with effective order, mean"),
    Measure("chrf", "chrF", "overlap", "higher", "points", "character n-grams shared with the gold"),
    Measure(
        "bertscore", "BERTScore", "encoder", "higher", "points", "token vectors matched with the gold, F1"
    ),
    Measure("similarity", "similarity", "encoder", "higher", "", "cosine with the gold"),
    Measure(
        "source_bertscore", "BERTScore, source", "encoder", "higher", "points", "precision against the source"
    ),
    Measure("source_similarity", "similarity, source", "encoder", "higher", "", "cosine with the source"),
    Measure("source_rouge1", "ROUGE-1, source", "source", None, "points", "precision against the source"),
    Measure("source_rouge2", "ROUGE-2, source", "source", None, "points", "precision against the source"),
    Measure("source_rougeL", "ROUGE-L, source", "source", None, "points", "precision against the source"),
    Measure("support", "support", "facts", "higher", "share", "how far the sentences follow from the source"),
    Measure(
        "unsupported", "unsupported facts", "facts", "lower", "", "numbers and quotations the source lacks"
    ),
    Measure("novel1", "novel words", "abstractiveness", None, "share", "not in the source"),
    Measure("novel2", "novel bigrams", "abstractiveness", None, "share", "not in the source"),
    Measure("novel3", "novel trigrams", "abstractiveness", None, "share", "not in the source"),
    Measure("novel4", "novel 4-grams", "abstractiveness", None, "share", "not in the source"),
    Measure(
        "coverage", "coverage", "abstractiveness", None, "share", "words in fragments copied from the source"
    ),
    Measure("density", "density", "abstractiveness", None, "words", "mean length of those fragments"),
    Measure(
        "compression",
        "compression",
        "abstractiveness",
        None,
        "",
        "words of the source for one of the summary",
    ),
    Measure("repetition", "repetition", "fluency", "lower", "share", "trigrams said before"),
    Measure("adjacent", "adjacent sentences", "fluency", None, "share", "how alike neighbours are"),
    Measure("entity_grid", "entity graph", "fluency", None, "", "what links the sentences"),
    Measure("flesch", "reading ease", "fluency", None, "", "Flesch, English only"),
    Measure("grade", "school grade", "fluency", None, "", "Flesch-Kincaid, English only"),
    Measure("words", "words", "length", None, "words", "characters in Chinese and Japanese"),
    Measure("sentences", "sentences", "length", None, "", ""),
    Measure("length_met", "length kept", "length", "higher", "share", "within what was asked for"),
)
MEASURES: dict[str, Measure] = {one.name: one for one in _ALL}
GROUPS: tuple[str, ...] = tuple(dict.fromkeys(one.group for one in _ALL))
USUAL = tuple(group for group in GROUPS if group != "encoder")
"""Without `encoder`, which needs a model that is fetched."""


def groups(asked: Sequence[str]) -> tuple[str, ...]:
    """The groups that `asked` names: groups, measures, or `all`; nothing is the usual ones.

    Raises `UsageError` for an unknown name.
    """
    found: set[str] = set()
    for name in asked or USUAL:
        if name == "all":
            found.update(GROUPS)
        elif name in MEASURES:
            found.add(MEASURES[name].group)
        elif name in GROUPS:
            found.add(name)
        else:
            raise UsageError(f"no metric or group {name!r}", hint=f"groups: {', '.join(GROUPS)}, all")
    return tuple(group for group in GROUPS if group in found)
