"""Personal data in what is asked: hidden from the model, and from whatever is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Protocol

from epitome.desk.archive import Entry
from epitome.errors import UsageError
from epitome.serve.service import Service
from epitome.summarize.opened import Text
from epitome.trust.masking import Masker, Masking
from epitome.types import Document

RULES = Masker()
_FIXED = frozenset(("model", "adapter", "engine", "language", "kind", "prompt", "version", "stage", "style"))
"""Fields of a request or a summary that are the program's own words."""


class Asks(Protocol):
    """A request that may be masked."""

    mask: bool
    restore: bool


def masker(service: Service, asked: Asks) -> Masker | None:
    """What masks a request's document: the service's own for all, or the rules where it asks. Raises `UsageError`."""
    if service.masker is None and asked.restore and not asked.mask:
        raise UsageError("restore: it goes with mask")
    return service.masker or (RULES if asked.mask else None)


def covered(service: Service, asked: Asks, document: Document) -> Text:
    """The document as the summariser takes it, to be masked or not."""
    chosen = masker(service, asked)
    return document if chosen is None else Masking(chosen, asked.restore)(document)


def hidden(made: Entry, masker: Masker) -> Entry:
    """What is kept of a masked request: its texts have placeholders, also where the answer had names.

    Offsets in it are those of the document as it was sent.
    """
    said = list(_strings([made.request, made.summary]))
    document, *masked = masker.several([made.document, *said])
    names = dict(zip(said, masked, strict=True))
    return replace(
        made, request=_with(made.request, names), summary=_with(made.summary, names), document=document
    )


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            if key not in _FIXED:
                yield from _strings(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _strings(one)


def _with(value: Any, names: dict[str, str]) -> Any:
    """The same with other strings."""
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, dict):
        return {key: one if key in _FIXED else _with(one, names) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with(one, names) for one in value]
    return value
