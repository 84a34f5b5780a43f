"""Model files under `EPITOME_HOME`: written whole or not at all, checked at each use, one writer at a time.

    models/NAME/FILE           the weights (hub models: models/hub/ORG--NAME/…)
    models/NAME/files.json     size, time and SHA-256 of each file, written before the file gets its name
    models/.locks/NAME.lock    held by whoever fetches NAME; the kernel frees it when that process dies

At each use the size and time of a file are compared with the record, which costs microseconds; the SHA-256 is
computed again only where they differ, or when asked.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from epitome import settings
from epitome.errors import ModelError, StoreError

RECORD = "files.json"
WORK_PREFIX = ".fetch-"
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What a file was when last verified. `path`: relative to the folder, or absolute (used in place)."""

    path: str
    size: int
    mtime_ns: int
    sha256: str
    source: str = ""


def models_folder() -> Path:
    """Where all models lie."""
    return settings.home() / "models"


def folder(name: str) -> Path:
    """Where the files of `name` lie: a catalogue name, or `ORG/NAME` of the hub."""
    organisation, slash, rest = name.partition("/")
    return models_folder() / (f"hub/{organisation}--{rest}" if slash else name)


def records(name: str) -> dict[str, FileRecord]:
    """The verified files of `name`; empty if there are none or the record is unreadable."""
    try:
        data = json.loads((folder(name) / RECORD).read_text(encoding="utf-8"))
        return {file: FileRecord(**row) for file, row in data.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def lookup(name: str, file: str, sha256: str = "") -> Path | None:
    """The cached file, or None if it is not there.

    Raises `ModelError` if it is there but not what was fetched. `sha256`: what it must be, if that is known
    beforehand; then a file put there by hand is taken too.
    """
    record = records(name).get(file)
    path = folder(name) / (record.path if record else file)
    try:
        stat = path.stat()
    except OSError:
        return None
    if record and (stat.st_size, stat.st_mtime_ns) == (record.size, record.mtime_ns):
        return path
    wanted = record.sha256 if record else sha256
    if not wanted:
        return None
    if (record and stat.st_size != record.size) or digest(path) != wanted:
        raise damaged(name, path)
    try:
        remember(name, file, path, wanted, record.source if record else "put there by hand")
    except StoreError:
        pass  # a read-only cache: the file is good, it is only hashed again next time
    return path


def damaged(name: str, path: Path) -> ModelError:
    """The error for a cached file that is not what was fetched."""
    return ModelError(
        f"the cached model {name} is damaged ({path})", hint=f"`epitome models pull {name} --force` mends it"
    )


def remember(name: str, file: str, path: Path, sha256: str, source: str) -> None:
    """Note that the file, which lies at `path`, is verified."""
    home = folder(name)
    stat = path.stat()
    relative = path.relative_to(home).as_posix() if path.is_relative_to(home) else str(path)
    known = records(name)
    known[file] = FileRecord(relative, stat.st_size, stat.st_mtime_ns, sha256, source)
    _write_records(name, known)


def install(name: str, file: str, finished: Path, sha256: str, source: str) -> Path:
    """Give a finished, verified file its name in the cache, in one step."""
    target = folder(name) / file
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        stat = finished.stat()
        known = records(name)
        known[file] = FileRecord(file, stat.st_size, stat.st_mtime_ns, sha256, source)
        # The record first: a kill between the two leaves a record without a file, which reads as not cached.
        _write_records(name, known)
        finished.replace(target)
    return target


def drop(name: str, file: str) -> int:
    """Forget one file, and delete it unless it is used in place; returns the bytes freed."""
    known = records(name)
    if known.pop(file, None) is not None:
        _write_records(name, known)
    path = folder(name) / file
    with writing(path):
        freed = path.stat().st_size if path.is_file() else 0
        path.unlink(missing_ok=True)
    return freed


def forget(name: str) -> int:
    """Delete all cached files of `name`; returns the bytes freed. Files used in place are left alone."""
    home = folder(name)
    if not home.is_dir():
        return 0
    freed = sum(path.stat().st_size for path in home.rglob("*") if path.is_file())
    with locked(name), writing(home):
        shutil.rmtree(home)
    return freed


def names() -> list[str]:
    """Every name that has files or records in the cache."""
    found = [path.parent for path in models_folder().rglob(RECORD)]
    hub = models_folder() / "hub"
    return sorted(path.name.replace("--", "/", 1) if path.parent == hub else path.name for path in found)


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal. Raises `ModelError` if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(
            f"{path}: {error.strerror or error}", hint="check the disk and permissions"
        ) from error


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Alone with the files of `name`: other processes and threads wait."""
    from filelock import FileLock

    lock = models_folder() / ".locks" / f"{folder(name).name}.lock"
    with writing(lock):
        lock.parent.mkdir(parents=True, exist_ok=True)
        held = FileLock(lock)
        held.acquire()
    try:
        yield
    finally:
        held.release()


@contextmanager
def work_folder(name: str) -> Iterator[Path]:
    """A folder on the cache's disk for half-made files; call it with the lock held.

    It is gone afterwards, and so is what a killed process left.
    """
    home = folder(name)
    with writing(home):
        home.mkdir(parents=True, exist_ok=True)
        for left in home.glob(f"{WORK_PREFIX}*"):
            shutil.rmtree(left, ignore_errors=True)
        work = Path(tempfile.mkdtemp(prefix=WORK_PREFIX, dir=home))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def require_space(needed: int, what: str) -> None:
    """Raise `StoreError` if the cache's disk has not `needed` bytes left."""
    at = settings.home()
    while not at.exists() and at != at.parent:
        at = at.parent
    free = shutil.disk_usage(at).free
    if free < needed:
        raise StoreError(
            f"{what} needs {needed / 1e6:,.0f} MB of disk in {settings.home()}, {free / 1e6:,.0f} are free",
            hint="free some space, or set EPITOME_HOME to a larger disk",
        )


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns the system's refusal to write `path` into a `StoreError`."""
    try:
        yield
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
        raise StoreError(
            f"{path} cannot be written: {error.strerror or error}",
            hint=("free some space" if full else "check the permissions")
            + ", or set EPITOME_HOME to another folder",
        ) from error


def write_atomically(path: Path, text: str) -> None:
    """Replace a small text file in one step, so that no reader ever sees half of it."""
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def _write_records(name: str, known: dict[str, FileRecord]) -> None:
    rows = {file: asdict(record) for file, record in sorted(known.items())}
    write_atomically(folder(name) / RECORD, json.dumps(rows, indent=1) + "\n")
