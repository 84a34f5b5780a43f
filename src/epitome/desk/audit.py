"""What was done, by whom and when: a trail that only grows, in which each entry seals those before it.

An entry's hash is the SHA-256 of the hash before it and of the entry's canonical JSON (sorted keys, no spaces,
ASCII), as in Haber and Stornetta, "How to time-stamp a digital document" (1991). Whoever changes, removes or puts
in an entry has to write anew every hash after it, and the head; a head that was noted elsewhere tells that, too.
The database itself refuses to change or remove entries (`migrations/versions/v0004_reviews.py`).
"""

from __future__ import annotations

import getpass
import hashlib
import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Row, insert, select, update

from epitome.desk.database import Database
from epitome.desk.tables import trail, trail_head
from epitome.errors import StoreError

BEGINNING = "0" * 64
"""The hash before the first entry."""


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody who does something: by a key of the service, or at the machine itself."""

    name: str
    key: str | None = None
    """The id of the key; None at the command line."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One action. `at` is in seconds since 1970."""

    number: int
    at: float
    action: str
    review: str | None
    who: Who
    details: dict[str, Any]
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry: noted elsewhere, it holds the whole trail before it."""

    number: int
    hash: str


@dataclass(frozen=True, slots=True)
class Fault:
    """The first entry that is not as it was written."""

    number: int
    what: Literal["changed", "removed", "put in"]


class Trail:
    """The trail in a database.

    >>> with trail.adding() as connection:
    ...     trail.add(connection, "exported", Who("ann"), pairs=12)
    >>> trail.check()
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    @contextmanager
    def adding(self) -> Iterator[Connection]:
        """A transaction for an action and its entry. One at a time: who comes later sees what was done before.

        Raises `StoreError` if the database does not answer.
        """
        with self.database.writing() as connection:
            self.lock(connection)
            yield connection

    def lock(self, connection: Connection) -> Head:
        """Wait for whoever else adds, to the end of this transaction. Take it after the locks of all other tables but
        that of reviews, so that nobody waits crosswise."""
        row = connection.execute(select(trail_head).with_for_update()).first()
        if row is None:
            raise StoreError("the audit trail has lost its head", hint="epitome reviews verify")
        return Head(row.number, row.hash)

    def add(
        self, connection: Connection, action: str, who: Who, *, review: str | None = None, **details: Any
    ) -> None:
        """Add an entry; it is kept with the transaction that it is part of, or not at all."""
        head = self.lock(connection)
        now = round(connection.execute(select(self.database.now())).scalar_one(), 3)
        said = {
            "number": head.number + 1, "at": now, "action": action, "review": review,
            "who": {"name": who.name, "key": who.key}, "details": details,
        }  # fmt: skip
        entry = canonical(said)
        seal = _seal(head.hash, entry)
        row = {"number": head.number + 1, "review": review, "entry": entry}
        connection.execute(insert(trail).values(row | {"previous": head.hash, "hash": seal}))
        connection.execute(update(trail_head).values(number=head.number + 1, hash=seal))

    def of(self, review: str) -> list[Entry]:
        """What was done about a review, the oldest first."""
        with self.database.reading() as connection:
            rows = connection.execute(select(trail).where(trail.c.review == review).order_by(trail.c.number))
            return [_entry(row) for row in rows]

    def check(
        self, connection: Connection, noted: Head | None = None
    ) -> Generator[Entry | Fault, None, None]:
        """Every entry in order, up to the first that is not as it was written; that one ends it as a `Fault`.

        `noted`: a head that was written down earlier; the trail has to go on from it.
        """
        head = connection.execute(select(trail_head)).first()
        last = Head(0, BEGINNING)
        ordered = select(trail).order_by(trail.c.number)
        with connection.execution_options(yield_per=1000).execute(ordered) as rows:
            for row in rows:
                fault = _fault(row, last) or _other(row, noted)
                if fault is not None:
                    yield fault
                    return
                yield _entry(row)
                last = Head(row.number, row.hash)
        due = max(
            head.number if head is not None else last.number + 1, noted.number if noted is not None else 0
        )
        if last.number < due:
            yield Fault(last.number + 1, "removed")
        elif head is not None and last.number > head.number:
            yield Fault(head.number + 1, "put in")
        elif head is not None and last.hash != head.hash:
            yield Fault(last.number, "changed")


def canonical(said: dict[str, Any]) -> str:
    """The one way to write it as JSON."""
    return json.dumps(said, sort_keys=True, separators=(",", ":"))


def local() -> Who:
    """Who runs this process."""
    try:
        return Who(getpass.getuser())
    except (OSError, KeyError):
        return Who("unnamed")  # as users of containers can be


def _seal(previous: str, entry: str) -> str:
    return hashlib.sha256((previous + entry).encode()).hexdigest()


def _fault(row: Row[Any], last: Head) -> Fault | None:
    """What is wrong at the row that follows `last`, if anything is."""
    due = last.number + 1
    if row.number < due:  # before the first
        return Fault(row.number, "put in")
    if row.number > due:
        return Fault(due, "removed")
    said = _said(row.entry)
    if said is None or row.hash != _seal(row.previous, row.entry) or said["review"] != row.review:
        return Fault(due, "changed")
    # An entry as it was written knows its number and what stood before it: where that differs, its neighbour is wrong.
    if said["number"] > due:
        return Fault(due, "removed")
    if said["number"] < due:
        return Fault(max(1, last.number), "put in")
    return Fault(max(1, last.number), "changed") if row.previous != last.hash else None


def _other(row: Row[Any], noted: Head | None) -> Fault | None:
    """Whether the row is not the one that was noted: it was changed, or one before it, and every hash since."""
    if noted is None or row.number != noted.number or row.hash == noted.hash:
        return None
    return Fault(noted.number, "changed")


def _said(entry: str) -> dict[str, Any] | None:
    """What an entry says; None where it is none."""
    try:
        said = json.loads(entry)
        Entry(
            int(said["number"]),
            said["at"],
            said["action"],
            said["review"],
            Who(**said["who"]),
            said["details"],
            "",
        )
    except (ValueError, TypeError, KeyError):
        return None
    return said if canonical(said) == entry else None


def _entry(row: Row[Any]) -> Entry:
    said = json.loads(row.entry)
    return Entry(
        row.number, said["at"], said["action"], row.review, Who(**said["who"]), said["details"], row.hash
    )
