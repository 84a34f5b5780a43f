"""From what a model said to the sentences it meant: no preamble, no label, no template, no loop, no torn end."""

from __future__ import annotations

import re

from epitome.documents import sentences

_PREAMBLE = re.compile(
    r"^[\s*_#>\"“'-]{0,3}"
    r"(?P<agreed>(?:sure(?: thing)?|certainly|of course|absolutely|okay|ok)(?:[!.:]\s*|,\s*(?=here|i\b|below)))?"
    r"(?P<offered>i(?:'d|’d| would|'ll|’ll| will| can)\b(?=[^\n.!:]{0,60}"
    r"\b(?:help|assist|summari[sz]e|provide|do (?:that|it|so))\b)[^\n.!:]{0,70}[.!:]\s*)?"
    r"(?P<announced>(?:here(?:'s|’s| is| are)|(?:below|the following|this) is\b(?=[^\n:.]{0,60}"
    r"\b(?:summary|sentence|headline|version|overview)\b))[^\n:.]{0,80}:\s*)?",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"^\W{0,5}(?:(?:one[- ]sentence |short |brief )?summary|tl;?dr|headline|main point|key point|answer|output|"
    r"摘要|总结|概括|标题)"
    r"\W{0,3}[:：]\s*",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"<\|[^|<>]{1,40}\|>|</?s>|\[/?INST\]|<(?:start|end)_of_turn>|</?think>")
_OPENED = re.compile(r"^\s*(?:<\|[^|<>]{1,40}\|>|<s>|<start_of_turn>)+(?:(?:assistant|model)\s*\n)?")
_BULLET = re.compile(r"^\s*(?:[-*•–]|\d{1,2}[.)、])\s+")
_EMPHASIS = re.compile(r"(\*\*|__|`)")
# A manual may say "The user must press the button": only what a reader of the prompt would say counts.
_META = re.compile(
    r"^(?:this|the|your|my)\s+(?:"
    r"input text\b|instructions? (?:is|are|says?|asks?)\b|"
    r"(?:response|answer|prompt) (?:is|was|should|must|does|says?|asks?|contains?|provides?|meets?|has been)\b|"
    r"user (?:asks?|asked|is asking|wants? (?:me|you|a|the)|requests?|requested|"
    r"has (?:asked|requested|provided)|provided)\b)|"
    r"^(?:i'm|i’m|i am) sorry|^as an ai\b|^i (?:can't|can’t|cannot)\b",
    re.IGNORECASE,
)
_THOUGHT = re.compile(r"^\s*<think>.*?</think>", re.DOTALL)
_ENDED = re.compile(r"[.!?…。！？][\"'”’」』)\]）】]*$")


def spoken(raw: str, language: str) -> list[str]:
    """The whole sentences of an answer, in order, cleaned; a torn last one is left out."""
    return [text for text in pieces(raw, language) if ended(text)]


def pieces(raw: str, language: str) -> list[str]:
    """The sentences of an answer, cleaned, the last one perhaps torn."""
    text = _OPENED.sub("", _THOUGHT.sub("", raw, count=1), count=1)
    text = _MARKUP.split(text.strip(), maxsplit=1)[0]
    text = _LABEL.sub("", _without_preamble(text), count=1)
    found: list[str] = []
    for line in text.splitlines():
        line = _EMPHASIS.sub("", _BULLET.sub("", line)).strip()
        if not line:
            continue
        for start, end in sentences(line, language):
            sentence = _unquoted(line[start:end].strip()).strip()
            if sentence and not _META.match(sentence) and sentence not in found:
                found.append(sentence)
    return found


def _without_preamble(text: str) -> str:
    match = _PREAMBLE.match(text)
    return text[match.end() :] if match and match.lastgroup else text


def ended(sentence: str) -> bool:
    """Whether a sentence ends as one."""
    return _ENDED.search(sentence) is not None


def _unquoted(sentence: str) -> str:
    """Without quotation marks around the whole of it."""
    for opening, closing in (('"', '"'), ("“", "”"), ("'", "'"), ("「", "」")):
        inner = sentence.removeprefix(opening)
        if inner != sentence and inner.count(opening) == (1 if opening == closing else 0):
            for tail in (closing, closing + "."):
                if inner.endswith(tail):
                    return inner.removesuffix(tail) + (
                        "." if tail != closing and not ended(inner[:-2]) else ""
                    )
        if inner != sentence and opening == closing and opening not in inner:
            return inner
    return sentence
