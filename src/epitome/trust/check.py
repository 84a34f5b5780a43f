"""The check of a summary against its document: facts first, then support, sentence by sentence.

Computed outside the model that writes, so that it holds for any. One definition of *supported* for all who ask: no fact
that the document lacks, and a support of at least `SUPPORTED` by the rules alone, or of `BORNE_OUT` where the learned
check has read the sentence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

from epitome.documents import sentences
from epitome.trust.checker import checker
from epitome.trust.dates import DateIndex
from epitome.trust.facts import FactIndex
from epitome.trust.flips import flips
from epitome.trust.names import NameIndex
from epitome.trust.passages import Passages
from epitome.trust.support import support
from epitome.types import Document, Fact, Sentence

SUPPORTED = 0.12
"""Support from which a sentence that is not flagged is taken for supported. Of 500 sentences of gold summaries whose
facts stand in their document (bench/plant.py) 3.8 % lie below, of as many of other documents of their set 74 %."""
FLAGGED = 1.0
"""Log-odds that a rule's finding adds to the learned check's, for two at most. Mean AUC over eight sets that people
judged (bench/check.py): 0.656 without, 0.672 with."""
BORNE_OUT, CLEARED = 0.2, 0.5
"""Support that a sentence needs where the learned check reads it; and where a rule has found something that may be the
writer's way of saying it. Lower or higher, 500 planted errors and the same sentences unchanged trade about evenly
(LOG.md)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is found of a whole summary."""

    sentences: tuple[Sentence, ...]

    @property
    def support(self) -> float:
        """That of all sentences together, 0 to 1: the product of theirs; 1 where nothing is said."""
        return round(math.prod(sentence.support for sentence in self.sentences), 4)

    @property
    def supported(self) -> bool:
        """Whether every sentence is."""
        return all(sentence.supported for sentence in self.sentences)

    @property
    def facts(self) -> list[Fact]:
        """All unsupported facts; offsets are those of their sentences."""
        return [fact for sentence in self.sentences for fact in sentence.facts]

    def as_dict(self) -> dict[str, Any]:
        """What `epitome check --json` prints."""
        facts = [asdict(fact) for fact in self.facts]
        held = [asdict(sentence) for sentence in self.sentences]
        return {"support": self.support, "supported": self.supported, "facts": facts, "sentences": held}


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
        self._seen: dict[str, Sentence] = {}
        self._checked: dict[str, Sentence] = {}

    @cached_property
    def _said(self) -> str:
        # What the title says, the document says.
        return f"{self.document.title}\n\n{self.document.text}"

    @cached_property
    def _facts(self) -> FactIndex:
        return FactIndex(self._said, self.document.language)

    @cached_property
    def _dates(self) -> DateIndex:
        return DateIndex(self._said)

    @cached_property
    def _names(self) -> NameIndex:
        return NameIndex(self._said, self.document.language)

    def glance(self, text: str) -> Sentence:
        """One sentence, by rules and words alone: for ranking hundreds of them. Its support sees what is invented or
        put in other words, not what is changed."""
        if text not in self._seen:
            self._seen[text] = self._by_rules(text)
        return self._seen[text]

    def check_sentence(self, text: str) -> Sentence:
        """One sentence of a summary with its support (0 to 1), up to three passages and its unsupported facts."""
        return self.check_all([text])[0]

    def check_all(self, texts: Sequence[str]) -> list[Sentence]:
        """Several sentences, together faster than one by one; what was asked before is remembered."""
        self._check([text for text in dict.fromkeys(texts) if text not in self._checked])
        return [self._checked[text] for text in texts]

    def _check(self, texts: Sequence[str]) -> None:
        seen = {text: self.glance(text) for text in texts}
        learned = self._learned([text for text in texts if self._doubtful(seen[text])])
        for text in texts:
            found = seen[text]
            self._checked[text] = self._weighed(found, learned[text]) if text in learned else found

    def _weighed(self, seen: Sentence, doubt: float) -> Sentence:
        """What the rules found, and the learned check's doubt (log-odds), in one probability and one verdict."""
        value = round(1 / (1 + math.exp(min(doubt, 30) + FLAGGED * min(2, len(seen.facts)))), 4)
        certain = [fact for fact in seen.facts if _certain(fact)]
        others = [fact for fact in seen.facts if not _certain(fact)] + self._facts.loosely_quoted(seen.text)
        told = certain + others if value < CLEARED else certain
        facts = tuple(sorted(told, key=lambda fact: (fact.start, fact.end)))
        return replace(seen, support=value, facts=facts, supported=not facts and value >= BORNE_OUT)

    def _doubtful(self, seen: Sentence) -> bool:
        """Whether the learned check is asked: not about what is copied, nor about languages it cannot read, nor where
        no passage shares a word with the sentence: beside any other it clears what is wholly invented. That doubts 3
        of 500 true sentences more."""
        return (
            self.document.language == "en"
            and checker() is not None
            and self.passages.verbatim(seen.text) is None
            and bool(seen.sources)
        )

    def _learned(self, texts: Sequence[str]) -> dict[str, float]:
        learned = checker()
        if learned is None or not texts:
            return {}
        pairs = [(self.passages.evidence(text), text) for text in texts]
        return dict(zip(texts, learned.doubts(pairs), strict=True))

    def _by_rules(self, text: str) -> Sentence:
        sources = tuple(self.passages.best(text))
        found = [
            *self._facts.unsupported(text),
            *self._dates.unsupported(text),
            *self._names.unsupported(text),
        ]
        if self.document.language == "en":
            found += flips(text, [span.text for span in sources])
        facts = tuple(sorted(found, key=lambda fact: (fact.start, fact.end)))
        value = round(support(text, self.passages), 4)
        return Sentence(text, value, sources, facts, not facts and value >= SUPPORTED)

    def check(self, text: str) -> list[Sentence]:
        """Every sentence of a summary, in order; offsets of facts are those of the sentence."""
        language = self.document.language
        return self.check_all([text[start:end] for start, end in sentences(text, language)])

    def verdict(self, summary: str) -> Verdict:
        """The check of a whole summary."""
        return Verdict(tuple(self.check(summary)))


def _certain(fact: Fact) -> bool:
    """Whether the rule's word is final. A name, a turn of phrase or a number in words may be the writer's way to say
    what the document says: the learned check can clear them."""
    return fact.kind in ("date", "quotation") or (
        fact.kind == "number" and any(sign.isdigit() for sign in fact.text)
    )
