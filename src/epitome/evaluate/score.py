"""Figures for one document: every system's summary of it, laid beside its gold summaries and its source."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from epitome.datasets.pair import Pair
from epitome.documents import count_length, from_text, sentences
from epitome.metrics.abstractiveness import abstractiveness
from epitome.metrics.bleu import bleu
from epitome.metrics.chrf import chrf
from epitome.metrics.coherence import coherence
from epitome.metrics.readability import readability
from epitome.metrics.repetition import repeated_share
from epitome.metrics.rouge import Protocol, score, scores
from epitome.metrics.tokens import BY_WORD
from epitome.summarize.budget import budget
from epitome.trust.check import Source
from epitome.types import Request

Chinese = Literal["characters", "words"]
Scores = dict[str, float | None]
"""By metric; None where it says nothing of this text."""


@dataclass(frozen=True)
class Scoring:
    """What to compute."""

    groups: tuple[str, ...]
    golds: Protocol = "best-r1"
    chinese: Chinese = "characters"
    request: Request = field(default_factory=Request)


@dataclass
class _Case:
    """A pair, prepared once for all systems."""

    pair: Pair
    scoring: Scoring

    @cached_property
    def source(self) -> Source:
        return Source(from_text(self.pair.document, title=self.pair.title, language=self.pair.lang))

    @cached_property
    def golds(self) -> list[str]:
        return [_lined(gold, self.pair.lang) for gold in self.pair.summaries]


def plain(pair: Pair, texts: Sequence[str], scoring: Scoring) -> list[Scores]:
    """Every measure that needs no encoder, for each of the texts that were written for this document."""
    case = _Case(pair, scoring)
    found: list[Scores] = []
    for text in texts:
        row: Scores = {}
        for group in scoring.groups:
            if group in _GROUPS:
                row |= _GROUPS[group](text, case)
        found.append(row)
    return found


def _lined(text: str, language: str) -> str:
    """A sentence a line, as ROUGE-Lsum takes it."""
    return "\n".join(text[start:end] for start, end in sentences(text, language))


def _rouge(text: str, case: _Case) -> Scores:
    lang = case.pair.lang
    cut = lang + BY_WORD if case.scoring.chinese == "words" else lang
    found = scores(_lined(text, lang), case.golds, cut, case.scoring.golds, lsum=True)
    return {name: one.f for name, one in found.items()}


def _overlap(text: str, case: _Case) -> Scores:
    golds, lang = case.pair.summaries, case.pair.lang
    return {"bleu": bleu(text, golds, lang), "chrf": chrf(text, golds)}


def _source(text: str, case: _Case) -> Scores:
    found = score(text, case.pair.document, case.pair.lang)
    return {f"source_{name}": one.precision if text else None for name, one in found.items()}


def _facts(text: str, case: _Case) -> Scores:
    checked = case.source.check(text)
    return {
        "support": sum(one.support for one in checked) / len(checked) if checked else None,
        "unsupported": float(sum(len(one.facts) for one in checked)) if checked else None,
    }


def _abstractiveness(text: str, case: _Case) -> Scores:
    names = ("novel1", "novel2", "novel3", "novel4", "coverage", "density", "compression")
    if not text.strip():
        return dict.fromkeys(names)
    found = abstractiveness(text, case.pair.document, case.pair.lang)
    return dict(zip(names, (*found.novel, found.coverage, found.density, found.compression), strict=True))


def _fluency(text: str, case: _Case) -> Scores:
    lang = case.pair.lang
    if not text.strip():
        return dict.fromkeys(("repetition", "adjacent", "entity_grid", "flesch", "grade"))
    spans = sentences(text, lang)
    linked = coherence([text[start:end] for start, end in spans], lang)
    read = readability(text, lang)
    return {
        "repetition": repeated_share(text, lang),
        "adjacent": linked.adjacent,
        "entity_grid": linked.graph,
        "flesch": read.ease,
        "grade": read.grade,
    }


def _length(text: str, case: _Case) -> Scores:
    lang, request = case.pair.lang, case.scoring.request
    words, count = count_length(text, lang), len(sentences(text, lang))
    found: Scores = {"words": float(words), "sentences": float(count)}
    if request.words or request.sentences or request.style:
        bounds = budget(case.source.document, request)
        kept = count in bounds.sentences and (bounds.words is None or words in bounds.words)
        found["length_met"] = float(kept)
    return found


_GROUPS: Mapping[str, Callable[[str, _Case], Scores]] = {
    "rouge": _rouge,
    "overlap": _overlap,
    "source": _source,
    "facts": _facts,
    "abstractiveness": _abstractiveness,
    "fluency": _fluency,
    "length": _length,
}
