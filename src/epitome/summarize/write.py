"""From a document and a request to a draft: what to ask the model, in rounds, until the request is met.

`write` is a generator function: it yields the prompts of a round and is sent their answers. Many documents can
thus share one engine batch, and nothing here knows which engine runs.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from epitome.engines.base import Answer, Decoding, GenerationRequest
from epitome.models.folder import Form
from epitome.summarize import obedient
from epitome.summarize.budget import Budget, budget
from epitome.summarize.candidate import (
    Candidate,
    Made,
    agreement,
    centrality,
    consensus,
    names,
    said_twice,
)
from epitome.summarize.decoding import decoding
from epitome.summarize.echo import answered
from epitome.summarize.pick import Guide, pick
from epitome.summarize.plan import Part, Span, parts, share
from epitome.summarize.pool import Pool, mean_logprob
from epitome.summarize.prompts import SHOWN, Asked, Text, prompt
from epitome.summarize.repair import doubted, settled
from epitome.summarize.shots import Shown
from epitome.trust.check import Source
from epitome.types import Document, Prompt, Request, Step, Unmet

Asking = Generator[list[GenerationRequest], list[Answer], None]
Rounds = Generator[list[GenerationRequest], list[Answer], "Draft"]

ROUNDS = 4
"""Rounds after the first in which more sentences are asked for before the request counts as unmet."""
SAMPLES = 3
"""Other sentences asked for in a round."""
EXTRA = 2
"""Other sentences asked for at once from each part of a longer document: reading it costs far more than they do."""
ANSWER_TOKENS = 96
ALTERNATIVES = 8
"""Tokens looked at for a full stop where a sentence may have to be cut."""
FOCUS_PARTS = 4
"""Parts a sentence from which those near the focus are taken: asked about a focus in a whole text, a small model
speaks of the text."""
PLACES = 3
"""Parts of a document that are asked about a term to mention."""
LABELS = tuple(":：-–—")
"""What makes a label of the term that an answer was to begin with: "Mill: The town has ..."."""
CERTAIN = 100.0
"""What a sentence is worth that a reader has already seen."""


@dataclass(slots=True)
class Draft:
    """What `write` returns: the chosen sentences and how they came about."""

    chosen: list[Candidate]
    unmet: list[Unmet]
    budget: Budget
    read_share: float
    reasons: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    prompt_tokens: int = 0
    generated_tokens: int = 0
    repaired: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Material:
    """A document made ready: its index for checking, and what is withheld from the model."""

    document: Document
    source: Source
    withheld: list[Span]
    count: Callable[[str], int]
    window: int
    adapter: str | None = None
    form: Form | None = None
    """The prompt that a trained model knows; None: the instruction for untrained ones."""
    usual: Mapping[str, float] = field(default_factory=dict)
    """How a trained model is meant to write (`Trained.decoding`)."""
    obeys: bool = False
    """Whether the model was trained to do what a request says (`obedient.py`)."""
    shown: Shown = field(default_factory=Shown)
    """The examples before it."""
    guide: Guide | None = None
    """What chooses the sentences to read."""


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
    writer = _Writer(material, request, alternatives, on_sentence)
    yield from writer.first_round()
    for attempt in range(1, ROUNDS + 1):
        if not writer.lacks():
            break
        yield from writer.another_round(attempt)
    return writer.draft()


class _Writer:
    """The state of one summary between rounds."""

    def __init__(
        self,
        material: Material,
        request: Request,
        alternatives: bool,
        on_sentence: Callable[[Candidate], None] | None,
    ) -> None:
        self.material = material
        self.request = request
        self.versions = request.candidates or 1
        self.budget = budget(material.document, obedient.opened(request) if material.obeys else request)
        taught = material.form is not None
        self.pool = Pool(material.document, material.source, request, self.budget, taught)
        self.alternatives = ALTERNATIVES if alternatives and self.budget.words is not None else 0
        self.on_sentence = on_sentence
        self.parts: list[Part] = []
        self.texts: list[str] = []
        self.read: list[Part] = []
        self.steps: list[Step] = []
        self.reasons: list[str] = []
        self.prompt_tokens = self.generated_tokens = self.answered = 0
        picked = pick(material.document, material.source, request, self.budget, material.guide)
        self.picked = picked.spans if picked is not None else None
        self.reasons += [picked.why] if picked is not None else []

    def first_round(self) -> Asking:
        """One sentence from each part of the document; for one sentence from several parts, their sum.

        A model that obeys writes the whole summary of a document that it can read at once.
        """
        self._cut(1 if self.material.obeys else self._least())
        if self.material.obeys and len(self.texts) > 1:
            self._cut(self._least())
        if self.whole:
            yield from self._write_whole((None, *range(1, self.versions)))
            return
        several = len(self.texts) > 1
        stage = "map" if several else "write"
        extra = max(self.versions - 1, EXTRA if several else 0)
        seeds = (None, *range(1, 1 + extra))
        if self.on_sentence is not None and self._certain():
            for row in self._all():
                yield from self._ask([row], self._asked(), stage, seeds=seeds)
                if self.on_sentence is not None:
                    self._announce(row[0], self.on_sentence)
        else:
            yield from self._ask(self._all(), self._asked(), stage, seeds=seeds)
        if self.budget.aim == 1 and several:
            yield from self._combine()
        centrality(self.pool.candidates)
        if self.versions > 1:
            consensus(self.pool.candidates, self.pool.language)

    def lacks(self) -> bool:
        """Whether another round could make the summary better: bounds, terms or facts."""
        chosen = self.pool.choose()
        if chosen is None or self.pool.missing():
            return True
        asked_again = self.answered > 2 * len(self.texts)
        return not asked_again and doubted(self.pool, chosen, self.request)

    def another_round(self, attempt: int) -> Asking:
        """Ask for what is still lacking: terms, shorter sentences, more sentences, other sentences."""
        before = len(self.pool.candidates)
        missing = self.pool.missing()
        if missing:
            yield from self._name(missing, attempt)
        if attempt == 1:
            self._trim()
            if not self.lacks():
                self.reasons.append("cut to the length asked for")
                return
        if self.pool.choose() is None or not missing:
            if self.pool.too_short():
                yield from self._finer(attempt)
            else:
                yield from self._sample(SAMPLES, attempt)
            self._trim()
        self.reasons.append(f"round {attempt}: from {before} to {len(self.pool.candidates)} candidates")

    def draft(self) -> Draft:
        """The best there is."""
        chosen, unmet, repaired = settled(self.pool, self.request)
        return Draft(
            chosen,
            unmet,
            self.budget,
            share(self.material.document, self.read),
            self.reasons,
            self.steps,
            self.prompt_tokens,
            self.generated_tokens,
            repaired,
        )

    # -- what a round asks

    def _least(self) -> int:
        """Parts to cut the document into, so that each gives a sentence."""
        return self.budget.aim * (FOCUS_PARTS if self.request.focus else 1)

    @property
    def whole(self) -> bool:
        """Whether the model is asked for all sentences at once."""
        return self.material.obeys and len(self.texts) == 1 and self.budget.sentences.most != 1

    def _write_whole(self, seeds: Sequence[int | None]) -> Asking:
        """The summary in one answer, or several to choose from."""
        ((_, text),) = self._all()
        requests = [self._requested(text, self._asked(), "", seed) for seed in seeds]
        answers = yield from self._answers(requests)
        liked = agreement([(answer.text, mean_logprob(answer)) for answer in answers], self.pool.language)
        before = len(self.pool.candidates)
        for answer, seed, like in zip(answers, seeds, liked, strict=True):
            if seed is None:
                self._record(self.parts[0], "write", answer)
            count = self.pool.take_whole(answer, "greedy" if seed is None else "sampled")
            for candidate in self.pool.candidates[before:]:
                candidate.value *= like if candidate.value > 0 else 1.0
            before = len(self.pool.candidates)
            if like == 1.0 and obedient.free(self.request) and self.answered <= len(seeds):
                self._aim_at(max(1, count))

    def _aim_at(self, sentences: int) -> None:
        """So many sentences are right, since the model wrote so many of its own accord."""
        self.budget = self.pool.budget = replace(self.budget, aim=sentences)

    def _certain(self) -> bool:
        """Whether each part's sentence will stand in the summary, if nothing speaks against it."""
        free = self.budget.words is None and not self.pool.terms and self.versions == 1
        return free and len(self.parts) <= self.budget.aim

    def _announce(self, group: int, tell: Callable[[Candidate], None]) -> None:
        """Tell of a part's best sentence, unless it or an earlier one is in doubt."""
        told = [candidate for candidate in self.pool.candidates if candidate.value >= CERTAIN]
        mine = [candidate for candidate in self.pool.candidates if candidate.group == group]
        best = max(mine, key=lambda candidate: candidate.value, default=None)
        written = [*told, best] if best is not None else []
        too_long = sum(candidate.words for candidate in written) >= self.pool.source_length
        if best is None or best.value <= 0 or too_long or said_twice(written) is not None:
            self.on_sentence = None
        else:
            best.value += CERTAIN
            tell(best)

    def _combine(self) -> Asking:
        """Sum up the parts' sentences, level by level, until one remains."""
        written = self.pool.candidates
        best = {candidate.group: candidate for candidate in sorted(written, key=lambda one: one.value)}
        level = [(best[group].text, self.parts[group]) for group in sorted(best)]
        while len(level) > 1:
            joined = _joined(level, self.material.count, self.material.window)
            self.texts = [text for text, _ in joined]
            before = len(written)
            yield from self._ask(
                self._all(),
                self._asked(),
                "combine",
                read=dict(enumerate(part for _, part in joined)),
            )
            found = [(candidate.text, joined[candidate.group][1]) for candidate in written[before:]]
            if len(found) >= len(level):
                break
            level = found
        for candidate in written:
            candidate.group = 0

    def _name(self, missing: Sequence[str], attempt: int) -> Asking:
        """Sentences that name a term, from where it stands; begun with the term when asking was not enough."""
        before = len(self.pool.candidates)
        for term in missing:
            named = Asked("mention", term)
            if attempt == 1:
                yield from self._from(self._naming(term, 1), named)
                yield from self._from(self._naming(term, 0), self._asked())
            elif attempt == 2:
                begun = term[:1].upper() + term[1:] if term.islower() else term
                yield from self._from(self._naming(term, 1), named, prefill=begun)
            else:
                yield from self._as_the_source_begins(term, named, () if attempt == 3 else (attempt * 1000,))
        if len(self.texts) != len(self.parts):  # combined: one sentence is wanted from all parts
            for candidate in self.pool.candidates[before:]:
                candidate.group = 0

    def _as_the_source_begins(self, term: str, named: Asked, seeds: Sequence[int]) -> Asking:
        """Sentences that begin as the source's do, up to the term: how the model goes on is its own."""
        for group, part in self._naming(term, 0).items():
            start, end = part.spans[0]
            sentence = self.material.document.text[start:end]
            if found := re.search(re.escape(term), sentence, re.IGNORECASE):
                begun = sentence[: found.end()]
                yield from self._from({group: part}, named, prefill=begun, seeds=seeds)

    def _naming(self, term: str, context: int) -> dict[int, Part]:
        """By part, the sentences that name a term, each with some before it; of the first parts that do.

        A small model asked about a term in a long text speaks of the text: of seven terms in three texts it named two
        when asked with the whole text, five with these sentences (LOG.md).
        """
        found: dict[int, Part] = {}
        text = self.material.document.text
        for group, part in enumerate(self.parts):
            holding = [at for at, (start, end) in enumerate(part.spans) if names(text[start:end], term)]
            kept = sorted({near for at in holding for near in range(max(0, at - context), at + 1)})
            if kept and len(found) < PLACES:
                found[group] = Part(tuple(part.spans[at] for at in kept))
        return found

    def _from(
        self, read: dict[int, Part], asked: Asked, *, prefill: str = "", seeds: Sequence[int] = ()
    ) -> Asking:
        """Ask about passages instead of whole parts."""
        texts = [(group, part.text(self.material.document)) for group, part in read.items()]
        yield from self._ask(texts, asked, "write", seeds=seeds or (None,), prefill=prefill, read=read)

    def _finer(self, attempt: int) -> Asking:
        """More sentences, from smaller parts; or, where there are none, other sentences."""
        before = len(self.parts)
        shown = any(candidate.value >= CERTAIN for candidate in self.pool.candidates)
        if not shown:
            self._cut(max(self.budget.aim, before) * (attempt + 1))
        if len(self.parts) > before:
            self.pool.clear()
            yield from self._ask(self._all(), self._asked(), "map")
        else:
            yield from self._sample(SAMPLES, attempt)

    def _sample(self, count: int, attempt: int) -> Asking:
        first = attempt * 1000
        if self.whole:
            yield from self._write_whole(range(first, first + count))
            return
        yield from self._ask(self._all(), self._asked(), "write", seeds=range(first, first + count))

    def _trim(self) -> None:
        if self.budget.words is not None:
            self.pool.trim()

    # -- how it is asked

    def _cut(self, least: int) -> None:
        material = self.material
        self.parts = parts(
            material.document,
            material.count,
            window=material.window,
            least=least,
            withheld=material.withheld,
            only=self.picked,
        )
        if self.request.focus and len(self.parts) > self.budget.aim:
            self.parts = self._on_focus(self.parts)
        self.texts = [part.text(material.document) for part in self.parts]

    def _on_focus(self, all_parts: list[Part]) -> list[Part]:
        """The parts that hold the passages nearest to the focus; all of them if nothing is near it."""
        near = self.material.source.passages.best(self.request.focus, 2 * self.budget.aim)
        kept = [
            part
            for part in all_parts
            if any(part.start < span.end and span.start < part.end for span in near)
        ]
        return kept or all_parts

    def _all(self) -> list[tuple[int, str]]:
        return list(enumerate(self.texts))

    def _asked(self) -> Asked:
        if self.material.obeys and len(self.texts) == 1:
            return obedient.asked(self.request, self.budget)
        if self.request.focus:
            return Asked("focus", self.request.focus)
        return Asked("headline" if self.budget.style == "headline" else "sentence")

    def _ask(
        self,
        texts: Sequence[tuple[int, str]],
        asked: Asked,
        stage: str,
        *,
        seeds: Sequence[int | None] = (None,),
        prefill: str = "",
        read: Mapping[int, Part] | None = None,
    ) -> Asking:
        """Ask the same about each (group, text), once a seed, and put the answers into the pool.

        A seed of None is greedy. `read` are what the groups stand for, if not the parts of the document.
        """
        # All questions on one text stand together, so that an engine reads it once.
        rows = [(group, text, seed) for group, text in texts for seed in seeds]
        requests = [self._requested(text, asked, prefill, seed) for _, text, seed in rows]
        answers = yield from self._answers(requests)
        for (group, _, seed), answer in zip(rows, answers, strict=True):
            if seed is None:
                self._record(read[group] if read else self.parts[group], stage, answer)
            if not (prefill and answer.text.lstrip()[:1] in LABELS):
                self.pool.take(group, answer, _made(asked, stage, seed, prefill), prefill)

    def _requested(self, text: str, asked: Asked, prefill: str, seed: int | None) -> GenerationRequest:
        without = self._prompt("", asked, prefill) if self.request.context_aware else None
        return GenerationRequest(self._prompt(text, asked, prefill), self._decoding(seed), without)

    def _prompt(self, text: str, asked: Asked, prefill: str) -> Prompt:
        form, title = self.material.form or Form(), self.material.document.title if text else ""
        turns = self.material.shown.turns if asked.kind in SHOWN else ()
        return prompt(Text(text, title), asked, self.pool.language, prefill=prefill, form=form, shown=turns)

    def _decoding(self, seed: int | None) -> Decoding:
        """The likeliest answer, or one sampled with the request's seed and this one."""
        sentence = min(ANSWER_TOKENS, self.material.window // 2)  # where two are combined, they have to fit
        wanted = Decoding(
            max_tokens=obedient.tokens(self.budget) if self.whole else sentence,
            seed=self.request.seed,
            logprobs=self.alternatives > 0 or self.versions > 1,
            alternatives=self.alternatives,
            contrast=self.request.context_aware,
            adapter=self.material.adapter,
        )
        return decoding(wanted, self.pool.language, seed, self.material.usual, whole=self.whole)

    def _answers(
        self, requests: list[GenerationRequest]
    ) -> Generator[list[GenerationRequest], list[Answer], list[Answer]]:
        """Ask, and count what was asked and read."""
        material = self.material
        answers = yield from answered(requests, material.shown, material.document, self.reasons)
        self.answered += len(answers)
        self.prompt_tokens += sum(answer.prompt_tokens for answer in answers)
        self.generated_tokens += sum(answer.generated_tokens for answer in answers)
        return answers

    def _record(self, part: Part, stage: str, answer: Answer) -> None:
        self.read.append(part)
        self.steps.append(Step(stage, part.start, part.end, answer.text.strip()))


def _made(asked: Asked, stage: str, seed: int | None, prefill: str) -> Made:
    if prefill or asked.kind == "mention":
        return "named"
    if stage == "combine":
        return "combined"
    return "greedy" if seed is None else "sampled"


def _joined(
    texts: Sequence[tuple[str, Part]], count: Callable[[str], int], window: int
) -> list[tuple[str, Part]]:
    """Sentences put together into texts of at most about a window, each with the part that they sum up."""
    groups = max(1, math.ceil(sum(count(text) + 1 for text, _ in texts) / window))
    each = max(2, math.ceil(len(texts) / groups))
    chunks = [texts[at : at + each] for at in range(0, len(texts), each)]
    return [
        (" ".join(text for text, _ in chunk), Part(tuple(span for _, part in chunk for span in part.spans)))
        for chunk in chunks
    ]
