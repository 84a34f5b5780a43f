"""What a request means in sentences and words, for the document at hand."""

from __future__ import annotations

from dataclasses import dataclass

from epitome.documents import count_length
from epitome.errors import UsageError
from epitome.types import STYLES, Document, Length, Request, Style

BY_CHARACTER = frozenset({"zh", "ja"})

SHORT = 600
"""Words (characters: twice that) up to which a document gets one sentence when no style is asked for. The news
and abstracts of the development data, whose human summaries are one sentence, are shorter than that."""

HEADLINE_WORDS = 14
TLDR_WORDS = 30
SENTENCE_WORDS = 22
"""The usual length of a sentence that the default model writes (24 on SciTLDR train, 28 on news)."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What the summary has to keep to."""

    style: Style
    sentences: Length
    words: Length | None
    aim: int
    """How many sentences to write, if the bounds leave it open."""


def budget(document: Document, request: Request) -> Budget:
    """The bounds for this document. Raises `UsageError` if no text can meet them."""
    length = count_length(document.text, document.language)
    unit = 2 if document.language in BY_CHARACTER else 1
    if request.style is not None and request.style not in STYLES:
        raise UsageError(f"{request.style!r}: no such style", hint=f"one of {', '.join(STYLES)}")
    style = request.style or _default_style(request, length, unit)
    words = request.words
    for bounds, name in ((words, "words"), (request.sentences, "sentences")):
        _validate(bounds, name)
    if words and request.sentences and (words.most or 0) < (request.sentences.least or 0) and words.most:
        raise UsageError(f"no {request.sentences} sentences have {words} words", hint="ask for more words")
    sentences = request.sentences or Length(1, 1 if style in ("sentence", "tldr", "headline") else None)
    if words is None and style == "headline":
        words = Length(None, HEADLINE_WORDS * unit)
    if words is None and style == "tldr":
        words = Length(None, TLDR_WORDS * unit)
    return Budget(style, sentences, words, _aim(style, sentences, words, length, unit))


def length(text: str, name: str) -> Length:
    """A length as people write it: `40-60`, or `50`, which for words means at most 50 and at least four fifths.

    Raises `UsageError` for anything else. `name` is `words` or `sentences`.
    """
    try:
        bounds = Length.parse(text)
    except ValueError as error:
        raise UsageError(f"{name} {text}: no text has that length", hint="say 50 or 40-60") from error
    if name == "words" and bounds.least == bounds.most and bounds.most is not None:
        return Length(-(-bounds.most * 4 // 5), bounds.most)
    return bounds


def _default_style(request: Request, length: int, unit: int) -> Style:
    if request.words is not None or request.sentences is not None:
        return "paragraph"
    return "sentence" if length <= SHORT * unit else "paragraph"


def _validate(bounds: Length | None, name: str) -> None:
    if bounds is None:
        return
    if (bounds.least is not None and bounds.least < 1) or (bounds.most is not None and bounds.most < 1):
        raise UsageError(f"a summary cannot have {bounds} {name}", hint="ask for at least one")
    if bounds.least is not None and bounds.most is not None and bounds.least > bounds.most:
        raise UsageError(f"{bounds.least} {name} at least and {bounds.most} at most exclude each other")


def _aim(style: Style, sentences: Length, words: Length | None, length: int, unit: int) -> int:
    """Sentences to write: what the words ask for, else one to 250 words of the document, 2 to 6."""
    if words is not None and (words.least or words.most):
        middle = ((words.least or words.most or 0) + (words.most or words.least or 0)) / 2
        wanted = round(middle / (SENTENCE_WORDS * unit)) or 1
    else:
        wanted = min(6, max(2, round(length / (250 * unit))))
    if style == "bullets":
        wanted = max(3, wanted)
    if sentences.least is not None:
        wanted = max(wanted, sentences.least)
    return min(wanted, sentences.most) if sentences.most is not None else wanted
