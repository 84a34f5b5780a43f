"""What a `Summarizer` is given, made ready: a text, a document, or one to be masked."""

from __future__ import annotations

from dataclasses import dataclass

from epitome.documents import from_text
from epitome.errors import SourceError
from epitome.trust.masking.cover import Cover, Covered
from epitome.types import Document, Request, Summary

MOST_CHARACTERS = 12_000_000
"""About 2,000 prompts, more than an hour on two cores; the longest novels have half of that."""

Text = str | Document | Cover
"""A document, its text, or one that is masked first (`trust/masking`)."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A document and a request as the model sees them."""

    document: Document
    request: Request
    covered: Covered | None = None

    def shown(self, summary: Summary) -> Summary:
        """The summary as the reader sees it."""
        return summary if self.covered is None else self.covered.summary(summary)

    def said(self, text: str) -> str:
        """A part of it."""
        return text if self.covered is None else self.covered.said(text)


def opened(source: Text | Opened, request: Request) -> Opened:
    """Document and request, masked where that is wanted. Raises `SourceError` for an empty or endless text."""
    if isinstance(source, Opened):
        return source
    if isinstance(source, Cover):
        _checked(source.document)
        covered = source.over(request)
        return Opened(covered.document, covered.request, covered)
    return Opened(_checked(from_text(source) if isinstance(source, str) else source), request)


def _checked(document: Document) -> Document:
    if not document.text.strip():
        raise SourceError(f"{document.source or 'the text'}: there is nothing to summarise in it")
    if len(document.text) > MOST_CHARACTERS:
        raise SourceError(
            f"{document.source or 'the text'}: {len(document.text):,} characters would take hours to read",
            hint=f"split it into texts of at most {MOST_CHARACTERS:,}",
        )
    return document
