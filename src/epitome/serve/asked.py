"""What may be asked over HTTP: the fields of a request, checked."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from epitome.summarize.budget import length
from epitome.types import Document, Request, Style

Text = Annotated[str, Field(max_length=10_000_000)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Term = Annotated[str, Field(min_length=1, max_length=200)]
EXAMPLE = "The ferry to Kell left at dawn with 212 people on board. The county had paid for a new engine."


def one_of(*fields: str) -> dict[str, Any]:
    """What the OpenAPI document says of a body that has one of these."""
    return {"oneOf": [{"required": [field]} for field in fields]}


class Sourced(BaseModel):
    """A document: its `text`, the `url` where it lies, or what `POST /v1/read` answered."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=one_of("text", "url", "document"))

    text: Annotated[Text | None, Field(examples=[EXAMPLE])] = None
    url: Annotated[str, Field(max_length=2000)] | None = None
    document: Document | None = None
    title: Annotated[str, Field(max_length=1000)] = ""

    @field_validator("document")
    @classmethod
    def _sound(cls, document: Document | None) -> Document | None:
        if document is not None:
            titles = [part.title for part in document.sections]
            texts = [
                document.text,
                document.title,
                document.language,
                document.source,
                *titles,
                *document.warnings,
            ]
            "".join(texts).encode()  # lone surrogates, which no text has, are a ValueError
            size = len(document.text)
            starts = [origin.start for origin in document.origins]
            if not all(0 <= part.start <= part.end <= size for part in document.sections):
                raise ValueError("a section lies outside its text")
            if starts != sorted(starts) or not all(0 <= start <= size for start in starts):
                raise ValueError("origins lie in its text, in order")
        return document


class SummaryAsked(Sourced):
    """The body of `POST /v1/summaries`: a document, and what is wanted of its summary."""

    style: Style | None = None
    words: Annotated[str, Field(max_length=20, examples=["50", "40-60"])] | int | None = None
    sentences: Annotated[str, Field(max_length=20)] | int | None = None
    focus: Annotated[str, Field(max_length=1000)] = ""
    mention: Annotated[list[Term], Field(max_length=50)] = []
    glossary: Annotated[list[Term], Field(max_length=1000)] = []
    language: Annotated[str, Field(pattern="^[a-z]{2}$")] | None = None
    candidates: Annotated[int, Field(ge=1, le=32)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    adapter: Annotated[str, Field(max_length=200)] | None = None
    read_all: bool = False
    repair: bool = False
    min_support: Annotated[float, Field(ge=0, le=1)] | None = None
    mask: bool = False
    """Hide names, addresses and numbers of persons from the model."""
    restore: bool = False
    """Put what was hidden back into the summary."""
    stream: bool = False
    """Server-sent events: pieces of the text, then the summary."""
    timeout: Seconds | None = None
    """Seconds after which the answer is of no use any more."""

    def request(self) -> Request:
        """As the summariser takes it. Raises `UsageError` for lengths that no text has."""
        return Request(
            style=self.style,
            words=None if self.words is None else length(str(self.words), "words"),
            sentences=None if self.sentences is None else length(str(self.sentences), "sentences"),
            focus=self.focus,
            mention=tuple(self.mention),
            glossary=tuple(self.glossary),
            language=self.language,
            candidates=self.candidates,
            seed=self.seed,
            adapter=self.adapter,
            read_all=self.read_all,
            repair=self.repair or self.min_support is not None,
            min_support=self.min_support,
        )


class Message(BaseModel):
    """A turn of a chat."""

    role: Literal["system", "developer", "user", "assistant"]
    content: Annotated[Text | list[dict[str, str]], Field(examples=[EXAMPLE])]

    @property
    def text(self) -> str:
        """Its text, the parts of a list joined."""
        if isinstance(self.content, str):
            return self.content
        return "\n".join(part.get("text", "") for part in self.content if part.get("type") == "text")


class TextFormat(BaseModel):
    """An answer in words: no other can be had."""

    type: Literal["text"] = "text"


class ChatAsked(BaseModel):
    """The body of `POST /v1/chat/completions`, as far as a summariser can serve it; what it cannot is refused."""

    model_config = ConfigDict(extra="allow")  # and `warnings` says that it has no effect

    model: str = ""
    messages: Annotated[list[Message], Field(min_length=1, max_length=100)]
    mask: bool = False
    restore: bool = False
    """Both are ours: as those of `SummaryAsked`."""
    stream: bool = False
    stream_options: dict[str, bool] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    n: Literal[1] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    response_format: TextFormat | None = None
    stop: None = None
    tools: None = None
    functions: None = None
    logprobs: Literal[False] | None = None
    timeout: Seconds | None = None
    """Ours: seconds after which the answer is of no use any more."""
