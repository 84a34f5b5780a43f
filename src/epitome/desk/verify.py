"""Is the audit trail whole, and do the reviews stand as it says?"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, select

from epitome.desk.audit import Entry, Fault, Head, Trail
from epitome.desk.database import Database
from epitome.desk.reviews import fingerprint
from epitome.desk.tables import reviews

_STATES = {
    "opened": "open", "complained": "open", "reopened": "open", "approved": "approved", "edited": "edited",
    "rejected": "rejected",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found."""

    head: Head
    """The last entry that is as it was written. Note it elsewhere: it holds all before it."""
    fault: Fault | None
    strays: list[str]
    """The ids of reviews that do not stand as the trail says; not looked for where the trail is broken."""

    @property
    def whole(self) -> bool:
        """Whether everything is as it was written."""
        return self.fault is None and not self.strays


class _Told(NamedTuple):
    """What the trail says of a review: its state, and its text by its fingerprint."""

    state: str
    text: str


def verify(database: Database, noted: Head | None = None) -> Verdict:
    """Read the whole trail. `noted`: a head written down earlier, which the trail has to go on from.

    Raises `StoreError` if the database does not answer.
    """
    last, told = Head(0, ""), dict[str, _Told]()
    with database.reading() as connection:
        if connection.dialect.name == "postgresql":  # what is added meanwhile is not looked at half
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        with closing(Trail(database).check(connection, noted)) as entries:
            for found in entries:
                if isinstance(found, Fault):
                    return Verdict(last, found, [])
                last = Head(found.number, found.hash)
                _follow(told, found)
        return Verdict(last, None, _strays(connection, told))


def _follow(told: dict[str, _Told], entry: Entry) -> None:
    if entry.review is None:
        return
    if entry.action == "withdrawn":
        told.pop(entry.review, None)
    elif entry.action in _STATES:
        before = told.get(entry.review, _Told("", ""))
        after = entry.details.get("after")
        text = fingerprint(after) if isinstance(after, str) else entry.details.get("sha256", before.text)
        told[entry.review] = _Told(_STATES[entry.action], text)


def _strays(connection: Connection, told: dict[str, _Told]) -> list[str]:
    rows = connection.execution_options(yield_per=1000).execute(
        select(reviews.c.id, reviews.c.state, reviews.c.text).order_by(reviews.c.created, reviews.c.id)
    )
    strays = [row.id for row in rows if told.pop(row.id, None) != _Told(row.state, fingerprint(row.text))]
    return strays + sorted(told)
