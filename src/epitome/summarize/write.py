"""From a document and a request to a draft: what to ask the model, in rounds, until the request is met.

`write` is a generator function: it yields the prompts of a round and is sent their answers. Many documents can
thus share one engine batch, and nothing here knows which engine runs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace

from epitome.documents import count_length
from epitome.engines.base import Answer, Decoding, GenerationRequest
from epitome.metrics.repetition import loop
from epitome.summarize.budget import Budget, budget
from epitome.summarize.candidate import Candidate, Made, Wanted, centrality, choose, content, said_twice
from epitome.summarize.clean import ended, pieces
from epitome.summarize.plan import Part, Span, parts, share
from epitome.summarize.prompts import Asked, prompt
from epitome.summarize.trim import cuts
from epitome.trust.check import Source
from epitome.types import Document, Length, Request, Step, Unmet

Rounds = Generator[list[GenerationRequest], list[Answer], "Draft"]

ROUNDS = 4
"""Rounds after the first in which more sentences are asked for before the request counts as unmet."""
ROUND_SAMPLES = 3
TEMPERATURE = 0.7
ANSWER_TOKENS = 96
CERTAIN = 100.0
"""What a sentence is worth that a reader has already seen."""

# What begins a second sentence. One sentence is wanted from each prompt, so generation stops there; a bare full
# stop would also stop at "Mr." and "3.5".
_SECOND = tuple(
    f"{end} {word}"
    for end in (".", "!", "?")
    for word in (
        "The",
        "This",
        "It",
        "In",
        "A",
        "He",
        "She",
        "They",
        "We",
        "However",
        "These",
        "Our",
        "As",
        "By",
    )
)
_CHINESE_SECOND = ("。",)


@dataclass(slots=True)
class Draft:
    """What `write` returns: the chosen sentences and how they came about."""

    chosen: list[Candidate]
    budget: Budget
    read_share: float
    unmet: list[Unmet] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    prompt_tokens: int = 0
    generated_tokens: int = 0


@dataclass(slots=True)
class Material:
    """A document made ready: its index for checking, and what is withheld from the model."""

    document: Document
    source: Source
    withheld: list[Span]
    count: Callable[[str], int]
    window: int


def write(
    material: Material,
    request: Request,
    alternatives: bool,
    on_sentence: Callable[[Candidate], None] | None = None,
) -> Rounds:
    """Write the sentences of one summary.

    `alternatives` says whether the engine reports what else could have stood at each step. `on_sentence` is told,
    in order, of sentences that are certain to stand in the summary before all of it is written.
    """
    writer = _Writer(material, request, budget(material.document, request), alternatives)
    writer.on_sentence = on_sentence
    yield from writer.first_round()
    for attempt in range(1, ROUNDS + 1):
        if not writer.lacks():
            break
        yield from writer.another_round(attempt)
    return writer.draft()


class _Writer:
    """The state of one summary between rounds."""

    def __init__(self, material: Material, request: Request, bounds: Budget, alternatives: bool) -> None:
        self.material = material
        self.request = request
        self.budget = bounds
        self.language = request.language or material.document.language
        self.alternatives = alternatives and bounds.words is not None
        self.parts: list[Part] = []
        self.texts: list[str] = []
        self.read: list[Part] = []
        self.pool: list[Candidate] = []
        self.raw: list[tuple[int, Answer, str]] = []
        self.steps: list[Step] = []
        self.reasons: list[str] = []
        self.tokens = [0, 0]
        self.on_sentence: Callable[[Candidate], None] | None = None
        self.source_length = count_length(material.document.text, material.document.language)
        self.terms = tuple(term for term in request.mention if self._in_source(term))

    def _in_source(self, term: str) -> bool:
        return term.casefold() in self.material.document.text.casefold()

    # -- rounds

    def first_round(self) -> Generator[list[GenerationRequest], list[Answer], None]:
        """One sentence from each part of the document; for one sentence from several parts, their sum."""
        self._cut(self.budget.aim)
        stage = "map" if self.texts[1:] else "write"
        if self.on_sentence is not None and self._certain():
            for row in self._all():
                yield from self._ask([row], self._asked(), "greedy", stage)
                if self.on_sentence is not None:
                    self._announce(self.on_sentence)
        else:
            yield from self._ask(self._all(), self._asked(), "greedy", stage)
        if self.budget.aim == 1 and len(self.parts) > 1:
            yield from self._combine()
        if self.request.candidates > 1:
            yield from self._sample(self.request.candidates - 1, 1)
        centrality(self.pool)

    def _certain(self) -> bool:
        """Whether each part's sentence will stand in the summary, if nothing speaks against it."""
        free = self.budget.words is None and not self.terms and self.request.candidates == 1
        return free and len(self.parts) <= self.budget.aim

    def _announce(self, tell: Callable[[Candidate], None]) -> None:
        """Tell of the latest sentence, unless it or an earlier one is in doubt."""
        missing = len(self.pool) != len(self.steps)
        if missing or self.pool[-1].checked.facts or said_twice(self.pool) is not None:
            self.on_sentence = None
        else:
            self.pool[-1].value += CERTAIN
            tell(self.pool[-1])

    def _combine(self) -> Generator[list[GenerationRequest], list[Answer], None]:
        """Sum up the parts' sentences, level by level, until one remains."""
        texts = joined = [candidate.text for candidate in self.pool]
        while len(texts) > 1:
            joined = _joined(texts, self.material.count, self.material.window)
            before = len(self.pool)
            yield from self._ask(list(enumerate(joined)), self._asked(), "combined", "combine")
            texts = [candidate.text for candidate in self.pool[before:]]
            if len(texts) != 1 and len(texts) >= len(joined):
                break
        self.texts = joined
        for candidate in self.pool:
            candidate.group = 0

    def another_round(self, attempt: int) -> Generator[list[GenerationRequest], list[Answer], None]:
        """Ask for what is still lacking: terms, shorter sentences, more sentences, other sentences."""
        before = len(self.pool)
        if missing := self._missing():
            yield from self._name(missing, force=attempt > 1)
        if self.budget.words is not None and attempt == 1:
            self._trim()
        if choose(self.pool, self._wanted()) is None or not missing:
            if self._too_short():
                yield from self._finer(attempt)
            else:
                yield from self._sample(ROUND_SAMPLES, attempt)
            if self.budget.words is not None:
                self._trim()
        if len(self.pool) > before:
            self.reasons.append(f"round {attempt}: {len(self.pool) - before} more candidates")

    def _name(
        self, missing: Sequence[str], force: bool
    ) -> Generator[list[GenerationRequest], list[Answer], None]:
        """Sentences that name a term, from parts that do; begun with the term when asking was not enough."""
        for term in missing:
            holding = [row for row in self._all() if term.casefold() in row[1].casefold()][:3]
            asked = Asked("mention", term)
            yield from self._ask(holding, asked, "named", "write", prefill=term if force else "")

    def _finer(self, attempt: int) -> Generator[list[GenerationRequest], list[Answer], None]:
        """More sentences, from smaller parts; or, where there are none, other sentences."""
        before = len(self.parts)
        self._cut(max(self.budget.aim, before) * (attempt + 1))
        if len(self.parts) > before:
            self.pool.clear()
            self.raw.clear()
            yield from self._ask(self._all(), self._asked(), "greedy", "map")
        else:
            yield from self._sample(ROUND_SAMPLES, attempt)

    def _sample(self, count: int, attempt: int) -> Generator[list[GenerationRequest], list[Answer], None]:
        for seed in range(count):
            yield from self._ask(self._all(), self._asked(), "sampled", "write", seed=attempt * 1000 + seed)

    def _trim(self) -> None:
        """Shorter versions of what is too long, from every answer there is."""
        assert self.budget.words is not None
        have = {candidate.text for candidate in self.pool}
        for group, answer, sentence in self.raw:
            for text, likely in cuts(sentence, answer.tokens, answer.alternatives):
                if text not in have:
                    have.add(text)
                    self._add(text, group, "trimmed", -0.3 + 0.2 * likely)

    # -- asking

    def _cut(self, least: int) -> None:
        material = self.material
        self.parts = parts(
            material.document, material.count, window=material.window, least=least, withheld=material.withheld
        )
        self.texts = [part.text(material.document) for part in self.parts]

    def _all(self) -> list[tuple[int, str]]:
        return list(enumerate(self.texts))

    def _asked(self) -> Asked:
        if self.request.focus:
            return Asked("focus", self.request.focus)
        return Asked("headline" if self.budget.style == "headline" else "sentence")

    def _ask(
        self,
        texts: Sequence[tuple[int, str]],
        asked: Asked,
        made: Made,
        stage: str,
        *,
        seed: int | None = None,
        prefill: str = "",
    ) -> Generator[list[GenerationRequest], list[Answer], None]:
        decoding = Decoding(
            max_tokens=ANSWER_TOKENS,
            temperature=TEMPERATURE if seed is not None else 0.0,
            top_p=0.95 if seed is not None else 1.0,
            seed=self.request.seed + (seed or 0),
            stop=("\n\n", *(_CHINESE_SECOND if self.language == "zh" else _SECOND)),
            logprobs=self.alternatives,
            alternatives=8 if self.alternatives else 0,
        )
        requests = [
            GenerationRequest(prompt(text, asked, self.language, prefill), decoding) for _, text in texts
        ]
        answers = yield requests
        for (group, _), answer in zip(texts, answers, strict=True):
            self.tokens[0] += answer.prompt_tokens
            self.tokens[1] += answer.generated_tokens
            self._take(group, answer, made, prefill)
            if seed is None and stage != "combine":
                self._record(group, stage, answer)

    def _record(self, group: int, stage: str, answer: Answer) -> None:
        part = self.parts[group]
        self.read.append(part)
        self.steps.append(Step(stage, part.start, part.end, answer.text.strip()))

    def _take(self, group: int, answer: Answer, made: Made, prefill: str) -> None:
        """Put the first sentence of an answer into the pool, if it is one."""
        found = pieces(f"{prefill}{answer.text}", self.language)
        if not found:
            return
        sentence = found[0]
        whole = ended(sentence)
        if not whole and (answer.finish == "stop" or len(found) > 1):
            # Generation stopped before the second sentence, and the stop text took the full stop with it.
            sentence, whole = sentence + ("。" if self.language == "zh" else "."), True
        self.raw.append((group, answer, sentence))
        if whole:
            self._add(sentence, group, made, {"greedy": 0.1, "combined": 0.4}.get(made, 0.0))

    def _add(self, text: str, group: int, made: Made, prior: float) -> None:
        text = self._glossed(text)
        words = count_length(text, self.language)
        if words >= self.source_length or loop(text, self.language) is not None:
            return
        checked = self.material.source.check_sentence(text)
        value = 1.0 + prior + 0.6 * checked.support - 1.5 * len(checked.facts)
        self.pool.append(Candidate(text, group, words, made, checked, value, content(text, self.language)))

    def _glossed(self, text: str) -> str:
        """Terms of the glossary in the form that the source uses."""
        for term in self.request.glossary:
            if self._in_source(term) and term not in text:
                at = text.casefold().find(term.casefold())
                if at >= 0:
                    text = text[:at] + term + text[at + len(term) :]
        return text

    # -- judging

    def _wanted(self) -> Wanted:
        return Wanted(self.budget.sentences, self.budget.words, self.budget.aim, self.terms)

    def lacks(self) -> bool:
        """Whether another round could make the summary better: bounds, terms or facts."""
        chosen = choose(self.pool, self._wanted())
        if chosen is None or self._missing():
            return True
        return any(candidate.checked.facts for candidate in chosen) and len(self.raw) <= 2 * len(self.parts)

    def _missing(self) -> list[str]:
        chosen = choose(self.pool, self._wanted()) or []
        text = " ".join(candidate.text for candidate in chosen).casefold()
        return [term for term in self.terms if term.casefold() not in text]

    def _too_short(self) -> bool:
        """Whether all the sentences there are do not reach the lower bound."""
        best: dict[int, int] = {}
        for candidate in self.pool:
            best[candidate.group] = max(candidate.words, best.get(candidate.group, 0))
        least = self.budget.words.least if self.budget.words else None
        most = self.budget.sentences.most
        counted = sorted(best.values(), reverse=True)[: most or None]
        short_of_words = least is not None and sum(counted) < least and (most is None or most > len(best))
        return short_of_words or len(best) < (self.budget.sentences.least or 1)

    def draft(self) -> Draft:
        """The best there is, and what of the request it leaves unmet."""
        unmet: list[Unmet] = []
        chosen = choose(self.pool, self._wanted())
        if chosen is None:
            chosen, unmet = self._nearest()
        text = " ".join(candidate.text for candidate in chosen).casefold()
        for term in self.request.mention:
            if term.casefold() not in text:
                why = (
                    "no sentence naming it could be written"
                    if term in self.terms
                    else "the source does not name it"
                )
                unmet.append(Unmet(f"mention {term}", why))
        return Draft(
            chosen,
            self.budget,
            share(self.material.document, self.read),
            unmet,
            self.reasons,
            self.steps,
            *self.tokens,
        )

    def _nearest(self) -> tuple[list[Candidate], list[Unmet]]:
        """The choice that comes nearest to the bounds, upper bounds first."""
        wanted = self._wanted()
        words = self.budget.words
        ladder = [
            replace(wanted, words=Length(None, words.most) if words else None),
            replace(wanted, words=Length(None, words.most) if words else None, sentences=Length(1, None)),
            replace(wanted, words=None),
            replace(wanted, words=None, sentences=Length(1, None)),
        ]
        for easier in ladder:
            if chosen := choose(self.pool, easier):
                return chosen, self._explain(chosen)
        return [], [Unmet("a summary", "the model wrote no whole sentence")]

    def _explain(self, chosen: Sequence[Candidate]) -> list[Unmet]:
        counted = sum(candidate.words for candidate in chosen)
        found: list[Unmet] = []
        unit = "characters" if self.language in ("zh", "ja") else "words"
        if self.budget.words and counted not in self.budget.words:
            why = f"the summary has {counted}"
            if self.budget.words.least and self.source_length <= self.budget.words.least:
                why = f"the source itself has {self.source_length}"
            found.append(Unmet(f"{self.budget.words} {unit}", why))
        if len(chosen) not in self.budget.sentences:
            found.append(Unmet(f"{self.budget.sentences} sentences", f"the summary has {len(chosen)}"))
        return found


def _joined(texts: Sequence[str], count: Callable[[str], int], window: int) -> list[str]:
    """Sentences put together into texts of at most a window."""
    sizes = [count(text) + 1 for text in texts]
    groups = max(1, math.ceil(sum(sizes) / window))
    each = math.ceil(len(texts) / groups)
    return [" ".join(texts[at : at + each]) for at in range(0, len(texts), each)]
