"""A document as a model may see it, a request in its terms, and the summary in the reader's."""

from __future__ import annotations

from dataclasses import dataclass, replace

from epitome.documents import from_text
from epitome.trust.masking.masked import APART, restored
from epitome.trust.masking.masker import Masker
from epitome.trust.masking.placeholders import plain
from epitome.types import Document, Fact, Request, Section, Sentence, SourceSpan, Summary


@dataclass(frozen=True, slots=True)
class Masking:
    """How documents are masked before a `Summarizer` shows them to its model.

    >>> masking = Masking(Masker(), restores=True)
    >>> summary = summarizer(masking("Sarah Lee left the ferry at dawn. …"))
    >>> summary.masked
    {'person': 1}
    """

    masker: Masker
    restores: bool = False
    """Whether the summary gets back what was masked. If not, it has placeholders."""

    def __call__(self, document: str | Document) -> Cover:
        """The document, to be given to a summarizer in its place. It is masked together with the request."""
        return Cover(from_text(document) if isinstance(document, str) else document, self)

    @property
    def identity(self) -> str:
        """What a summary depends on besides the document."""
        return f"{self.masker.identity}:{self.restores}"


@dataclass(frozen=True, slots=True)
class Cover:
    """A document that shall be masked."""

    document: Document
    masking: Masking

    def over(self, request: Request) -> Covered:
        """Document and request, masked as one text: a name in the focus gets the number it has in the document."""
        return Covered(self.document, request, self.masking)


class Covered:
    """A document and a request under one mask."""

    def __init__(self, document: Document, request: Request, masking: Masking) -> None:
        self.original, self.restores = document, masking.restores
        wishes = [request.focus, *request.mention, *request.glossary]
        pieces = [document.title, document.text, *wishes]
        self._masked = masking.masker(APART.join(pieces), for_model=True)
        self._register = self._masked.register
        self._begins = len(document.title) + len(APART)
        self._start = self._masked.masked_offset(self._begins)
        title, text, *wished = self._masked.cut(pieces)
        self.request = replace(
            request,
            focus=wished[0],
            mention=tuple(wished[1 : 1 + len(request.mention)]),
            glossary=tuple(wished[1 + len(request.mention) :]),
        )
        self.document = Document(
            text=text,
            title=title,
            language=document.language,
            sections=[self._section(section, text) for section in document.sections],
            origins=[replace(origin, start=self._at(origin.start)) for origin in document.origins],
            source=document.source,
            warnings=list(document.warnings),
        )

    def restore(self, text: str) -> str:
        """The text with what its placeholders stand for."""
        return restored(text, self._register.said, ())

    def said(self, text: str) -> str:
        """A text of the model as the reader wants it: restored, or with `<PERSON_1>` for a name."""
        return self.restore(text) if self.restores else plain(text, self._register.said)

    def summary(self, summary: Summary) -> Summary:
        """The summary with places in the document as it was read, and names restored where that is wanted."""
        said = self.said
        summary.masked = self._register.entities()
        summary.text, summary.title = said(summary.text), said(summary.title)
        summary.sentences = [self._sentence(sentence) for sentence in summary.sentences]
        summary.unmet = [
            replace(one, request=said(one.request), reason=said(one.reason)) for one in summary.unmet
        ]
        summary.reasons = list(map(said, summary.reasons))
        summary.warnings = list(map(said, summary.warnings))
        for at, step in enumerate(summary.steps):
            start, end = self._span(step.start, step.end)
            summary.steps[at] = replace(step, start=start, end=end, text=said(step.text))
        return summary

    # -- to the mask

    def _at(self, offset: int) -> int:
        return self._masked.masked_offset(self._begins + offset) - self._start

    def _section(self, section: Section, text: str) -> Section:
        start, end = self._at(section.start), self._at(section.end)
        title = text[start:end].split("\n", 1)[0] if section.title else ""
        return replace(section, title=title, start=start, end=end)

    # -- and back

    def _span(self, start: int, end: int) -> tuple[int, int]:
        first, last = self._masked.original_span(self._start + start, self._start + end)
        return first - self._begins, last - self._begins

    def _sentence(self, sentence: Sentence) -> Sentence:
        return replace(
            sentence,
            text=self.said(sentence.text),
            sources=tuple(map(self._source, sentence.sources)),
            facts=tuple(self._fact(fact, sentence.text) for fact in sentence.facts),
        )

    def _source(self, source: SourceSpan) -> SourceSpan:
        start, end = self._span(source.start, source.end)
        if self.restores:
            text = self.original.text[start:end]
        else:
            first, last = self._masked.whole(self._start + source.start, self._start + source.end)
            text = self.said(self._masked.text[first:last])
        return replace(source, start=start, end=end, text=text)

    def _fact(self, fact: Fact, sentence: str) -> Fact:
        start, text = len(self.said(sentence[: fact.start])), self.said(fact.text)
        return replace(fact, text=text, start=start, end=start + len(text), nearest=self.said(fact.nearest))
