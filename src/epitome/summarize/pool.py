"""The sentences written so far for one summary: checked, valued, and judged against the request."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from epitome.documents import count_length
from epitome.engines.base import Answer
from epitome.errors import EngineError
from epitome.metrics.repetition import loop
from epitome.summarize.budget import BY_CHARACTER, Budget
from epitome.summarize.candidate import Candidate, Made, Wanted, as_written, choose, content, names
from epitome.summarize.clean import ended, pieces, spoken
from epitome.summarize.trim import cuts, dangles
from epitome.summarize.value import LONG, value
from epitome.trust.check import Source
from epitome.types import Document, Length, Request, Unmet

FEW_WORDS = 20
"""A text up to this length that no sentence of the model is shorter than is given back as it is."""
PRIORS: dict[Made, float] = {"greedy": 0.1, "combined": 0.4}
"""What the model finds likeliest is worth a little more than what it was made to say."""

_CHINESE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")


@dataclass(slots=True)
class _Said:
    """An answer's first sentence before judgement: what can still be cut shorter."""

    group: int
    answer: Answer
    sentence: str


class Pool:
    """Candidates of one summary. Groups are numbered in document order."""

    def __init__(
        self, document: Document, source: Source, request: Request, budget: Budget, taught: bool = False
    ) -> None:
        self.taught = taught
        self.document = document
        self.source = source
        self.request = request
        self.budget = budget
        self.language = request.language or document.language
        self._long = LONG * (2 if self.language in BY_CHARACTER else 1)
        self.candidates: list[Candidate] = []
        self.said: list[_Said] = []
        self.source_length = count_length(document.text, document.language)
        self.terms = tuple(term for term in request.mention if self._in_source(term))

    def _in_source(self, term: str) -> bool:
        return names(self.document.text, term)

    def clear(self) -> None:
        """Forget everything: the document was cut anew."""
        self.candidates.clear()
        self.said.clear()

    # -- filling

    def take(self, group: int, answer: Answer, made: Made, prefill: str) -> None:
        """Put the first sentence of an answer into the pool, if it is one."""
        found = pieces(f"{prefill}{answer.text}", self.language)
        if not found:
            return
        sentence = found[0]
        whole = ended(sentence)
        if not whole and (answer.finish == "stop" or len(found) > 1) and not dangles(sentence):
            # Generation stopped before the second sentence, and the stop text took the full stop with it.
            sentence, whole = sentence + ("。" if self.language == "zh" else "."), True
        self.said.append(_Said(group, answer, sentence))
        if whole:
            self._add(sentence, group, made, PRIORS.get(made, 0.0), mean_logprob(answer))
            if not self.taught:
                self._shorten(sentence, group)

    def take_whole(self, answer: Answer, made: Made) -> int:
        """Put all sentences of an answer into the pool, the first of each into group 0; returns how many there are."""
        said = spoken(answer.text, self.language)
        for group, sentence in enumerate(said):
            self.said.append(_Said(group, answer, sentence))
            self._add(sentence, group, made, PRIORS.get(made, 0.0), mean_logprob(answer))
        return len(said)

    def _shorten(self, sentence: str, group: int) -> None:
        """Beside a long sentence, the longest part of it that is not too long."""
        if count_length(sentence, self.language) > self._long:
            shorter = [text for text, _ in cuts(sentence, least_words=LONG // 3)]
            fitting = [text for text in shorter if count_length(text, self.language) < 0.9 * self._long]
            if fitting:
                self._add(max(fitting, key=len), group, "trimmed", 0.0)

    def trim(self) -> None:
        """Add shorter versions of every sentence there is."""
        have = {candidate.text for candidate in self.candidates}
        for said in self.said:
            for text, likely in cuts(said.sentence, said.answer.tokens, said.answer.alternatives):
                if text not in have:
                    have.add(text)
                    self._add(text, said.group, "trimmed", -0.3 + 0.2 * likely)

    def _add(self, text: str, group: int, made: Made, prior: float, likely: float = 0.0) -> None:
        text = self._glossed(text)
        words = count_length(text, self.language)
        too_long = words >= self.source_length
        if (
            not words
            or too_long
            or loop(text, self.language) is not None
            or not _in_language(text, self.language)
        ):
            return
        checked = self.source.glance(text)
        said = content(text, self.language)
        worth = value(checked, self.language, taught=self.taught) + prior
        self.candidates.append(Candidate(text, group, words, made, checked, worth, likely, said))

    def _glossed(self, text: str) -> str:
        """Terms of the glossary in the form that the source uses; never inside another word."""
        for term in self.request.glossary:
            if names(self.document.text, term):
                text = as_written(text, term, self.document.text)
        return text

    # -- judging

    def choose(self) -> list[Candidate] | None:
        """The best sentences that meet the request's bounds, sound ones if these do; None if none do."""
        sound = [candidate for candidate in self.candidates if candidate.value > 0]
        return choose(sound, self._wanted()) or choose(self.candidates, self._wanted())

    def _wanted(self) -> Wanted:
        return Wanted(self.budget.sentences, self._words(), self.budget.aim, self.terms)

    def _words(self) -> Length | None:
        """The bounds asked for, and that no summary is as long as its source."""
        shorter = self.source_length - 1
        asked = self.budget.words
        if asked is None:
            return Length(None, shorter) if sum(self._longest().values()) > shorter else None
        return replace(asked, most=shorter if asked.most is None else min(asked.most, shorter))

    def _longest(self) -> dict[int, int]:
        """The words of the longest candidate of each group."""
        longest: dict[int, int] = {}
        for candidate in self.candidates:
            longest[candidate.group] = max(candidate.words, longest.get(candidate.group, 0))
        return longest

    def missing(self) -> list[str]:
        """The terms to mention that the best choice does not name."""
        text = " ".join(candidate.text for candidate in self.choose() or [])
        return [term for term in self.terms if not names(text, term)]

    def too_short(self) -> bool:
        """Whether all the sentences there are do not reach the lower bound."""
        longest = self._longest()
        least = self.budget.words.least if self.budget.words else None
        most = self.budget.sentences.most
        counted = sorted(longest.values(), reverse=True)[:most]
        short_of_words = least is not None and sum(counted) < least and (most is None or most > len(longest))
        return short_of_words or len(longest) < (self.budget.sentences.least or 1)

    def best(self) -> tuple[list[Candidate], list[Unmet]]:
        """The best there is, in order, and what of the request it leaves unmet.

        Raises `EngineError` if the model wrote no whole sentence about a document that is not tiny.
        """
        chosen = self.choose()
        unmet: list[Unmet] = []
        if chosen is None:
            chosen, unmet = self._nearest()
        text = " ".join(candidate.text for candidate in chosen)
        for term in self.request.mention:
            if not names(text, term):
                named = term in self.terms
                why = "no sentence naming it could be written" if named else "the source does not name it"
                unmet.append(Unmet(f"mention {term}", why))
        return chosen, unmet

    def _nearest(self) -> tuple[list[Candidate], list[Unmet]]:
        """The choice that comes nearest to the bounds; the upper bound of words is given up last."""
        wanted = self._wanted()
        shorter = Length(None, self.source_length - 1)
        at_most = Length(None, wanted.words.most) if wanted.words else shorter
        for easier in (
            replace(wanted, words=at_most),
            replace(wanted, words=at_most, sentences=Length(1, None)),
            replace(wanted, words=shorter),
            replace(wanted, words=shorter, sentences=Length(1, None)),
        ):
            if chosen := choose(self.candidates, easier):
                return chosen, self._explain(chosen)
        return self._as_it_is()

    def _explain(self, chosen: Sequence[Candidate]) -> list[Unmet]:
        counted = sum(candidate.words for candidate in chosen)
        found: list[Unmet] = []
        unit = "characters" if self.language in BY_CHARACTER else "words"
        if self.budget.words and counted not in self.budget.words:
            why = f"the summary has {counted}"
            if self.budget.words.least and self.source_length <= self.budget.words.least:
                why = f"the source itself has {self.source_length}"
            found.append(Unmet(f"{self.budget.words} {unit}", why))
        if len(chosen) not in self.budget.sentences:
            found.append(Unmet(f"{self.budget.sentences} sentences", f"the summary has {len(chosen)}"))
        return found

    def _as_it_is(self) -> tuple[list[Candidate], list[Unmet]]:
        """A source of a few words stands for itself."""
        if self.source_length > FEW_WORDS * (2 if self.language in BY_CHARACTER else 1):
            raise EngineError(
                f"{self.document.source or 'the text'}: the model wrote no whole sentence",
                hint="try --candidates 4, or a larger model",
            )
        copied = [
            Candidate(sentence.text, at, count_length(sentence.text, self.language), "copied", sentence)
            for at, sentence in enumerate(self.source.check(self.document.text))
        ]
        why = f"the source has {self.source_length} words and is given as it is"
        return copied, [Unmet("a summary", why)]


def mean_logprob(answer: Answer) -> float:
    """Mean log-probability of an answer's tokens; 0 where the engine told none."""
    return sum(answer.logprobs) / len(answer.logprobs) if answer.logprobs else 0.0


def _in_language(text: str, language: str) -> bool:
    """Whether the script is the one asked for; languages of one script are not told apart in a single sentence."""
    chinese = len(_CHINESE.findall(text)) / max(1, sum(character.isalpha() for character in text))
    return chinese > 0.3 if language in BY_CHARACTER else chinese < 0.3
