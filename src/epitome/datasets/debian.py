"""A corpus that anyone can rebuild: what packages say of themselves, from this machine's own package index.

The long description is the document and the synopsis its summary
(https://www.debian.org/doc/debian-policy/ch-binary.html#the-extended-description). Both are written by the
package's maintainer, the synopsis to stand for the whole in a list.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from epitome.datasets.pair import Dataset, Pair
from epitome.errors import SourceError

LISTS = "var/lib/apt/lists"
INSTALLED = "var/lib/dpkg/status"
SHORTEST_DOCUMENT = 30
"""Words. Below are transitional and dummy packages, and descriptions that say no more than the synopsis."""
SHORTEST_SYNOPSIS = 3
"""Words."""
FETCH = "apt-get -o Acquire::Languages=en update"
"""Fetches the long descriptions too, which container images leave out."""

Stanza = dict[str, str]
_ITEM = re.compile(r"(?:[-*+o•]|\d+[.)])\s")


@dataclass(frozen=True, slots=True)
class Corpus:
    """What was built, and from what."""

    data: Dataset
    source: str
    """Distribution and date of its package lists."""
    left_out: dict[str, int]
    """Why packages are not in it, and how many."""
    all_lists: bool
    """False where only installed packages have a long description on this machine."""


def build(
    root: Path = Path("/"),
    *,
    limit: int | None = None,
    seed: int = 0,
    on_done: Callable[[int], None] | None = None,
) -> Corpus:
    """The corpus of the machine whose file system is at `root`; the same index gives the same corpus.

    `limit`: a sample of that many, drawn by `seed`. `on_done` is told how many packages were read. Raises
    SourceError where there is no package index.
    """
    lists = root / LISTS
    stanzas, source, complete = _packages(lists), _releases(lists), True
    packages, left_out = _clean(_counted(stanzas, on_done))
    if not packages:
        installed = root / INSTALLED
        if not installed.is_file():
            raise SourceError("there is no Debian package index on this machine", hint=f"on Debian: {FETCH}")
        packages, left_out = _clean(_counted(_stanzas(installed), on_done))
        source, complete = f"packages installed on {_system(root)}", False
    if not packages:
        raise SourceError(f"{root}: no package has a long description", hint=FETCH)
    if limit is not None and limit < len(packages):
        left_out["not drawn"] = len(packages) - limit
        packages = sorted(packages, key=lambda pair: _lot(pair.id, seed))[:limit]
    packages.sort(key=lambda pair: pair.id)
    return Corpus(Dataset(packages, "debian"), source, left_out, complete)


def _lot(name: str, seed: int) -> str:
    return hashlib.sha256(f"{seed} {name}".encode()).hexdigest()


def _counted(stanzas: Iterable[Stanza], on_done: Callable[[int], None] | None) -> Iterator[Stanza]:
    for done, stanza in enumerate(stanzas, 1):
        if on_done:
            on_done(done)
        yield stanza


def _clean(stanzas: Iterable[Stanza]) -> tuple[list[Pair], dict[str, int]]:
    """A pair for each package that has one, and how many have none, by reason."""
    left_out: Counter[str] = Counter()
    names: set[str] = set()
    by_document: dict[str, Pair] = {}
    for stanza in stanzas:
        name = stanza.get("Package", "")
        if not name or name in names:
            left_out["listed twice"] += 1
            continue
        names.add(name)
        synopsis, _, description = stanza.get("Description", "").partition("\n")
        document = _paragraphs(description)
        if not document:
            left_out["without a long description"] += 1
            continue
        if len(document.split()) < SHORTEST_DOCUMENT or len(synopsis.split()) < SHORTEST_SYNOPSIS:
            left_out["too short"] += 1
            continue
        domain = stanza.get("Section", "").rpartition("/")[2]
        pair = Pair(document, (synopsis.strip(),), name, title=name, domain=domain, lang="en")
        other = by_document.setdefault(document, pair)
        if other is not pair:
            left_out["the same description as another"] += 1
            # `hare` rather than `hare-dbg`.
            by_document[document] = min(pair, other, key=lambda each: (len(each.id), each.id))
    return list(by_document.values()), dict(left_out)


def _paragraphs(description: str) -> str:
    """A long description without its layout: a dot is an empty line, an indented line stands by itself."""
    paragraphs: list[str] = []
    before = ""
    """What the next line may go on: a `paragraph`, a list's `item`, or nothing."""
    for line in description.split("\n"):
        text = line.strip()
        if text in {"", "."}:
            before = ""
            continue
        kind = "paragraph" if not line.startswith("  ") else "item" if _ITEM.match(text) else "indented"
        if before == kind == "paragraph" or (before == "item" and kind == "indented"):
            paragraphs[-1] += f" {text}"
        else:
            paragraphs.append(text)
            before = kind
    return "\n".join(paragraphs)


def _packages(lists: Path) -> Iterator[Stanza]:
    """The packages of all lists, each with its long description where that lies in a list of its own."""
    long: dict[str, str] = {}
    for path in _named(lists, "_Translation-en"):
        for stanza in _stanzas(path):
            long[stanza.get("Description-md5", "")] = stanza.get("Description-en", "")
    for path in _named(lists, "_Packages"):
        for stanza in _stanzas(path):
            stanza["Description"] = long.get(
                stanza.get("Description-md5", "-"), stanza.get("Description", "")
            )
            yield stanza


def _named(lists: Path, part: str) -> list[Path]:
    ends = tuple(part + suffix for suffix in ("", ".gz", ".xz", ".bz2", ".lz4", ".zst"))
    return sorted(path for path in lists.glob(f"*{part}*") if path.name.endswith(ends))


def _stanzas(path: Path) -> Iterator[Stanza]:
    """The paragraphs of fields of a control file (deb822); continuation lines keep their white space."""
    import lzma
    import zlib

    stanza: Stanza = {}
    field = ""
    try:
        with _text(path) as file:
            for line in file:
                line = line.rstrip("\n")
                if not line.strip():
                    if stanza:
                        yield stanza
                    stanza, field = {}, ""
                elif line[0] in " \t":
                    stanza[field] = f"{stanza.get(field, '')}\n{line}"
                else:
                    field, _, value = line.partition(":")
                    stanza[field] = value.strip()
    # What a cut or damaged file raises depends on how it is compressed.
    except (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error) as error:
        raise SourceError(f"{path}: this package list is damaged ({error})", hint=FETCH) from error
    if stanza:
        yield stanza


def _text(path: Path) -> IO[str]:
    """A list as text: apt keeps them plain or compressed."""
    import bz2
    import gzip
    import lzma

    import pyarrow

    readers: dict[str, Callable[[str], Any]] = {
        ".gz": gzip.open,
        ".xz": lzma.open,
        ".bz2": bz2.open,
        ".lz4": lambda name: pyarrow.input_stream(name, compression="lz4"),
        ".zst": lambda name: pyarrow.input_stream(name, compression="zstd"),
    }
    reader = readers.get(path.suffix, io.FileIO)
    return io.TextIOWrapper(
        io.BufferedReader(reader(str(path))), encoding="utf-8", errors="replace", newline="\n"
    )


def _releases(lists: Path) -> str:
    """The releases that the lists belong to: `Debian bookworm 12.15 of 11 Jul 2026`."""
    found = []
    for path in sorted((*lists.glob("*_InRelease"), *lists.glob("*_Release"))):
        facts = next((stanza for stanza in _stanzas(path) if "Origin" in stanza), {})
        date = " ".join(facts.get("Date", "").split()[1:4])
        parts = [facts.get(name, "") for name in ("Origin", "Label", "Codename", "Version")]
        named = " ".join(dict.fromkeys(part for part in parts if part))
        found.append(f"{named} of {date}" if date else named)
    return ", ".join(dict.fromkeys(found)) or "package lists without a release file"


def _system(root: Path) -> str:
    try:
        lines = (root / "etc/os-release").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return "this machine"
    named = [line.partition("=")[2].strip('"') for line in lines if line.startswith("PRETTY_NAME=")]
    return named[0] if named else "this machine"
