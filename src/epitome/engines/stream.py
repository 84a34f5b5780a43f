"""From token ids, as they come, to text that can be shown: whole characters, and never past a stop string."""

from __future__ import annotations

from collections.abc import Callable, Sequence

_BROKEN = "\N{REPLACEMENT CHARACTER}"


class Detokenizer:
    """Turns the tokens of one answer into text, piece by piece; the pieces joined are the whole.

    A character that several tokens make up comes out when its last token has come; text that may turn out to be the
    beginning of a stop string is held back until that is known.

    Args:
        decode: ids to text; broken UTF-8 must become U+FFFD, special tokens nothing.
        stop: the answer ends before the first of these texts.
    """

    def __init__(self, decode: Callable[[list[int]], str], stop: Sequence[str] = ()) -> None:
        self._decode = decode
        self._stop = tuple(text for text in stop if text)
        self._ids: list[int] = []
        # Only what follows `_done` is decoded anew; the tokens from `_context` on are decoded with it, because
        # some tokenizers write a token otherwise at the beginning of a text (SentencePiece drops its space).
        self._context = 0
        self._done = 0
        self._held = ""
        self.stopped = False
        """Whether a stop string ended the answer."""

    def push(self, ids: Sequence[int]) -> str:
        """Add tokens; the text that is now certain."""
        if self.stopped:
            return ""
        self._ids.extend(ids)
        before = self._decode(self._ids[self._context : self._done])
        now = self._decode(self._ids[self._context :])
        if now.endswith(_BROKEN) or len(now) <= len(before):
            return ""
        self._context, self._done = self._done, len(self._ids)
        return self._cut(now[len(before) :])

    def finish(self) -> str:
        """What was held back, at the end of the answer. Half a character is left out."""
        if self.stopped:
            return ""
        before = self._decode(self._ids[self._context : self._done])
        now = self._decode(self._ids[self._context :]).rstrip(_BROKEN)
        text = self._cut(now[len(before) :])
        text += self._held
        self._held = ""
        return text

    def _cut(self, text: str) -> str:
        """`text` up to a stop string, and without an end that could begin one."""
        text = self._held + text
        ends = [at for stop in self._stop if (at := text.find(stop)) >= 0]
        if ends:
            self.stopped, self._held = True, ""
            return text[: min(ends)]
        keep = max((_overlap(text, stop) for stop in self._stop), default=0)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]


def _overlap(text: str, stop: str) -> int:
    """Length of the longest end of `text` with which `stop` begins."""
    return next((n for n in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:n])), 0)
