"""Public sets by name: where each comes from, what its licence says, and its tables where they can be fetched."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from epitome import settings
from epitome.datasets import hub, originals
from epitome.datasets.folder import choose
from epitome.errors import ModelError, SourceError
from epitome.models.cache import writing
from epitome.models.transfer import RemoteFile, connected, fetch

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class PublicSet:
    """What is known of a public set."""

    name: str
    about: str
    paper: str
    home: str
    licence: str
    ship: str
    """Whether the licence lets a model trained on it be given away: yes, no or ask."""
    lang: str
    size: str = "see its page"
    files: Mapping[str, str] = field(default_factory=dict)
    """The authors' files by split."""
    hub: str = ""
    form: str = ""
    columns: Mapping[str, str] | None = None
    by_hand: str = ""
    """What to do where it cannot be fetched."""


@cache
def sets() -> dict[str, PublicSet]:
    """All public sets, by name."""
    text = Path(__file__).with_name("public.toml").read_text(encoding="utf-8")
    return {name: PublicSet(name, **row) for name, row in tomllib.loads(text).items()}


def splits(known: PublicSet) -> list[str]:
    """The names of a set's splits; none where it must be fetched by hand. Raises what `tables` raises."""
    return hub.splits(known.hub) if known.hub else list(known.files)


def tables(known: PublicSet, split: str | None, report: Progress | None = None) -> list[Path]:
    """The tables of one split, fetched if need be, as they are or turned into pair rows.

    Raises SourceError where the set must be fetched by hand, UsageError where a split must be named, ModelError
    or OfflineError, saying what to do by hand, where the network does not let us.
    """
    if known.hub:
        return hub.files(known.hub, split, report)
    if not known.files:
        raise SourceError(f"{known.name} cannot be fetched by itself: {known.by_hand}", hint=known.home)
    (name,) = choose(known.name, {split: [split] for split in known.files}, split)
    url = known.files[name]
    folder = settings.home() / "data" / "public" / known.name
    original = folder / f"{name}{PurePosixPath(urlsplit(url).path).suffix}"
    if not original.is_file():
        _fetch(known.name, url, original, report)
    if not known.form:
        return [original]
    target = folder / f"{name}.pairs.jsonl"
    if not target.is_file():
        originals.convert(known.form, original, target)
    return [target]


def _fetch(name: str, url: str, target: Path, report: Progress | None) -> None:
    by_hand = f"fetch {url} by hand, save it as {target}, and run the same command again"
    try:
        with connected(f"the public set {name}", by_hand, by_hand, hub=False) as client:
            remote = RemoteFile(f"{name}/{target.name}", url, 0, "")
            draft, _ = fetch(client, remote, target.parent, report or (lambda *_: None), name)
    except ModelError as error:
        raise type(error)(f"{url}: {error.message}", hint=by_hand) from error
    with writing(target):
        draft.replace(target)
