"""A study on disk: one SQLite file with the documents, the summaries, the plan and every rating."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import RLock

from epitome.datasets.pair import Pair
from epitome.errors import StoreError, UsageError
from epitome.evaluate.rating.study import Item, Plan, items

SCHEMA = 1
_TABLES = """
CREATE TABLE plan (schema INTEGER NOT NULL, plan TEXT NOT NULL);
CREATE TABLE documents (id TEXT PRIMARY KEY, title TEXT NOT NULL, text TEXT NOT NULL, lang TEXT NOT NULL);
CREATE TABLE summaries (
    document TEXT NOT NULL, system TEXT NOT NULL, text TEXT NOT NULL, PRIMARY KEY (document, system)
);
CREATE TABLE items (number INTEGER PRIMARY KEY, document TEXT NOT NULL, systems TEXT NOT NULL);
CREATE TABLE ratings (
    item INTEGER NOT NULL, rater TEXT NOT NULL, question INTEGER NOT NULL, value INTEGER NOT NULL,
    seconds REAL NOT NULL, comment TEXT NOT NULL, made TEXT NOT NULL, PRIMARY KEY (item, rater, question)
);
"""


@dataclass(frozen=True, slots=True)
class Rating:
    """What one rater said of one item in one question.

    `value`: 1 to 5 in a Likert study; in a pairwise one 1 where the first of the item's systems is better, -1 where
    the second is, 0 for a tie.
    """

    item: int
    rater: str
    question: int
    value: int
    seconds: float
    """From seeing the item to answering."""
    comment: str
    made: str
    """ISO 8601, UTC."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An item with its texts."""

    item: Item
    title: str
    document: str
    lang: str
    summaries: tuple[str, ...]
    """In the order of the item's systems."""


class Store:
    """An open study; threads may share it. Raises `StoreError` where the file cannot be used.

    >>> store = Store.create(Path("study.db"), plan, pairs, {"lead": texts, "default": more})
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = RLock()
        if not path.is_file():
            raise StoreError(f"{path}: there is no such study", hint="epitome rate DATA --system … makes one")
        with self._naming():
            self._base = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
            self._base.execute("PRAGMA journal_mode=WAL")
            schema, plan = self._base.execute("SELECT schema, plan FROM plan").fetchone()
        if schema != SCHEMA:
            raise StoreError(f"{path} was made by another version of Epitome", hint="open it with that one")
        held = json.loads(plan)
        self.plan = Plan(**{**held, "questions": tuple(held["questions"]), "systems": tuple(held["systems"])})

    @classmethod
    def create(
        cls, path: Path, plan: Plan, pairs: Sequence[Pair], texts: Mapping[str, Sequence[str]]
    ) -> Store:
        """A new study: `texts` are the summaries by system, in the order of the pairs."""
        draft = path.with_name(path.name + ".new")
        draft.unlink(missing_ok=True)
        try:
            _fill(draft, plan, pairs, texts)
            draft.replace(path)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"{path}: cannot be written ({error})", hint="name another file") from error
        finally:
            draft.unlink(missing_ok=True)
        return cls(path)

    def require(self, fingerprint: str, systems: Sequence[str]) -> None:
        """Raise `UsageError` if the study was made of other data or systems: its ratings would not be of these."""
        if self.plan.fingerprint != fingerprint:
            raise UsageError(
                f"{self.path} is a study of other data", hint="name another --study, or leave DATA out"
            )
        if set(self.plan.systems) != set(systems):
            known = ", ".join(self.plan.systems)
            raise UsageError(f"{self.path} is a study of other systems: {known}", hint="name another --study")

    def items(self) -> list[Item]:
        """All items in order."""
        with self._naming():
            rows = self._base.execute(
                "SELECT number, document, systems FROM items ORDER BY number"
            ).fetchall()
        return [Item(number, document, tuple(json.loads(systems))) for number, document, systems in rows]

    def shown(self, number: int) -> Shown | None:
        """An item with its texts, or None if there is none of this number."""
        with self._naming():
            row = self._base.execute(
                "SELECT items.document, systems, title, text, lang FROM items JOIN documents"
                " ON documents.id = items.document WHERE number = ?",
                (number,),
            ).fetchone()
            if row is None:
                return None
            document, systems, title, text, lang = row
            names = tuple(json.loads(systems))
            found = dict(
                self._base.execute(
                    "SELECT system, text FROM summaries WHERE document = ?", (document,)
                ).fetchall()
            )
        return Shown(Item(number, document, names), title, text, lang, tuple(found[name] for name in names))

    def rate(self, ratings: Sequence[Rating]) -> None:
        """Write an item's answers; said again, they replace what was said before."""
        with self._naming():
            self._base.execute("BEGIN IMMEDIATE")
            try:
                self._base.executemany(
                    "INSERT OR REPLACE INTO ratings VALUES (?, ?, ?, ?, ?, ?, ?)",
                    [(r.item, r.rater, r.question, r.value, r.seconds, r.comment, r.made) for r in ratings],
                )
                self._base.execute("COMMIT")
            except sqlite3.Error:
                self._base.execute("ROLLBACK")
                raise

    def undo(self, rater: str) -> int | None:
        """Take the rater's last answer back; the item's number."""
        with self._naming():
            row = self._base.execute(
                "SELECT item FROM ratings WHERE rater = ? ORDER BY made DESC, rowid DESC LIMIT 1", (rater,)
            ).fetchone()
            if row is None:
                return None
            self._base.execute("DELETE FROM ratings WHERE rater = ? AND item = ?", (rater, row[0]))
        return int(row[0])

    def ratings(self) -> list[Rating]:
        """Every rating, in the order they were made."""
        with self._naming():
            rows = self._base.execute(
                "SELECT item, rater, question, value, seconds, comment, made FROM ratings ORDER BY rowid"
            ).fetchall()
        return [Rating(*row) for row in rows]

    def close(self) -> None:
        self._base.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _naming(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except (sqlite3.Error, TypeError, ValueError, KeyError) as error:
                raise StoreError(f"{self.path}: not a study, or not to be used ({error})") from error


def _fill(path: Path, plan: Plan, pairs: Sequence[Pair], texts: Mapping[str, Sequence[str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    base = sqlite3.connect(path)
    try:
        base.executescript(_TABLES)
        base.execute("INSERT INTO plan VALUES (?, ?)", (SCHEMA, json.dumps(asdict(plan))))
        base.executemany(
            "INSERT INTO documents VALUES (?, ?, ?, ?)",
            [(pair.id, _plain(pair.title), _plain(pair.document), pair.lang) for pair in pairs],
        )
        base.executemany(
            "INSERT INTO summaries VALUES (?, ?, ?)",
            [
                (pair.id, system, _plain(text))
                for system, column in texts.items()
                for pair, text in zip(pairs, column, strict=True)
            ],
        )
        base.executemany(
            "INSERT INTO items VALUES (?, ?, ?)",
            [
                (one.number, one.document, json.dumps(one.systems))
                for one in items(plan, [pair.id for pair in pairs])
            ],
        )
        base.commit()
    finally:
        base.close()


def _plain(text: str) -> str:
    # SQLite takes no lone surrogates, which some PDFs yield.
    return text.encode("utf-8", "replace").decode("utf-8")
