"""Text that BERT's tokenizer took apart, spelt as its source spells it.

WordPiece drops capitals and spaces: what comes back of "Al-Qaeda's 3.5 %" is "al - qaeda ' s 3 . 5 %". Runs of words
that the source has are given as they stand there, the rest by the rules of English typesetting.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from epitome.engines.stream import Detokenizer

_WORD = re.compile(r"[^\W_]+|[^\s]")
_GAPLESS = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]")
"""Chinese and Japanese, their marks too."""
_CLOSING, _OPENING, _JOINING = frozenset(".,;:!?)]}%…»”’"), frozenset("([{$£€#«“‘"), frozenset("-/–_@'’")
_HOLDING = _OPENING | _JOINING | {'"'}
"""Marks whose spaces depend on the word that comes next."""
_ENDS = frozenset(".!?…:")
_SMALL_TEXT = """
    a an the this that these those there here it its he she they we you his her their our your in on at by for from with
    to of as and or but so if when while because although however since after before during under over between into is
    are was were be been has have had do does did not no some many most all both each one two three new more other such
    what who how why where which then also using recent despite given based
"""
_SMALL = frozenset(_SMALL_TEXT.split())
"""Words that a capital at the head of a sentence says nothing of."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A word or a mark of the source: as it is looked up, as it stands, and where."""

    key: str
    text: str
    start: int
    end: int
    first: bool
    """Whether a sentence may begin with it, so that its capital means nothing."""


class Spelling:
    """How a source spells its words.

    >>> Spelling("Anna Berg of Al-Qaeda paid 3.5 %.").of("al - qaeda and anna berg paid 3 . 5 dollars .")
    'Al-Qaeda and Anna Berg paid 3.5 dollars.'
    """

    def __init__(self, source: str) -> None:
        self._source = source

    @cached_property
    def _pieces(self) -> list[_Piece]:
        found: list[_Piece] = []
        ended = True
        for match in _WORD.finditer(self._source):
            text = match.group()
            gap = self._source[found[-1].end : match.start()] if found else "\n"
            first = "\n" in gap or (ended and bool(gap))
            found.append(_Piece(_key(text), text, match.start(), match.end(), first))
            ended = text in _ENDS or (not text.isalnum() and (ended or first))
        return found

    @cached_property
    def _places(self) -> dict[str, list[int]]:
        places: dict[str, list[int]] = defaultdict(list)
        for at, piece in enumerate(self._pieces):
            places[piece.key].append(at)
        return places

    @cached_property
    def _usual(self) -> dict[str, str]:
        """Each word as it mostly stands inside a sentence."""
        counted: dict[str, Counter[str]] = defaultdict(Counter)
        for piece in self._pieces:
            if not piece.first or piece.text[1:] != piece.text[1:].lower():
                counted[piece.key][piece.text] += 1
        return {key: held.most_common(1)[0][0] for key, held in counted.items()}

    def of(self, text: str, *, begun: bool = False) -> str:
        """Words and marks with spaces between them, spelt; `begun`: they go on a sentence that stands already."""
        words = _WORD.findall(text)
        out = ""
        capital, quoted, at = not begun, False, 0
        while at < len(words):
            start, length = self._longest(words, at)
            head = False
            for step in range(max(1, length)):
                word = words[at + step]
                if length:
                    word = self._word(start + step, begins=step == 0, head=head)
                elif word == "i":
                    word = "I"
                head = word in _ENDS or (head and not word.isalnum())
                if step:
                    gap = " " if self._gap(start + step) else ""
                else:
                    gap = _gap(words, at, out, quoted) if out or begun else ""
                if word == '"':
                    quoted = not quoted
                if capital and word[0].isalnum():
                    word, capital = (word[0].upper() + word[1:] if word.islower() else word), False
                out += gap + word
                # Inside a run the source says by itself what its full stops end.
                if word in (".", "!", "?") and step + 1 >= length and not _inside(words, at + step):
                    capital = True
            at += max(1, length)
        return out

    def _longest(self, words: Sequence[str], at: int) -> tuple[int, int]:
        """Where the source has the longest run of these words, and how long it is; it begins with a word."""
        best = (0, 0)
        if not words[at].isalnum():
            return best
        for place in self._places.get(_key(words[at]), ()):
            length = 1
            while (
                at + length < len(words)
                and place + length < len(self._pieces)
                and self._pieces[place + length].key == _key(words[at + length])
            ):
                length += 1
            if length > best[1]:
                best = (place, length)
        place, length = best
        while length > 1 and words[at + length - 1] in _HOLDING:
            length -= 1
        return place, length

    def _gap(self, place: int) -> bool:
        return self._pieces[place].start > self._pieces[place - 1].end

    def _word(self, place: int, *, begins: bool, head: bool) -> str:
        """The source's word: at the `head` of a sentence that was taken over whole as it stands, else as it stands
        inside one; `begins`: what stood before it there does not stand here."""
        piece = self._pieces[place]
        if head or not (piece.first or begins):
            return piece.text
        if piece.key in _SMALL and piece.text == piece.text.lower().capitalize():
            return piece.text.lower()
        return self._usual.get(piece.key, piece.text) if piece.first else piece.text


def _key(word: str) -> str:
    """As BERT's tokenizer without capitals has it."""
    small = unicodedata.normalize("NFD", word.lower())
    return "".join(letter for letter in small if unicodedata.category(letter) != "Mn")


def _gap(words: Sequence[str], at: int, out: str, quoted: bool) -> str:
    """What stands before a word that the source does not have behind the one before it."""
    word, before = words[at], words[at - 1] if at else ""
    if word == '"':
        return "" if quoted else " "
    if before == '"':
        return " " if not quoted else ""
    if word in _CLOSING or before in _OPENING or word in _JOINING or before in _JOINING:
        return ""
    if before in (".", ",") and _inside(words, at - 1):
        return ""
    if _GAPLESS.match(word) or _GAPLESS.match(before):
        return ""
    return " "


def _inside(words: Sequence[str], at: int) -> bool:
    """Whether the mark stands inside a number, and ends nothing: 3.5, 4.4BSD."""
    return at > 0 and words[at - 1][-1].isdigit() and at + 1 < len(words) and words[at + 1][0].isdigit()


class Respeller(Detokenizer):
    """A `Detokenizer` of ids that have lost their spelling. The text comes at the end, in one piece: how a word is
    spelt depends on those behind it."""

    def __init__(
        self, decode: Callable[[list[int]], str], stop: Iterable[str], spelling: Spelling, *, begun: bool
    ) -> None:
        super().__init__(decode, tuple(stop))
        self._spelling = spelling
        self._begun = begun

    def push(self, ids: Sequence[int]) -> str:
        if not self.stopped:
            self._ids.extend(ids)
            self.stopped = any(stop in self._text() for stop in self._stop)
        return ""

    def finish(self) -> str:
        text = self._text()
        ends = [at for stop in self._stop if (at := text.find(stop)) >= 0]
        return text[: min(ends)] if ends else text

    def _text(self) -> str:
        # An answer may begin with what goes on a word.
        return self._spelling.of(self._decode(self._ids).removeprefix("##"), begun=self._begun)
