"""What can be wrong with a row, or with several: one name a kind, for `inspect` to show and `clean` to act on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from epitome.datasets.near import RELATED, exact, key, near
from epitome.datasets.pair import Dataset, Pair
from epitome.documents import count_length
from epitome.documents.languages import certain_language
from epitome.metrics.tokens import words

KINDS: Mapping[str, str] = {
    "duplicate": "the same document and gold summaries as an earlier row",
    "conflict": "the same document as an earlier row, with other gold summaries",
    "near-duplicate": "a document nearly the same as an earlier one",
    "same-summary": "a gold summary that an earlier row has for another document",
    "longer": "a gold summary that is not shorter than its document",
    "copied": "a gold summary that stands word for word in its document",
    "title": "a gold summary that is the title",
    "cut-summary": "a gold summary that breaks off",
    "cut-document": "a document that breaks off",
    "language": "a text that is certainly in another language than the row says",
    "leak": "a document that shares half or more of its word 5-grams with one of the other data",
    "summary-leak": "a gold summary that the other data has for another document",
}
TOGETHER = ("duplicate", "conflict", "near-duplicate", "same-summary")
"""Kinds that are about several rows of one corpus: the first of them is the one to keep."""
LEAKS = ("leak", "summary-leak")
"""Kinds that are about other data."""
USUAL = ("duplicate", "longer")
"""What `clean` drops unasked: such a row teaches nothing and is no loss. All else may be how the corpus is: of the
16 corpora that this was tried on, 8 have copied summaries and 4 have summaries that several documents share."""

_BREAKS_OFF = re.compile(
    r"(?:\.{3}|…|\[\s*(?:…|\.{3})\s*\]|[,;:(\-–—，；：（、]"
    r"|\b(?:a|an|the|of|and|or|to|in|with|for|by|from|that|which|is|are|was|were|as|at|on)"
    r"|read more|continue reading)[\"'”’)\]]*\s*$",
    re.IGNORECASE,
)
"""Ends that no text is meant to have. A missing full stop alone is none: headlines and TLDRs have none."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A kind of problem in one row."""

    kind: str
    at: int
    """The row's place in the data."""
    detail: str = ""
    """Which other row, or what text."""


def problems(data: Dataset, kinds: Iterable[str] = KINDS, others: Sequence[Dataset] = ()) -> list[Problem]:
    """Everything found of these kinds, by place. Leaks are looked for in `others`.

    Of rows that belong together the first is the one to keep and is not named.
    """
    wanted = set(kinds)
    found: list[Problem] = []
    for kind in KINDS:
        if kind in wanted and kind in _SETS:
            found += _SETS[kind](data, others)
        elif kind in wanted:
            found += [
                Problem(kind, at, detail) for at, pair in enumerate(data) if (detail := _ROWS[kind](pair))
            ]
    return sorted(found, key=lambda one: one.at)


# --- of a row alone: what is said of it, or nothing ---


def _longer(pair: Pair) -> str:
    length = count_length(pair.document, pair.lang)
    gold = max(count_length(summary, pair.lang) for summary in pair.summaries)
    return f"{gold} words for a document of {length}" if gold >= length else ""


def _copied(pair: Pair) -> str:
    document = f" {_plain(pair.document, pair.lang)} "
    return next((_short(gold) for gold in pair.summaries if f" {_plain(gold, pair.lang)} " in document), "")


def _is_title(pair: Pair) -> str:
    title = _plain(pair.title, pair.lang)
    return (
        _short(pair.title)
        if title and any(_plain(gold, pair.lang) == title for gold in pair.summaries)
        else ""
    )


def _cut_summary(pair: Pair) -> str:
    return next((f"…{gold.rstrip()[-40:]}" for gold in pair.summaries if _BREAKS_OFF.search(gold)), "")


def _cut_document(pair: Pair) -> str:
    return f"…{pair.document.rstrip()[-40:]}" if _BREAKS_OFF.search(pair.document) else ""


def _language(pair: Pair) -> str:
    for name, text in (("document", pair.document), *(("summary", gold) for gold in pair.summaries)):
        certain = certain_language(text)
        if certain is not None and certain != pair.lang.split("-")[0]:
            return f"the {name} is {certain}, the row says {pair.lang}"
    return ""


def _plain(text: str, language: str) -> str:
    return " ".join(word for word, _, _ in words(text, language))


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 60 else f"{flat[:59]}…"


# --- of several rows: every member of a group but its first ---


def _duplicates(data: Dataset, _: Sequence[Dataset]) -> list[Problem]:
    return [Problem("duplicate", at, _named(data, twin)) for _, twin, at in _same(data) if twin is not None]


def _conflicts(data: Dataset, _: Sequence[Dataset]) -> list[Problem]:
    return [Problem("conflict", at, _named(data, first)) for first, twin, at in _same(data) if twin is None]


def _near(data: Dataset, _: Sequence[Dataset]) -> list[Problem]:
    same = {at for *_, at in _same(data)}
    groups = near([(pair.document, pair.lang) for pair in data])
    return [
        Problem("near-duplicate", at, _named(data, group[0]))
        for group in groups
        for at in group[1:]
        if at not in same
    ]


def _same_summary(data: Dataset, _: Sequence[Dataset]) -> list[Problem]:
    same = {at for *_, at in _same(data)}
    first: dict[str, int] = {}
    found = []
    for at, pair in enumerate(data):
        golds = _golds(pair)
        earlier = min((first[gold] for gold in golds & first.keys()), default=None)
        if earlier is not None and at not in same:
            found.append(Problem("same-summary", at, _named(data, earlier)))
        first |= dict.fromkeys(golds - first.keys(), at)
    return found


def _leaks(data: Dataset, others: Sequence[Dataset]) -> list[Problem]:
    held = [(other.source, pair) for other in others for pair in other]
    texts = [(pair.document, pair.lang) for pair in (*data, *(pair for _, pair in held))]
    groups = near(texts, RELATED)
    found = []
    for group in groups:
        theirs = next((at - len(data) for at in group if at >= len(data)), None)
        if theirs is not None:
            source, pair = held[theirs]
            found += [Problem("leak", at, f"{pair.id} in {source}") for at in group if at < len(data)]
    return found


def _summary_leaks(data: Dataset, others: Sequence[Dataset]) -> list[Problem]:
    held: dict[str, list[tuple[str, str]]] = {}
    for other in others:
        for pair in other:
            for gold in sorted(_golds(pair)):
                named = f"{pair.id} in {other.source}"
                held.setdefault(gold, []).append((key(pair.document, pair.lang), named))
    found = []
    for at, pair in enumerate(data if held else ()):
        document = key(pair.document, pair.lang)
        shared = (one for gold in sorted(_golds(pair)) for one in held.get(gold, ()))
        if named := next((named for theirs, named in shared if theirs != document), ""):
            found.append(Problem("summary-leak", at, named))
    return found


def _same(data: Dataset) -> list[tuple[int, int | None, int]]:
    """Where documents are the same: the first row, the earlier one with the same golds too if any, the later row."""
    found = []
    for group in exact((pair.document, pair.lang) for pair in data):
        twins = {_golds(data.pairs[group[0]]): group[0]}
        for at in group[1:]:
            golds = _golds(data.pairs[at])
            found.append((group[0], twins.get(golds), at))
            twins.setdefault(golds, at)
    return found


def _golds(pair: Pair) -> frozenset[str]:
    return frozenset(key(gold, pair.lang) for gold in pair.summaries)


def _named(data: Dataset, at: int) -> str:
    return f"as {data.pairs[at].id}"


_ROWS: Mapping[str, Callable[[Pair], str]] = {
    "longer": _longer,
    "copied": _copied,
    "title": _is_title,
    "cut-summary": _cut_summary,
    "cut-document": _cut_document,
    "language": _language,
}
_SETS: Mapping[str, Callable[[Dataset, Sequence[Dataset]], list[Problem]]] = {
    "duplicate": _duplicates,
    "conflict": _conflicts,
    "near-duplicate": _near,
    "same-summary": _same_summary,
    "leak": _leaks,
    "summary-leak": _summary_leaks,
}
