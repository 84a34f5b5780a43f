"""From pairs to token ids: the prompt as `summarize` writes it, and what the model is to answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from epitome.datasets.pair import Pair
from epitome.errors import UsageError
from epitome.models.folder import Form
from epitome.models.template import render
from epitome.summarize.prompts import Asked, Text, prompt
from epitome.train.base import Base
from epitome.train.requests import Requests
from epitome.train.shorten import shortened
from epitome.types import Prompt

TITLE = "Title:"
"""What a title's answer begins with, so that one prompt has both answers (CATTS, Cachola et al. 2020)."""

LEAST_ROOM = 32
"""Tokens of a document below which nothing can be learnt from it."""
UNKNOWN = 0.02
"""Share of unknown tokens worth a word: MiniLM has 0.00003 in English package descriptions, 0.64 in Chinese papers."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One answer to a prompt: its token ids, the first `given` of which are not to be learnt."""

    ids: tuple[int, ...]
    given: int = 0


@dataclass(frozen=True, slots=True)
class Example:
    """A prompt and its answers. `weight` is what each learnt token counts."""

    id: str
    prompt: tuple[int, ...]
    branches: tuple[Branch, ...]
    domain: str = ""
    weight: float = 1.0
    kept: float = 1.0
    """Share of the document's characters that stand in the prompt."""

    @property
    def tokens(self) -> int:
        """Tokens the network reads: the last one of a branch is only predicted."""
        return len(self.prompt) + sum(len(branch.ids) - 1 for branch in self.branches)

    @property
    def learnt(self) -> int:
        """Tokens with a loss."""
        return sum(len(branch.ids) - branch.given for branch in self.branches)


@dataclass(frozen=True, slots=True)
class Shape:
    """How a pair becomes an example. Lengths in tokens."""

    form: Form
    most: int
    """Of prompt and longest answer together."""
    most_answer: int
    titles: bool = False
    """Also learn to write the title, as a second answer to the same prompt."""
    requests: Requests | None = None
    """What is asked of each pair; None: one sentence of all."""

    def asked(self, pair: Pair) -> Asked:
        """The request of a pair."""
        return Asked() if self.requests is None else self.requests.asked(pair)


def prompt_of(pair: Pair, document: str, form: Form, asked: Asked = Asked()) -> Prompt:
    """What the model is asked about the document: as `summarize` asks it."""
    return prompt(Text(document, pair.title), asked, pair.lang, form=form)


def examples(pairs: Iterable[Pair], base: Base, shape: Shape, weights: dict[str, float]) -> list[Example]:
    """One example a pair. `weights` are by domain; a domain without one counts 1, with 0 it is left out.

    Raises `UsageError` for a template without a place for the document or longer than the context.
    """
    shape.form.check()
    found: list[Example] = []
    for pair in pairs:
        weight = weights.get(pair.domain, 1.0)
        if weight > 0:
            found += _examples(pair, base, shape, weight)
    return found


def _examples(pair: Pair, base: Base, shape: Shape, weight: float) -> Iterator[Example]:
    branches = [_answer(base, gold, shape.most_answer) for gold in pair.summaries]
    if shape.titles and pair.title:
        branches.append(_answer(base, pair.title, shape.most_answer, TITLE))
    yield _example(pair, base, shape, (shape.asked(pair), branches), weight)
    if shape.requests is not None and shape.requests.headline(pair):
        title = [_answer(base, pair.title, shape.most_answer)]
        yield _example(pair, base, shape, (Asked("headline"), title), weight)


def _example(
    pair: Pair, base: Base, shape: Shape, wanted: tuple[Asked, list[Branch]], weight: float
) -> Example:
    asked, branches = wanted
    longest = max(len(branch.ids) for branch in branches)
    text = fitting(pair, base, shape.form, shape.most - longest, asked)
    prompt = prompt_ids(base, prompt_of(pair, text, shape.form, asked))
    kept = len(text) / len(pair.document)
    return Example(pair.id, tuple(prompt), tuple(branches), pair.domain, weight, kept)


def _answer(base: Base, text: str, most: int, given: str = "") -> Branch:
    """The answer's tokens and the end token; one that is too long ends at the last token that fits, unended."""
    gap = " " if given or (base.model.template == "completion" and not _chinese(text)) else ""
    begun = base.words.encode(given) if given else []
    ids = [*begun, *base.words.encode(gap + " ".join(text.split()))]
    ids = [*ids, base.end] if len(ids) < most else ids[:most]
    return Branch(tuple(ids), len(begun))


def _chinese(text: str) -> bool:
    return any("一" <= letter <= "鿿" for letter in text)


def fitting(pair: Pair, base: Base, form: Form, most: int, asked: Asked = Asked()) -> str:
    """The document, shortened where its prompt would have more than `most` tokens.

    Raises `UsageError` if the template leaves it no room.
    """

    def size(document: str) -> int:
        return len(prompt_ids(base, prompt_of(pair, document, form, asked)))

    whole = size(pair.document)
    if whole <= most:
        return pair.document
    room = most - (whole - len(base.words.encode(pair.document)))
    if room < LEAST_ROOM:
        raise UsageError(
            f"a prompt of {max(most, 0)} tokens leaves no room for the document {pair.id}",
            hint="raise data.max_tokens or lower data.max_answer_tokens",
        )
    for margin in (0, 8, 32):  # tokens at the seams differ from those counted sentence by sentence
        text = shortened(pair.document, pair.lang, room - margin, lambda part: len(base.words.encode(part)))
        if size(text) <= most:
            return text
    raise UsageError(
        f"the document {pair.id} cannot be cut to {room} tokens: it has no shorter sentence",
        hint="leave it out, or raise data.max_tokens",
    )


def prompt_ids(base: Base, prompt: Prompt) -> list[int]:
    """Token ids of a prompt, exactly as the engine that serves the model makes them."""
    from epitome.engines.tokenizer import HubTokenizer

    if base.plain and isinstance(base.words, HubTokenizer):
        return base.words.encode_source("\n\n".join(message.text for message in prompt.messages))
    return base.words.ids(render(prompt, base.model.template, base.jinja, base.tokens))


def cut(found: Sequence[Example], longest: bool) -> str:
    """A line that says how many documents were shortened, and to how much; empty if none was. `longest`: the base has
    no room for more."""
    short = [example.kept for example in found if example.kept < 1.0]
    if not short:
        return ""
    share = sum(short) / len(short)
    more = "the base has no room for more" if longest else "data.max_tokens raises it"
    return (
        f"{len(short)} of {len(found)} documents are longer than the model may read in training: "
        f"on average {share:.0%} of their text is kept (head and most central sentences); {more}"
    )


def unread(found: Sequence[Example], unknown: int | None) -> str:
    """A line that says how many tokens the tokenizer does not know, `unknown` being the id they share; empty if few."""
    if unknown is None:
        return ""
    parts = [part for one in found for part in (one.prompt, *(branch.ids for branch in one.branches))]
    share = sum(part.count(unknown) for part in parts) / max(1, sum(map(len, parts)))
    if share < UNKNOWN:
        return ""
    return f"{share:.0%} of all tokens are characters or words that the base does not know: it can learn none of them"


def unended(found: Sequence[Example], end: int) -> str:
    """A line that says how many summaries are learnt without their end; empty if none is."""
    torn = sum(any(branch.ids[-1] != end for branch in example.branches) for example in found)
    return f"{torn} summaries are cut off in training: data.max_answer_tokens raises it" if torn else ""
