"""Subtitles (SRT, WebVTT): cues merged to running text, each place with its time."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from epitome.documents.blocks import Block, clean, compose, tight
from epitome.documents.text import decode
from epitome.errors import SourceError
from epitome.types import Document, Origin

_TIME = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{2})[.,](\d{1,3})"
_ARROW = re.compile(rf"^\s*{_TIME}\s*-->\s*{_TIME}[^\n]*$", re.MULTILINE)
CUES = re.compile(rf"\A\s*(?:WEBVTT|\d+\s*\n{_TIME}\s*-->)")
"""How a subtitle file begins, whatever it is called."""
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<\d[\d:.]*>|\{\\[^{}]*\}|</?[cv](?:\.[^<>]*)?>")
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s+([^<>]+)>")
_END = re.compile(r"[.!?。！？…][\"'”’」』)）]*$")

PAUSE = 3.0
"""Seconds of silence after a finished sentence that begin a new paragraph."""
LONG = 600
"""Characters after which the next finished sentence ends a paragraph; captions without punctuation get four times as
many."""


@dataclass(frozen=True, slots=True)
class _Cue:
    start: float
    end: float
    text: str
    turn: bool


def read_subtitles(data: bytes, name: str) -> Document:
    """An SRT or VTT file's bytes. Raises SourceError where there is no cue with text."""
    text, warnings = decode(data, name)
    cues = list(_cues(text.replace("\r\n", "\n").replace("\r", "\n")))
    if not cues:
        raise SourceError(
            f"{name}: no subtitles with text in this file", hint="check that it is SRT or WebVTT"
        )
    return compose(_paragraphs(cues), source=name, warnings=warnings)


def _cues(text: str) -> Iterator[_Cue]:
    last: list[str] = []
    arrows = list(_ARROW.finditer(text))
    for arrow, following in zip_longest(arrows, arrows[1:]):
        raw = text[arrow.end() : following.start() if following else len(text)]
        # A blank line ends a cue; after it come the next cue's number, or a comment.
        raw = raw.lstrip("\n").split("\n\n", 1)[0]
        voiced = _VOICE.sub(lambda match: f"{match[1].strip()}: ", raw)
        lines = [clean(html.unescape(_TAG.sub("", line))) for line in voiced.split("\n")]
        # Live captions scroll: each cue repeats lines of the one before.
        fresh = [line for line in lines if line and line not in last]
        last = [line for line in lines if line]
        if fresh and following and fresh[-1].isdigit() and len(fresh) > 1:
            fresh.pop()
        if not fresh:
            continue
        turn = bool(_VOICE.search(raw)) or fresh[0].startswith(("- ", "– ", "— ", ">>"))
        yield _Cue(_seconds(arrow, 1), _seconds(arrow, 5), " ".join(fresh).replace("\n", " "), turn)


def _seconds(match: re.Match[str], first: int) -> float:
    hours, minutes, seconds, part = (match[first + at] or "0" for at in range(4))
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + int(part.ljust(3, "0")) / 1000


def _paragraphs(cues: list[_Cue]) -> Iterator[Block]:
    text = ""
    begun = ended = 0.0
    later: list[Origin] = []
    for cue in cues:
        finished = bool(_END.search(text[-8:]))
        if text and (
            cue.turn or len(text) > 4 * LONG or (finished and (cue.start - ended > PAUSE or len(text) > LONG))
        ):
            yield Block(text, time=begun, later=tuple(later))
            text, later = "", []
        if text:
            text += "" if tight(text, cue.text) else " "
            later.append(Origin(len(text), time=cue.start))
        else:
            begun = cue.start
        text += cue.text
        ended = cue.end
    yield Block(text, time=begun, later=tuple(later))
