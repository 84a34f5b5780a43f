"""Texts to learn a language from: files, folders and tables, read one document at a time, however large they are."""

from __future__ import annotations

import hashlib
import heapq
import io
import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from epitome.datasets.near import key
from epitome.documents.source import READABLE, not_readable, read
from epitome.documents.table import (
    BadRow,
    columns,
    encoding_of,
    is_table,
    numbered,
    opened,
    packed,
    suffix,
)
from epitome.documents.text import decode
from epitome.errors import SourceError, UsageError

Documents = Literal["auto", "file", "paragraph", "line"]
USUAL = ("text", "document", "content", "article", "body")
"""Names of a text column, in the order in which they are taken."""
PLAIN = frozenset({".txt", ".text", ".log", ".rst", ""})
SMALL = 1 << 20
"""Bytes up to which a text file of a folder is one document; shards of corpora are larger, articles are not."""
SAMPLED = 100_000
"""Characters that are kept of a sampled document."""
_SAMPLE = 1 << 16
_HALVES = str.maketrans(dict.fromkeys(range(0xD800, 0xE000), "\ufffd"))


@dataclass(frozen=True, slots=True)
class Corpus:
    """Files that are read one after the other, never all at once.

    >>> corpus = open_corpus("notes/")
    >>> for text in corpus.texts(0):
    ...     ...
    """

    source: str
    """What the user named."""
    files: tuple[Path, ...]
    column: str = ""
    """Of tables; empty: the first of `USUAL` that each has."""
    documents: Documents = "auto"
    whole: bool = False
    """Whether it is a folder, so that a small text file is one document."""

    def texts(self, file: int) -> Iterator[str | BadRow]:
        """The documents of one file in order, none empty, no white space around them; and what cannot be read."""
        path = self.files[file]
        try:
            found = self._rows(path) if is_table(path) else self._documents(path)
            for text in found:
                if isinstance(text, BadRow):
                    yield text
                elif stripped := text.translate(_HALVES).strip():
                    yield stripped
        except SourceError as error:
            yield BadRow(0, error.message)

    def _rows(self, path: Path) -> Iterator[str | BadRow]:
        column = self.column or self._usual(path)
        for number, row in numbered(path):
            if isinstance(row, BadRow):
                yield row
            elif isinstance(text := row.get(column), str):
                yield text
            else:
                held = f"holds {type(text).__name__}, not text" if column in row else "is missing"
                yield BadRow(number, f"{path}:{number}: column {column!r} {held}")

    def _usual(self, path: Path) -> str:
        known = columns(path)
        named = next((name for name in USUAL if name in known), "")
        if not named:
            raise SourceError(f"{path}: no column has a usual name for texts: {', '.join(known)}")
        return named

    def _documents(self, path: Path) -> Iterator[str]:
        plain = suffix(path) in PLAIN or packed(path)
        if not plain or self.documents == "file" or self._is_one(path):
            yield _packed_text(path) if packed(path) else read(path).text
            return
        lines = _lines(path)
        yield from lines if self.documents == "line" else _paragraphs(lines)

    def _is_one(self, path: Path) -> bool:
        return self.documents == "auto" and self.whole and path.stat().st_size <= SMALL


@dataclass(slots=True)
class Surveyed:
    """What a corpus holds, found out by reading it once."""

    documents: int = 0
    """To learn from."""
    characters: int = 0
    """Of these."""
    held_out: int = 0
    """Documents that are not learnt from."""
    learnt: list[str] = field(default_factory=list)
    """A sample of those to learn from, drawn by their hashes."""
    held: list[str] = field(default_factory=list)
    """A sample of those held out."""
    bad: list[BadRow] = field(default_factory=list)
    fingerprint: str = ""
    """SHA-256 over the texts, in order."""


def open_corpus(source: str, *, column: str = "", documents: Documents = "auto") -> Corpus:
    """The corpus that `source` names: a text file, a table with a text column, a folder of such; each may be packed
    (`.gz`).

    `documents` says what a document of a plain text file is: the `file`, a `paragraph` (what stands between blank
    lines), a `line`; `auto` takes files of a folder up to 1 MB as one each, and paragraphs of any other.

    Raises SourceError where nothing is there, UsageError for a column that no table has.
    """
    path = Path(source).expanduser()
    try:
        files = tuple(sorted(_below(path))) if path.is_dir() else (path,)
        if not files or not path.exists():
            raise SourceError(
                f"{source}: {'no text in this folder' if path.is_dir() else 'no such file or folder'}",
                hint="a corpus is a text file, a table with a text column, or a folder of them",
            )
    except OSError as error:
        raise not_readable(path, error) from error
    if column:
        _require(column, files)
    return Corpus(source, files, column, documents, path.is_dir())


def _require(column: str, files: tuple[Path, ...]) -> None:
    tables = [path for path in files if is_table(path)]
    if not tables:
        raise UsageError(f"there is no table with a column {column!r}", hint="leave corpus.column out")
    if all(column not in (known := columns(path)) for path in tables):
        raise UsageError(f"{tables[0]} has no column {column!r}", hint=f"its columns: {', '.join(known)}")


def _below(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for path in (Path(root, name) for name in names if not name.startswith(".")):
            if is_table(path) or suffix(path) in READABLE:
                yield path


def survey(
    corpus: Corpus, share: float, keep: int = 0, on_done: Callable[[int], None] | None = None
) -> Surveyed:
    """Read it once. `share` is held out; of each side `keep` documents are sampled, each up to its first 100,000
    characters; `on_done` is told how many were read.

    Raises SourceError where there is no document to learn from.
    """
    found = Surveyed()
    digest = hashlib.sha256()
    samples = _Sample(keep), _Sample(keep)
    for file in range(len(corpus.files)):
        for text in corpus.texts(file):
            if isinstance(text, BadRow):
                found.bad.append(text)
                continue
            digest.update(text.encode() + b"\0")
            lot = _lot(text)
            samples[lot < share].add(lot, text)
            if lot < share:
                found.held_out += 1
            else:
                found.documents += 1
                found.characters += len(text)
            if on_done is not None:
                on_done(found.documents + found.held_out)
    if not found.documents:
        raise _empty(corpus, found)
    found.learnt, found.held = (sample.texts() for sample in samples)
    found.fingerprint = digest.hexdigest()
    return found


class _Sample:
    """The documents with the lowest lots: an even sample, whatever their order."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: list[tuple[float, str]] = []

    def add(self, lot: float, text: str) -> None:
        if len(self._held) < self._most:
            heapq.heappush(self._held, (-lot, text[:SAMPLED]))
        elif self._held and -lot > self._held[0][0]:
            heapq.heapreplace(self._held, (-lot, text[:SAMPLED]))

    def texts(self) -> list[str]:
        return [text for _, text in sorted(self._held, reverse=True)]


def _empty(corpus: Corpus, found: Surveyed) -> SourceError:
    if found.held_out:
        return SourceError(
            f"{corpus.source}: all of its {found.held_out} documents are held out",
            hint="lower texts.held_out",
        )
    said = f": {found.bad[0].reason}" if len(found.bad) == 1 else ""
    if len(found.bad) > 1:
        said = f": {len(found.bad)} rows or files cannot be read, the first: {found.bad[0].reason}"
    return SourceError(
        f"{corpus.source} holds no text to learn from{said}",
        hint="a corpus is a text file, a table with a text column, or a folder of them",
    )


def held_out(text: str, share: float) -> bool:
    """Whether a document belongs to the share that is not learnt from: told by a hash of its words alone, so that
    copies of it that differ in case and punctuation stand on the same side in every corpus."""
    return _lot(text) < share


def _lot(text: str) -> float:
    return int(key(text, "en")[:12], 16) / 16**12


def pieces(text: str, most: int) -> Iterator[str]:
    """The text in pieces of at most `most` characters, cut between paragraphs, sentences or words where it can be;
    joined they are the text."""
    start = 0
    while len(text) - start > most:
        end = start + most
        least = start + most // 2
        for mark in ("\n", ". ", "。", " "):
            if (cut := text.rfind(mark, least, end)) >= 0:
                end = cut + len(mark)
                break
        yield text[start:end]
        start = end
    yield text[start:]


def _lines(path: Path) -> Iterator[str]:
    try:
        with opened(path) as stream:
            sample = stream.read(_SAMPLE)
        decode(sample[: sample.rfind(b"\n") + 1] or sample, str(path))  # says what is binary or empty
        encoding = encoding_of(sample, path)
        with io.TextIOWrapper(opened(path), encoding, errors="replace") as stream:
            yield from stream
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise SourceError(f"{path}: cannot be read on ({error})", hint="write it again") from error


def _paragraphs(lines: Iterator[str]) -> Iterator[str]:
    held: list[str] = []
    for line in lines:
        if line.strip():
            held.append(line)
        elif held:
            yield "".join(held)
            held = []
    if held:
        yield "".join(held)


def _packed_text(path: Path) -> str:
    try:
        with opened(path) as stream:
            data = stream.read()
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(f"{path}: the packed file is damaged ({error})", hint="pack it again") from error
    return decode(data, str(path))[0]
