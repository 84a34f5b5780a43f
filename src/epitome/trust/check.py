"""The check of a summary against its document: facts first, then support, sentence by sentence.

Computed outside the model, so that it holds for any model. This is the seam: what measures support or facts
better takes the place of `support` and `FactIndex` here, and nothing above notices.
"""

from __future__ import annotations

from functools import cached_property

from epitome.documents import sentences
from epitome.trust.facts import FactIndex
from epitome.trust.passages import Passages
from epitome.trust.support import support
from epitome.types import Document, Sentence


class Source:
    """A document to check sentences against. It is indexed once, when first asked.

    >>> from epitome.documents import from_text
    >>> source = Source(from_text("The court fined the firm 40,000 euros for the spill in the river Arun."))
    >>> [fact.text for fact in source.check_sentence("The firm was fined 50,000 euros.").facts]
    ['50,000']
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.passages = Passages(document)

    @cached_property
    def _facts(self) -> FactIndex:
        # What the title says, the document says.
        return FactIndex(f"{self.document.title}\n\n{self.document.text}", self.document.language)

    def check_sentence(self, text: str) -> Sentence:
        """One sentence of a summary with its support (0 to 1), up to three passages and its unsupported facts."""
        return Sentence(
            text=text,
            support=round(support(text, self.passages), 4),
            sources=tuple(self.passages.best(text)),
            facts=tuple(self._facts.unsupported(text)),
        )

    def check(self, text: str) -> list[Sentence]:
        """Every sentence of a summary, in order; offsets of facts are those of the sentence."""
        language = self.document.language
        return [self.check_sentence(text[start:end]) for start, end in sentences(text, language)]
