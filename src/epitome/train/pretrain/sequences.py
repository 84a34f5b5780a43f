"""From a text to what a network learns from it: cut to the network's length, and spoilt as the objective says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, pairwise
from random import Random
from typing import Any

from epitome.datasets.pair import Pair
from epitome.documents import sentences
from epitome.documents.languages import certain_language
from epitome.engines.tokenizer import HubTokenizer
from epitome.errors import ModelError, UsageError
from epitome.models.folder import Form
from epitome.train.base import Base
from epitome.train.examples import Branch, Example, Shape, examples
from epitome.train.pretrain import corrupt
from epitome.train.pretrain.config import USUAL, Objective, Pretraining
from epitome.train.pretrain.masked import Cloze

LEAST = 8
"""Tokens of the shortest sequence that is learnt from: in fewer there is nothing to tell the rest by."""
BOUNDARIES = ("<|endoftext|>", "<|end_of_text|>")
"""What stands between documents where a chat model was pre-trained, whatever ends its turns."""
PIECE = 8
"""Characters of a piece of a long document, for each token that a sequence may have."""

Make = Callable[[str, str, Random], list[Any]]
"""A text, its id and chance: its sequences."""
Ids = tuple[int, ...]


def maker(base: Base, objective: Objective, config: Pretraining) -> Make:
    """What makes sequences of texts.

    Raises `ModelError` where the base's tokenizer lacks what the objective needs: a mask, sentinels.
    """
    most = min(config.data.max_tokens, base.context)
    usual = USUAL[objective]
    share, span = config.corrupt.share or usual.share, config.corrupt.span or usual.span
    if objective == "causal":
        return _causal(base, most)
    if objective == "gsg" and not base.encoder_decoder:
        return _gap_pairs(base, config, most, share)
    words = base.words
    assert isinstance(words, HubTokenizer)
    if objective in ("mlm", "spanbert"):
        chosen = corrupt.whole_words if objective == "mlm" else corrupt.word_spans
        grouped = words.grouped if config.corrupt.whole_words or objective == "spanbert" else _apart(words)
        return _cloze(
            words, most, _mask(base, words), grouped, lambda found, draw: chosen(found, share, draw)
        )
    writer = _Writer(base, words, most)
    if objective == "t5":
        return _span_corruption(writer, _sentinels(base, words), share, span)
    if objective == "bart":
        return _denoising(writer, _mask(base, words), share, span, config.corrupt.permute)
    sentinels = words.sentinels
    return _gap_sentences(writer, sentinels[0] if sentinels else _mask(base, words), share)


def _mask(base: Base, words: HubTokenizer) -> int:
    mask = words.role("mask")
    if mask is None:
        raise ModelError(
            f"{base.model.name}: its tokenizer has no token that masks", hint="take another base or objective"
        )
    return mask


def _sentinels(base: Base, words: HubTokenizer) -> Ids:
    if not words.sentinels:
        raise ModelError(
            f"{base.model.name}: its tokenizer has no sentinels (<extra_id_0>, …), which the objective t5 needs",
            hint="--objective bart or gsg, or another base",
        )
    return words.sentinels


# --- encoders ---


def _apart(words: HubTokenizer) -> Callable[[str], list[Ids]]:
    """Each token a word of its own."""
    return lambda text: [(token,) for token in words.encode(text)]


def _cloze(
    words: HubTokenizer,
    most: int,
    mask: int,
    grouped: Callable[[str], list[Ids]],
    chosen: Callable[[Sequence[Ids], Random], list[range]],
) -> Make:
    before, after = words.around()
    ordinary = words.ordinary

    def make(text: str, id: str, draw: Random) -> list[Cloze]:
        found = []
        for part in _portions(grouped(text), most - len(before) - len(after)):
            made = corrupt.masked(part, chosen(part, draw), mask, ordinary, draw)
            places = tuple(place + len(before) for place in made.places)
            found.append(Cloze(id, (*before, *made.ids, *after), places, made.targets))
        return found

    return make


# --- encoder-decoders ---


class _Writer:
    """What surrounds source and target."""

    def __init__(self, base: Base, words: HubTokenizer, most: int) -> None:
        self.words = words
        before, after = words.around()
        self._before, self._after = before, after
        self.room = most - len(before) - len(after)
        first = base.network.generation_config.forced_bos_token_id
        self._first = [first] if isinstance(first, int) else []  # what BART's kind is made to begin with
        self._end = base.end

    def example(self, id: str, made: corrupt.Rewritten) -> Example:
        target = (*self._first, *made.target, self._end)
        return Example(id, (*self._before, *made.source, *self._after), (Branch(target),))


def _span_corruption(writer: _Writer, sentinels: Ids, share: float, span: float) -> Make:
    def make(text: str, id: str, draw: Random) -> list[Example]:
        found = []
        for part in _portions([(token,) for token in writer.words.encode(text)], writer.room):
            ids = tuple(chain.from_iterable(part))
            spans = corrupt.noise_spans(len(ids), share, span, len(sentinels), draw)
            found.append(writer.example(id, corrupt.span_corruption(ids, spans, sentinels)))
        return found

    return make


def _denoising(writer: _Writer, mask: int, share: float, span: float, permute: bool) -> Make:
    def make(text: str, id: str, draw: Random) -> list[Example]:
        found = []
        for part in _portions([writer.words.grouped(one) for one in cut(text)], writer.room, _deep):
            target = tuple(chain.from_iterable(chain.from_iterable(part)))
            order = draw.sample(part, len(part)) if permute else part
            source = corrupt.infilling(list(chain.from_iterable(order)), share, span, mask, draw)
            found.append(writer.example(id, corrupt.Rewritten(source, target)))
        return found

    return make


def _gap_sentences(writer: _Writer, mask: int, share: float) -> Make:
    def make(text: str, id: str, draw: Random) -> list[Example]:
        language = certain_language(text) or "en"
        told = [(one, tuple(writer.words.encode(one))) for one in cut(text, language)]
        found = []
        for part in _portions(told, writer.room, lambda one: len(one[1])):
            if len(part) > 1:
                gaps = corrupt.gap_sentences([one for one, _ in part], share, language, draw)
                found.append(writer.example(id, corrupt.gapped([ids for _, ids in part], gaps, mask)))
        return found

    return make


# --- decoders ---


def _causal(base: Base, most: int) -> Make:
    boundary = next(
        (found for name in BOUNDARIES if (found := base.words.special(name)) is not None), base.end
    )
    begin = base.words.special(base.tokens.bos) if base.tokens.add_bos else boundary
    start = (boundary if begin is None else begin,)

    def make(text: str, id: str, draw: Random) -> list[Example]:
        ids = [(token,) for token in base.words.encode(text)]
        parts = [tuple(chain.from_iterable(part)) for part in _portions(ids, most - 2)]
        ended = [*parts[:-1], *((*part, boundary) for part in parts[-1:])]
        return [Example(id, start, (Branch(part),)) for part in ended]

    return make


def _gap_pairs(base: Base, config: Pretraining, most: int, share: float) -> Make:
    """Gap sentences for a decoder: asked as `summarize` asks, about the text without them, it writes them."""
    answer = min(config.data.max_answer_tokens, most // 3)
    shape = Shape(Form(config.prompt.system, config.prompt.user), most, answer)

    def make(text: str, id: str, draw: Random) -> list[Example]:
        language = certain_language(text) or "en"
        told = [(one, len(base.words.encode(one))) for one in cut(text, language)]
        found: list[Example] = []
        for part in _portions(told, most * 3 // 4, lambda one: one[1]):
            if len(part) > 1:
                gaps = set(corrupt.gap_sentences([one for one, _ in part], share, language, draw))
                rest = "".join(one for at, (one, _) in enumerate(part) if at not in gaps)
                gold = " ".join(part[at][0].strip() for at in sorted(gaps))
                with suppress(UsageError):  # a prompt that does not fit: one text of many
                    found += examples([Pair(rest.strip(), (gold,), id, lang=language)], base, shape, {})
        return found

    return make


# --- cutting ---


def cut(text: str, language: str = "") -> list[str]:
    """The sentences, each with the white space before it: joined they are the text."""
    ends = [end for _, end in sentences(text, language or certain_language(text) or "en")]
    edges = [0, *ends[:-1], len(text)] if ends else [0, len(text)]
    return [text[start:end] for start, end in pairwise(edges)]


def _portions(parts: Sequence[Any], most: int, size: Callable[[Any], int] = len) -> Iterator[list[Any]]:
    """Consecutive parts of together at most `most` tokens; a part that is longer, and what is shorter than `LEAST`,
    is left out."""
    held: list[Any] = []
    tokens = 0
    for part in parts:
        length = size(part)
        if held and tokens + length > most:
            if tokens >= LEAST:
                yield held
            held, tokens = [], 0
        if length <= most:
            held.append(part)
            tokens += length
    if tokens >= LEAST:
        yield held


def _deep(words: Sequence[Ids]) -> int:
    return sum(map(len, words))
