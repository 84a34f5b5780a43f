"""The nouns every rank speaks. Standard library only.

Document + Request  ->  plan  ->  Engine  ->  candidates  ->  check, select  ->  Summary
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

Style = Literal["sentence", "paragraph", "bullets", "headline", "tldr", "highlights"]
STYLES: tuple[Style, ...] = get_args(Style)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the characters from `start` on, up to the next origin, came from."""

    start: int
    page: int | None = None
    """Page number, from 1, in a paged source."""
    paragraph: int | None = None
    """Paragraph number, from 1, over the whole document."""
    time: float | None = None
    """Seconds from the beginning, in a subtitle file."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the document under one heading; `start` and `end` are character offsets."""

    title: str
    level: int
    start: int
    end: int


@dataclass(slots=True)
class Document:
    """A text, and for every character of it where it came from.

    Paragraphs in `text` are separated by a blank line. `source` is what the user named: a path, a URL,
    `-` for standard input, `FILE:ROW` for a row of a table, or empty for a string given in Python.
    """

    text: str
    title: str = ""
    language: str = "en"
    """ISO 639-1 code."""
    sections: list[Section] = field(default_factory=list)
    origins: list[Origin] = field(default_factory=list)
    """Sorted by `start`."""
    source: str = ""
    warnings: list[str] = field(default_factory=list)
    """What the reader had to give up, for a person: pages without text, a guessed encoding, …"""

    def origin(self, offset: int) -> Origin | None:
        """Where the character at `offset` came from, or None where the source has no positions."""
        at = bisect_right(self.origins, offset, key=lambda origin: origin.start) - 1
        return self.origins[at] if at >= 0 else None


@dataclass(frozen=True, slots=True)
class Length:
    """Inclusive bounds; None leaves a side open."""

    least: int | None = None
    most: int | None = None

    @classmethod
    def parse(cls, text: str) -> Length:
        """`40-60` or `50`. Raises ValueError for anything else.

        >>> Length.parse("40-60")
        Length(least=40, most=60)
        """
        least, dash, most = text.strip().replace("–", "-").partition("-")
        bounds = cls(int(least), int(most if dash else least))
        if not 1 <= int(least) <= int(most if dash else least):
            raise ValueError(text)
        return bounds

    def __contains__(self, count: int) -> bool:
        return (self.least is None or count >= self.least) and (self.most is None or count <= self.most)

    def __str__(self) -> str:
        if self.least is None:
            return f"at most {self.most}"
        if self.most is None:
            return f"at least {self.least}"
        return str(self.most) if self.least == self.most else f"{self.least}-{self.most}"


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a prompt. Its text is never read as template: special tokens in it are plain text."""

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is asked. `prefill` begins the answer; the model goes on from there."""

    messages: tuple[Message, ...]
    prefill: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """What the reader asks of the summary."""

    style: Style | None = None
    """None: a sentence for a short document, a paragraph for a long one."""
    words: Length | None = None
    """In words; in characters for Chinese and Japanese."""
    sentences: Length | None = None
    focus: str = ""
    """The question or topic to keep to."""
    mention: tuple[str, ...] = ()
    """Terms the summary must contain."""
    glossary: tuple[str, ...] = ()
    """Terms that must stand in the summary as they stand in the source, where it uses them."""
    language: str | None = None
    """ISO 639-1 code; None is the document's own."""
    candidates: int | None = None
    """Versions to choose from; None: as many as the model is meant to be used with, else one."""
    seed: int = 0
    read_all: bool = False
    """Read every sentence of a long document instead of those that LexRank, or the focus, picks out."""
    adapter: str | None = None
    """Of those that the summarizer chooses among: a name, or `none`; None: the one that suits the document."""
    context_aware: float = 0.0
    """How much the model's own knowledge is held back against the document: α of context-aware decoding (Shi et al.
    2023), which needs an engine that can (transformers). 0: not at all; the paper uses 0.5."""
    repair: bool = False
    """Write anew, replace or leave out what the document does not support, and say so."""
    min_support: float | None = None
    """Support from which a sentence may stand, 0 to 1; None: what the check takes for supported."""


@dataclass(frozen=True, slots=True)
class SourceSpan:
    """A passage of the document, by character offsets."""

    start: int
    end: int
    text: str
    page: int | None = None
    paragraph: int | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """Something a summary states that its source does not contain."""

    kind: str
    """`number`, `date`, `name`, `quotation`, `negation` or `opposite`."""
    text: str
    start: int
    end: int
    """Offsets in the checked text."""
    nearest: str = ""
    """The nearest thing that the source does say."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a summary beside what it rests on."""

    text: str
    support: float
    """How far it follows from the source, 0 to 1."""
    sources: tuple[SourceSpan, ...] = ()
    facts: tuple[Fact, ...] = ()
    """Unsupported facts in this sentence."""
    supported: bool = True
    """The verdict: no unsupported fact, and support over the threshold (`trust/check.py`)."""


@dataclass(frozen=True, slots=True)
class Unmet:
    """A part of the request that the summary does not honour, and why."""

    request: str
    reason: str


@dataclass(frozen=True, slots=True)
class Step:
    """One prompt of the plan that was really evaluated: an intermediate or the final summary."""

    stage: str
    """`map`, `combine` or `write`."""
    start: int
    end: int
    """The characters of the document it read (for `combine`: that its parts had read)."""
    text: str


@dataclass(slots=True)
class Summary:
    """The summary, what it rests on, and how it was made. `as_dict()` is what `--json` prints."""

    text: str
    sentences: list[Sentence] = field(default_factory=list)
    unmet: list[Unmet] = field(default_factory=list)
    read_share: float = 1.0
    """Share of the document's characters that stood in a prompt which was really evaluated."""
    model: str = ""
    adapter: str | None = None
    engine: str = ""
    language: str = "en"
    kind: Literal["abstractive", "extractive"] = "abstractive"
    seed: int = 0
    source: str = ""
    title: str = ""
    reasons: list[str] = field(default_factory=list)
    """Why this candidate was taken, and what was done to it."""
    warnings: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)
    """The ids of the examples that stood before the document, in order."""
    masked: dict[str, int] | None = None
    """How many persons, addresses, … were hidden from the model, by kind; None: nothing was to be."""
    prompt: str = ""
    """Name and version of the prompt."""
    version: str = ""
    prompt_tokens: int = 0
    generated_tokens: int = 0
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """A plain dictionary, ready for `json.dumps`."""
        return asdict(self)

    def __str__(self) -> str:
        return self.text
