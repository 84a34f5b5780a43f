"""A dataset of the hub: the files of one split, fetched once, verified, and read as any other table.

The hub converts most datasets to Parquet, on a branch with `CONFIG/SPLIT/0000.parquet`; where it has not, the
tables of the repository itself are taken. The API: https://huggingface.co/docs/hub/api.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from epitome import settings
from epitome.datasets.folder import choose, split_of
from epitome.documents.table import is_table
from epitome.errors import ModelError, UsageError
from epitome.models import cache
from epitome.models.transfer import RemoteFile, connected, fetch, refused

if TYPE_CHECKING:
    import httpx

Progress = Callable[[str, int, int], None]

_ID = re.compile(r"([\w-][\w.-]*/[\w-][\w.-]*)(?::([\w.+-]+))?")
_CONVERTED = "refs/convert/parquet"
_LISTING = "listing.json"


@dataclass(frozen=True, slots=True)
class _File:
    """A table of a dataset. `revision`: the branch it lies on."""

    path: str
    config: str
    split: str
    size: int
    checksum: str
    revision: str


def is_id(source: str) -> bool:
    """Whether a name reads as `org/name` or `org/name:config`."""
    return _ID.fullmatch(source) is not None and not is_table(source)


def files(source: str, split: str | None, report: Progress | None = None) -> list[Path]:
    """The tables of a split of `org/name` or `org/name:config`, fetched if need be.

    Raises UsageError where config or split must be named, else ModelError, OfflineError or StoreError.
    """
    name, folder, found = _found(source)
    return [folder / file.path for file in _fetched(name, folder, choose(source, found, split), report)]


def splits(source: str) -> list[str]:
    """The names of the splits of `org/name` or `org/name:config`. Raises what `files` raises."""
    return list(_found(source)[2])


def _found(source: str) -> tuple[str, Path, dict[str, list[_File]]]:
    """The dataset's name, where its files are kept, and the files of each split."""
    match = _ID.fullmatch(source)
    if match is None:
        raise UsageError(f"{source!r} is no hub id", hint="such as org/name or org/name:config")
    name, config = match[1], match[2] or ""
    folder = settings.home() / "data" / name.replace("/", "--")
    return name, folder, _of_config(name, config, _known(folder) or _listing(name, folder))


def _of_config(name: str, config: str, listed: list[_File]) -> dict[str, list[_File]]:
    """The files of each split."""
    configs = sorted({file.config for file in listed})
    if not config:
        config = "default" if "default" in configs else configs[0] if len(configs) == 1 else ""
    if config not in configs:
        problem = f"has no config {config!r}" if config else "has several configs"
        raise UsageError(f"{name} {problem}", hint=f"name one as {name}:CONFIG: {', '.join(configs)}")
    splits: dict[str, list[_File]] = {}
    for file in listed:
        if file.config == config:
            splits.setdefault(file.split, []).append(file)
    return splits


def _known(folder: Path) -> list[_File]:
    """What was listed before; empty where nothing was."""
    try:
        return [_File(**row) for row in json.loads((folder / _LISTING).read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        return []


def _listing(name: str, folder: Path) -> list[_File]:
    with _connected(name) as client:
        found = [_converted(row) for row in _tree(client, name, _CONVERTED)]
        listed = [file for file in found if file]
        if not listed:
            listed = [_original(row) for row in _tree(client, name, "main")]
    if not listed:
        raise ModelError(
            f"the dataset {name} has no tables on the hub",
            hint="fetch its files by hand and name one of them, or their folder",
        )
    cache.write_atomically(folder / _LISTING, json.dumps([asdict(file) for file in listed], indent=1))
    return listed


def _connected(name: str) -> Any:
    return connected(
        f"the dataset {name}",
        f"with a connection, run `epitome data convert {name} OUT.jsonl` once",
        "or fetch its files by hand and name their folder",
    )


def _tree(client: httpx.Client, name: str, revision: str) -> list[dict[str, Any]]:
    """The tables of a branch; empty where there is no such branch."""
    url: str | None = f"/api/datasets/{name}/tree/{quote(revision, safe='')}?recursive=true"
    rows: list[dict[str, Any]] = []
    while url:
        answer = client.get(url, follow_redirects=True)
        if answer.status_code == 404 and revision != "main":
            return []
        refused(answer, f"datasets/{name}", "")
        try:
            rows += [
                {"path": str(row["path"]), "size": int(row["size"]), "checksum": _checksum(row)}
                for row in answer.json()
                if row["type"] == "file"
            ]
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError(
                f"the hub's answer about {name} makes no sense", hint="try again later"
            ) from error
        url = answer.links.get("next", {}).get("url")
    found = [row | {"revision": revision} for row in rows if is_table(row["path"])]
    return [row for row in found if ".." not in PurePosixPath(row["path"]).parts and row["path"][0] != "/"]


def _checksum(row: dict[str, Any]) -> str:
    """SHA-256 of a large file, git's SHA-1 of a small one."""
    return str((row.get("lfs") or row)["oid"])


def _converted(row: dict[str, Any]) -> _File | None:
    parts = PurePosixPath(row["path"]).parts
    # Of the largest datasets only a beginning is converted, and its name says so.
    return _File(config=parts[0], split=parts[1], **row) if len(parts) == 3 else None


def _original(row: dict[str, Any]) -> _File:
    """`data/train.jsonl` is the config `default`, `en/train.jsonl` the config `en`."""
    path = PurePosixPath(row["path"])
    above = [part for part in path.parts[:-1] if part != "data"]
    return _File(config="/".join(above) or "default", split=split_of(path.stem), **row)


def _fetched(name: str, folder: Path, wanted: list[_File], report: Progress | None) -> list[_File]:
    missing = [file for file in wanted if not _is_here(folder, file)]
    if not missing:
        return wanted
    total, done = sum(file.size for file in missing), 0
    cache.require_space(total, name)
    with _connected(name) as client, cache.locked(f"data--{folder.name}"):
        for file in missing:
            if not _is_here(folder, file):
                _fetch(client, name, folder, file, report, done, total)
            done += file.size
    return wanted


def _is_here(folder: Path, file: _File) -> bool:
    path = folder / file.path
    return path.is_file() and path.stat().st_size == file.size


def _fetch(
    client: httpx.Client,
    name: str,
    folder: Path,
    file: _File,
    report: Progress | None,
    before: int,
    total: int,
) -> None:
    def of_all(what: str, done: int, size: int) -> None:
        if report:
            report(what, before + done, total)

    revision = quote(file.revision, safe="")
    url = f"{settings.hub_endpoint()}/datasets/{name}/resolve/{revision}/{quote(file.path)}"
    remote = RemoteFile(file.path, url, file.size, file.checksum)
    draft, _ = fetch(client, remote, folder, of_all, name)
    target = folder / file.path
    with cache.writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        draft.replace(target)
