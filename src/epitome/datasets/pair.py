"""The nouns of a corpus: a document with its gold summaries, and many of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from epitome.documents.table import BadRow


@dataclass(frozen=True, slots=True)
class Pair:
    """A document and what people wrote as its summary."""

    document: str
    summaries: tuple[str, ...]
    """Gold summaries, at least one, none empty."""
    id: str = ""
    """Unique within a dataset: the row's own, else `SOURCE:LINE`."""
    title: str = ""
    domain: str = ""
    lang: str = "en"
    """ISO 639-1; the row's own, else detected."""
    other: Mapping[str, Any] = field(default_factory=dict)
    """The row's further columns, kept as they were."""

    def as_row(self) -> dict[str, Any]:
        """The row of a pair table: `id`, `title`, `document`, `summaries`, `domain`, `lang`, then the other columns."""
        row = {
            "id": self.id,
            "title": self.title,
            "document": self.document,
            "summaries": list(self.summaries),
            "domain": self.domain,
            "lang": self.lang,
        }
        return row | {name: value for name, value in self.other.items() if name not in row}

    def signed(self) -> bytes:
        """What of it goes into a fingerprint: the document and its gold summaries."""
        line = json.dumps([self.document, list(self.summaries)], ensure_ascii=False)
        return line.encode("utf-8", "surrogatepass") + b"\n"


@dataclass
class Dataset:
    """Pairs in order, and the rows that were none."""

    pairs: list[Pair]
    source: str = ""
    """What the user named."""
    bad: list[BadRow] = field(default_factory=list)
    """Rows that were passed over, each with its line and reason."""

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over documents and gold summaries, in order; ids, titles and formats do not change it."""
        digest = hashlib.sha256()
        for pair in self.pairs:
            digest.update(pair.signed())
        return digest.hexdigest()

    def __len__(self) -> int:
        return len(self.pairs)

    def __iter__(self) -> Iterator[Pair]:
        return iter(self.pairs)
