"""The model hub: a file of a repository, or the safetensors model in it, verified by the hub's own checksums.

A small client of our own: the hub's library brings ten packages that the base install does not need. It reads
`HF_ENDPOINT` and `HF_TOKEN`, and looks in the hub library's cache first (`HF_HOME`, `HF_HUB_CACHE`), so that
nothing is fetched twice. The API: https://huggingface.co/docs/hub/api; its `X-Linked-Etag` header is the
SHA-256 of a large file.
"""

from __future__ import annotations

import os
import re
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from epitome.errors import ModelError
from epitome.models import cache, local
from epitome.models.catalogue import Entry, Source
from epitome.models.model import Model, Progress
from epitome.models.transfer import RemoteFile, connected, fetch, head, refused

if TYPE_CHECKING:
    import httpx

_WANTED = re.compile(
    r"(config|generation_config|chat_template|added_tokens|special_tokens_map|vocab"
    r"|tokenizer.*|.*\.safetensors\.index)\.json|(merges|vocab)\.txt|chat_template\.jinja|.*\.safetensors|.*\.model"
)
"""What a safetensors model needs; nothing that is pickled, no other framework's weights."""
_PART = re.compile(r"-00001-of-(\d{5})\.gguf$")


def resolve(name: str, report: Progress, *, force: bool = False) -> Model:
    """The model that the hub id `name` means, fetched if need be.

    `org/name` is the safetensors model of a repository (or its only GGUF), `org/name/FILE.gguf`,
    `org/name:FILE.gguf` and `org/name:Q4_K_M` are one GGUF. Raises `ModelError`, `OfflineError` or
    `StoreError`.
    """
    repository, wanted = parse(name)
    if force:
        with cache.locked(repository):
            for file in meant(repository, wanted):
                cache.drop(repository, file)
    if not wanted:
        return _whole_model(repository, report)
    if not wanted.endswith(".gguf"):
        wanted = _by_quantisation(repository, wanted)
    return _gguf(repository, wanted, name, report)


def parse(name: str) -> tuple[str, str]:
    """Repository, and the file or quantisation wanted (empty: the whole model)."""
    match = re.fullmatch(r"([\w.-]+/[\w.-]+?)(?:[:/](.+))?", name)
    if not match or ".." in PurePosixPath(name.replace(":", "/")).parts:
        raise ModelError(f"{name!r} is no hub id", hint="such as org/name or org/name/file.gguf")
    return match[1], match[2] or ""


def find(name: str) -> Model | None:
    """The model that a hub id means if it is cached; nothing is fetched. Raises `ModelError` if damaged."""
    repository, wanted = parse(name)
    if not wanted and cache.lookup(repository, "config.json"):
        return local.from_folder(cache.folder(repository), repository)
    for file in meant(repository, wanted):
        if file.endswith(".gguf") and cache.lookup(repository, file):
            return _as_model(repository, file, name)
    return None


def meant(repository: str, wanted: str) -> list[str]:
    """The recorded files of a repository that `wanted` means: a file, a quantisation, or all."""
    files = cache.records(repository)
    return sorted(file for file in files if not wanted or file == wanted or _is_of(file, wanted))


def _as_model(repository: str, file: str, name: str) -> Model:
    record = cache.records(repository)[file]
    return replace(local.from_gguf(cache.folder(repository) / record.path, name), sha256=record.sha256)


def fetch_entry(entry: Entry, source: Source, report: Progress) -> Path:
    """The catalogue entry's file from the hub or its library's cache; call it with the entry's lock held."""
    known = _library_cache(source.repository, entry.file)
    if known and known.stat().st_size == entry.size and cache.digest(known) == entry.sha256:
        cache.remember(entry.name, entry.file, known, entry.sha256, "hub cache")
        return known
    with _connected(entry.name) as client:
        remote = head(client, source.repository, entry.file, source.revision)
        if remote.checksum != entry.sha256:
            raise ModelError(
                f"{entry.name}: the hub's {entry.file} is not the one the catalogue knows",
                hint=f"use it all the same as {source.repository}/{entry.file}, or report it",
            )
        return _download(client, remote, (entry.name, entry.file), report, entry.name)


def _gguf(repository: str, file: str, name: str, report: Progress) -> Model:
    """One GGUF of a repository, with all its parts if it is split."""
    split = _PART.search(file)
    count = int(split[1]) if split else 1
    files = [file.replace("-00001-of-", f"-{i:05}-of-") for i in range(1, count + 1)]
    for each in files:
        _file(repository, each, report)
    return _as_model(repository, file, name)


def _file(repository: str, file: str, report: Progress) -> Path:
    if path := cache.lookup(repository, file):
        return path
    with cache.locked(repository):
        if path := cache.lookup(repository, file):
            return path
        if known := _library_cache(repository, file):
            found, blob = cache.digest(known), known.resolve().name
            # A large file is stored there under its SHA-256: another one means that it was damaged.
            if len(blob) != 64 or blob == found:
                cache.remember(repository, file, known, found, "hub cache")
                return known
        with _connected(f"{repository}/{file}") as client:
            remote = head(client, repository, file)
            return _download(client, remote, (repository, file), report, f"{repository}/{file}")


def _whole_model(repository: str, report: Progress) -> Model:
    # config.json is installed last: where it is, all the rest is.
    if path := cache.lookup(repository, "config.json"):
        for file in cache.records(repository):
            if cache.lookup(repository, file) is None:
                raise cache.damaged(repository, path.parent / file)
        return local.from_folder(path.parent, repository)
    if (known := _library_cache(repository, "config.json")) and _complete(known.parent):
        return local.from_folder(known.parent, repository)
    with cache.locked(repository):
        if cache.lookup(repository, "config.json") is None:
            names = _names(repository)
            if not any(name.endswith(".safetensors") for name in names):
                ggufs = [name for name in names if name.endswith(".gguf")]
                if len(ggufs) != 1:
                    raise _no_weights(repository, ggufs)
            else:
                ggufs = []
                _fetch_all(repository, [name for name in names if _WANTED.fullmatch(name)], report)
        else:
            ggufs = []
    if ggufs:
        return _gguf(repository, ggufs[0], repository, report)
    return local.from_folder(cache.folder(repository), repository)


def _fetch_all(repository: str, names: list[str], report: Progress) -> None:
    with _connected(repository) as client:
        remotes = [head(client, repository, name) for name in names]
        remotes.sort(key=lambda remote: remote.name == "config.json")
        total, done = sum(remote.size for remote in remotes), 0
        cache.require_space(total, repository)
        for remote in remotes:
            before = done

            def of_all(what: str, fetched: int, size: int, before: int = before) -> None:
                report(what, before + fetched, total)

            if cache.lookup(repository, remote.name) is None:
                _download(client, remote, (repository, remote.name), of_all, repository)
            done += remote.size


def _by_quantisation(repository: str, wanted: str) -> str:
    cached_files = [file for file in cache.records(repository) if _is_of(file, wanted)]
    if cached_files:
        return sorted(cached_files)[0]
    ggufs = [name for name in _names(repository) if name.endswith(".gguf")]
    found = sorted(name for name in ggufs if _is_of(name, wanted))
    if not found:
        raise ModelError(f"{repository} has no GGUF file {wanted!r}", hint=_listed(repository, ggufs))
    return found[0]


def _is_of(file: str, wanted: str) -> bool:
    """Whether a name ends in the quantisation: `model-Q4_K_M.gguf`, `model.q4_k_m-00001-of-00002.gguf`."""
    return bool(
        re.search(rf"(^|[-._/]){re.escape(wanted)}(-\d{{5}}-of-\d{{5}})?\.gguf$", file, re.IGNORECASE)
    )


def _no_weights(repository: str, ggufs: list[str]) -> ModelError:
    if ggufs:
        return ModelError(f"{repository} holds {len(ggufs)} GGUF files", hint=_listed(repository, ggufs))
    return ModelError(f"{repository} has neither safetensors nor GGUF weights", hint="no other kind is read")


def _listed(repository: str, ggufs: list[str]) -> str:
    return (
        f"name one: {', '.join(f'{repository}/{name}' for name in sorted(ggufs)[:12])}"
        if ggufs
        else "it has none"
    )


def _names(repository: str) -> list[str]:
    """The names of all files in the top folder of a repository."""
    with _connected(repository) as client:
        answer = client.get(f"/api/models/{repository}/revision/main", follow_redirects=True)
        refused(answer, repository, "")
        try:
            names = [str(row["rfilename"]) for row in answer.json()["siblings"]]
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError(
                f"the hub's answer about {repository} makes no sense", hint="try again later"
            ) from error
    return [name for name in names if ".." not in PurePosixPath(name).parts]


def _download(
    client: httpx.Client, remote: RemoteFile, place: tuple[str, str], report: Progress, label: str
) -> Path:
    """Fetch, verify and install."""
    name, file = place
    partial, sha256 = fetch(client, remote, cache.folder(name), report, label)
    return cache.install(name, file, partial, sha256, f"hub: {remote.url}")


def _connected(what: str) -> AbstractContextManager[httpx.Client]:
    hint = f"with a connection, run `epitome models pull {what}` once"
    return connected(f"the model {what}", hint, "`epitome models list` shows models that need no hub")


def _library_cache(repository: str, file: str) -> Path | None:
    """The file in the cache of the hub's own library, at the revision it knows as main."""
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface").expanduser()
    root = Path(os.environ.get("HF_HUB_CACHE") or home / "hub").expanduser()
    folder = root / f"models--{repository.replace('/', '--')}"
    try:
        commit = (folder / "refs" / "main").read_text(encoding="utf-8").strip()
    except OSError:
        return None
    path = folder / "snapshots" / commit / file
    return path if path.is_file() else None


def _complete(folder: Path) -> bool:
    """Whether a folder has all the weights that its index names, and a tokenizer."""
    import json

    index = folder / "model.safetensors.index.json"
    if index.is_file():
        try:
            wanted = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        except (OSError, ValueError, KeyError, AttributeError):
            return False
    else:
        wanted = {"model.safetensors"}
    return all((folder / file).is_file() for file in wanted) and any(folder.glob("tokenizer*"))
