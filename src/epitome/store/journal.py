"""An append-only file of finished work, so that a job that is killed goes on where it was."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from epitome.errors import StoreError


class Journal:
    """Records by key, on disk; only their places are held in memory.

    The first line names the job. A file that another job wrote is begun anew; a last line torn by a kill is
    dropped. Raises `StoreError` where the file cannot be written.
    """

    def __init__(self, path: Path, job: str) -> None:
        self.path = path
        self._places: dict[str, tuple[int, int]] = {}
        with writing(path):
            fresh = not path.exists() or not self._replay(job)
            # Unbuffered: what a full disk refused must not be tried again when the file is closed.
            self._file = path.open("w+b" if fresh else "r+b", buffering=0)
            try:
                if fresh:
                    self._write({"job": job})
                else:
                    self._file.seek(self._end)
                    self._file.truncate()
            except OSError:
                self.close()
                raise

    def _replay(self, job: str) -> bool:
        """Learn what is there; False if another job wrote it."""
        self._end = 0
        with self.path.open("rb") as file:
            for line in file:
                try:
                    record = json.loads(line) if line.endswith(b"\n") else None
                except ValueError:
                    record = None
                if not isinstance(record, dict):
                    break
                if self._end == 0 and record.get("job") != job:
                    return False
                if "key" in record:
                    self._places[record["key"]] = (self._end, len(line))
                self._end += len(line)
        return self._end > 0

    def __contains__(self, key: str) -> bool:
        return key in self._places

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, key: str) -> dict[str, Any]:
        at, size = self._places[key]
        self._file.seek(at)
        record: dict[str, Any] = json.loads(self._file.read(size))
        self._file.seek(0, os.SEEK_END)
        return record

    def add(self, key: str, record: dict[str, Any]) -> None:
        """Write one record down; it is on disk when this returns."""
        with writing(self.path):
            at = self._file.seek(0, os.SEEK_END)
            self._places[key] = (at, self._write({"key": key, **record}))

    def _write(self, record: dict[str, Any]) -> int:
        line = json.dumps(record, ensure_ascii=False).encode() + b"\n"
        at = self._file.tell()
        try:
            left = memoryview(line)
            while left:
                left = left[self._file.write(left) :]
            os.fsync(self._file.fileno())
        except OSError:
            self._file.seek(at)
            self._file.truncate()
            raise
        return len(line)

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def remove(self) -> None:
        """Close it and take it from the disk: the work is done."""
        self.close()
        self.path.unlink(missing_ok=True)


@contextmanager
def replacing(path: Path) -> Iterator[IO[str]]:
    """Write a text file that appears whole or not at all. Raises `StoreError` where it cannot be written."""
    with writing(path):
        special = path.exists() and not path.is_file()  # /dev/stdout, a pipe: to be written to, not replaced
    if special:
        with writing(path), path.open("w", encoding="utf-8", newline="\n") as file:
            yield file
        return
    path = path.resolve()  # through a link, not over it
    draft = path.with_name(f".{path.name[:200]}.{os.getpid()}.tmp")
    try:
        with writing(path):
            with draft.open("w", encoding="utf-8", newline="\n") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
    finally:
        with suppress(OSError):
            draft.unlink()


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Name the file in whatever the system says about writing it."""
    try:
        yield
    except OSError as error:
        full = error.errno in (None, errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # libraries drop the number
        raise StoreError(
            f"{path}: cannot be written ({error.strerror or error})",
            hint=f"{'free some space or ' if full else ''}name another place; finished work is kept",
        ) from error
