"""Texts that a model wrote once need not be written again: a SQLite file, shared by all runs."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock

from epitome.errors import StoreError

BUSY = 30.0
"""Seconds to wait for another process that writes."""


class Generations:
    """Records by key, on disk when `put` returns; several processes may use one file. Without a path, in memory alone.

    Raises `StoreError` where the file cannot be written or is no such store.

    >>> with Generations(Path("generations.sqlite")) as store:
    ...     store.put("key", {"text": "…"})
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path or "memory"
        with self._naming():
            if path is None:
                self._base = sqlite3.connect(":memory:", isolation_level=None)
                self._prepare()
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            # SQLite does not wait for others where a new file changes to WAL.
            with FileLock(f"{path}.lock", timeout=BUSY):
                self._base = sqlite3.connect(path, timeout=BUSY, isolation_level=None)
                self._prepare()

    def _prepare(self) -> None:
        try:
            self._base.execute("PRAGMA journal_mode=WAL")
            self._base.execute("PRAGMA synchronous=NORMAL")
            self._base.execute(
                "CREATE TABLE IF NOT EXISTS generations (key TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID"
            )
        except sqlite3.Error:
            self._base.close()
            raise

    def get(self, key: str) -> dict[str, Any] | None:
        """The record under the key, or None."""
        with self._naming():
            row = self._base.execute("SELECT record FROM generations WHERE key = ?", (key,)).fetchone()
        record: dict[str, Any] | None = json.loads(row[0]) if row else None
        return record

    def put(self, key: str, record: dict[str, Any]) -> None:
        """Write one record down, in place of an older one."""
        with self._naming():
            # ASCII escapes: SQLite takes no lone surrogates, which some PDFs yield.
            self._base.execute("INSERT OR REPLACE INTO generations VALUES (?, ?)", (key, json.dumps(record)))

    def __len__(self) -> int:
        with self._naming():
            return int(self._base.execute("SELECT count(*) FROM generations").fetchone()[0])

    @contextmanager
    def _naming(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StoreError(
                f"{self.path}: {error}",
                hint="free some space, or delete the file: it only holds what can be generated again",
            ) from error

    def close(self) -> None:
        self._base.close()

    def __enter__(self) -> Generations:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
