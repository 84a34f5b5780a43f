"""Everything that a number depends on, in one line beside it, as sacrebleu has it.

rouge1|data:3f2a9c01|n:619|golds:best-r1|tok:en.porter|lsum:sentences|ci:bootstrap.2000.0|…|epitome:0.1.0
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version

from epitome.datasets.pair import Dataset
from epitome.evaluate.measures import MEASURES
from epitome.metrics.tokens import by_character
from epitome.types import Request


def version_of(package: str) -> str:
    """Its version, or `none`."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


def tokeniser(languages: Iterable[str], by_word: bool = False) -> str:
    """How texts of these languages are cut for ROUGE, such as `en.porter+zh.char`; `by_word`: Chinese in words.

    >>> tokeniser(["zh", "en", "de"])
    'de.words+en.porter+zh.char'
    """
    return "+".join(sorted({f"{lang}.{_cut(lang, by_word)}" for lang in languages}))


def _cut(lang: str, by_word: bool) -> str:
    if lang[:2] == "en":
        return "porter"
    if by_word and lang[:2] == "zh":
        return f"jieba-{version_of('rjieba')}"
    return "char" if by_character(lang) else "words"


def common(
    data: Dataset, golds: str, samples: int, seed: int, request: Request, by_word: bool = False
) -> dict[str, str]:
    """What all figures of a run share."""
    return {
        "data": data.fingerprint[:16],
        "n": str(len(data)),
        "golds": golds,
        "tok": tokeniser((pair.lang for pair in data), by_word),
        "ci": f"bootstrap.{samples}.{seed}",
        "request": _asked(request),
        "seed": str(request.seed),
        "epitome": version_of("epitome"),
    }


def _asked(request: Request) -> str:
    """The request in short; `auto` where nothing was asked."""
    parts = [
        f"{name}.{value}"
        for name, value in (
            ("style", request.style),
            ("words", request.words),
            ("sentences", request.sentences),
            ("language", request.language),
            ("candidates", request.candidates),
            ("read_all", request.read_all or None),
        )
        if value is not None
    ]
    return "+".join(parts) or "auto"


def line(parts: Mapping[str, str], metric: str = "", extra: Mapping[str, str] | None = None) -> str:
    """One line: the metric, then `key:value` with bars between."""
    held = {**parts, **(extra or {})}
    if metric == "rougeLsum":
        held["lsum"] = "sentences"
    if metric and MEASURES[metric].group == "overlap":
        held["sacrebleu"] = version_of("sacrebleu")
    # A bar in a path would split the line.
    fields = [f"{key}:{value.replace('|', '/')}" for key, value in held.items()]
    return "|".join([metric, *fields] if metric else fields)
