"""Spans of the document that a summary would use, as an encoder that was trained to select them marks them; and the
sentences that hold such spans, for a model that is to read no others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from epitome.documents import count_length, sentences
from epitome.engines.spans import Highlight, SpanTagger, is_one
from epitome.errors import ModelError, UsageError
from epitome.models.model import Model
from epitome.summarize.pick import Guide
from epitome.summarize.plan import Span
from epitome.types import Document, Request, Sentence, SourceSpan, Summary

NAME = "spans"
"""What marks, where an engine would be named."""
HINT = "a model that marks spans of a document is trained with the objective `select` (docs/selection.md)"


def selects(model: Model) -> bool:
    """Whether it marks spans, and writes nothing."""
    return model.format == "encoder" and model.path is not None and is_one(model.path)


def open_guide(folder: str) -> SpanTagger:
    """The tagger in a folder. Raises `ModelError` if there is none."""
    path = Path(folder).expanduser()
    if not path.is_dir():
        raise ModelError(f"{folder}: there is no such folder", hint=HINT)
    return SpanTagger(path)


def require_marker(request: Request, model: str) -> None:
    """Raise `UsageError` if highlights are asked of a model that marks none."""
    if request.style == "highlights":
        raise UsageError(f"{model} marks no highlights", hint=HINT)


def highlighted(document: Document, tagger: SpanTagger, model: Model, request: Request) -> Summary:
    """The document's highlights, one a line, each a sentence of the summary with its place.

    `request.words` bounds them: the surest are kept. Raises `UsageError` for what marking cannot do.
    """
    _require(request, model.name, document.language)
    found = _bounded(tagger.highlights(document.text, document.language), document, request)
    summary = Summary("", language=document.language, source=document.source, title=document.title)
    summary.kind, summary.engine, summary.model, summary.seed = "extractive", NAME, model.name, request.seed
    summary.warnings += document.warnings
    summary.sentences = [_sentence(document, one) for one in found]
    summary.text = "\n".join(sentence.text for sentence in summary.sentences)
    summary.reasons = [f"{len(found)} spans of the document, marked by {model.name}, not written"]
    if not found:
        summary.warnings.append(f"{model.name} marks nothing in it")
    return summary


def _require(request: Request, model: str, language: str) -> None:
    if request.style not in (None, "highlights"):
        raise UsageError(
            f"{model} marks spans and writes no {request.style}", hint="--style highlights, or none"
        )
    asked = {"focus": request.focus, "mention": request.mention, "sentences": request.sentences}
    if unable := next((name for name, value in asked.items() if value), ""):
        raise UsageError(f"{model} marks spans and cannot follow --{unable}", hint="leave it out")
    if request.language not in (None, language):
        raise UsageError(f"{model} marks spans and cannot translate from {language!r}")


def _bounded(found: Sequence[Highlight], document: Document, request: Request) -> list[Highlight]:
    """In order, of at most as many words as asked for; at least one."""
    if request.words is None or request.words.most is None:
        return list(found)
    kept: list[Highlight] = []
    left = request.words.most
    for one in sorted(found, key=lambda one: (-one.probability, one.start)):
        length = count_length(document.text[one.start : one.end], document.language)
        if length <= left:
            kept.append(one)
            left -= length
    return sorted(kept, key=lambda one: one.start)


def _sentence(document: Document, highlight: Highlight) -> Sentence:
    text = document.text[highlight.start : highlight.end]
    origin = document.origin(highlight.start)
    place = (origin.page, origin.paragraph) if origin else (None, None)
    return Sentence(" ".join(text.split()), 1.0, (SourceSpan(highlight.start, highlight.end, text, *place),))


def guide(tagger: SpanTagger) -> Guide:
    """Chooses the sentences that hold highlights: those with most of them first, to about so many words."""

    def choose(document: Document, most: int) -> set[Span]:
        found = tagger.highlights(document.text, document.language)
        worth = {
            span: sum(
                one.probability * (one.end - one.start) for one in found if span[0] <= one.start < span[1]
            )
            for span in sentences(document.text, document.language)
        }
        chosen: set[Span] = set()
        left = most
        for span in sorted(worth, key=lambda span: -worth[span]):
            if worth[span] <= 0 or left <= 0:
                break
            chosen.add(span)
            left -= count_length(document.text[slice(*span)], document.language)
        return chosen if len(chosen) < len(worth) else set()

    return choose
