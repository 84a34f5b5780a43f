"""Summaries that were given, to be found again, and what people say of them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy import Connection, delete, insert, or_, select

from epitome.desk.database import Database
from epitome.desk.older import older
from epitome.desk.tables import archive as table
from epitome.desk.tables import feedback

Keeps = Literal["summaries", "documents"]
KEEPS: tuple[Keeps, ...] = get_args(Keeps)


@dataclass(frozen=True, slots=True)
class Kept:
    """A summary as it was given, and to which request. `created` is in seconds since 1970."""

    id: str
    created: float
    request: dict[str, Any]
    summary: dict[str, Any]
    document: str | None
    """The text that it is of, where that is kept, too."""
    feedback: list[dict[str, Any]]
    """`rating`, `comment` and `created` of each, the oldest first."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A summary to be kept."""

    id: str
    owner: str
    request: dict[str, Any]
    summary: dict[str, Any]
    """`Summary.as_dict()`."""
    document: str


class Archive:
    """The archive in a database; each key sees its own part.

    Args:
        keeps: `summaries` without a passage of their documents, or `documents` as well; None: nothing new.
    """

    def __init__(self, database: Database, keeps: Keeps | None = None) -> None:
        self.database = database
        self.keeps = keeps

    def add(self, entry: Entry) -> None:
        """Keep a summary."""
        with self.database.writing() as connection:
            self.write(connection, entry)

    def write(self, connection: Connection, entry: Entry) -> None:
        """The same within a transaction of the caller's."""
        whole = self.keeps == "documents"
        row = {
            "id": entry.id, "owner": entry.owner, "created": self.database.now(),
            "title": plain(entry.summary["title"]), "text": plain(entry.summary["text"]),
            "request": json.dumps(entry.request),
            "summary": json.dumps(entry.summary if whole else _without_passages(entry.summary)),
            "document": plain(entry.document) if whole else None,
        }  # fmt: skip
        connection.execute(insert(table).values(row))

    def find(self, identity: str, owner: str) -> Kept | None:
        """The summary, if it is this owner's."""
        own = table.c.id == identity, table.c.owner == owner
        with self.database.reading() as connection:
            row = connection.execute(select(table).where(*own)).first()
            if row is None:
                return None
            said = select(feedback.c.rating, feedback.c.comment, feedback.c.created)
            told = connection.execute(
                said.where(feedback.c.summary == identity).order_by(feedback.c.created)
            ).mappings()
            heard = [dict(one) for one in told]
        return Kept(
            row.id, row.created, json.loads(row.request), json.loads(row.summary), row.document, heard
        )

    def all(
        self, owner: str, *, query: str = "", limit: int = 50, before: str | None = None
    ) -> list[dict[str, Any]]:
        """`id`, `created`, `title` and `text` of the owner's summaries, the newest first; those before `before`.

        `query`: only those in whose title or text all of its words stand, in capitals or not.
        """
        chosen = select(table.c.id, table.c.created, table.c.title, table.c.text).where(
            table.c.owner == owner
        )
        for word in plain(query).split():
            chosen = chosen.where(
                or_(
                    table.c.title.icontains(word, autoescape=True),
                    table.c.text.icontains(word, autoescape=True),
                )
            )
        with self.database.reading() as connection:
            rows = older(connection, chosen, table, limit=limit, before=before)
        return [dict(row._mapping) for row in rows]

    def remove(
        self, identity: str, owner: str, *, also: Callable[[Connection], object] | None = None
    ) -> bool:
        """Remove a summary and what was said of it; whether there was one. `also`: in the same transaction."""
        own = table.c.id == identity, table.c.owner == owner
        with self.database.writing() as connection:
            removed = bool(connection.execute(delete(table).where(*own)).rowcount)
            if removed and also is not None:
                also(connection)
        return removed

    def rate(
        self,
        identity: str,
        owner: str,
        rating: str,
        comment: str,
        *,
        also: Callable[[Connection], object] | None = None,
    ) -> str | None:
        """Keep what is said of a summary, and what `also` writes in one transaction.

        Returns the id of what was said, or None if there is no such summary.
        """
        said = secrets.token_hex(16)
        with self.database.writing() as connection:
            own = select(table.c.id).where(table.c.id == identity, table.c.owner == owner)
            if connection.execute(own.with_for_update(read=True)).first() is None:
                return None
            connection.execute(
                insert(feedback).values(
                    id=said, summary=identity, owner=owner, created=self.database.now(), rating=rating,
                    comment=plain(comment),
                )
            )  # fmt: skip
            if also is not None:
                also(connection)
        return said


def _without_passages(summary: dict[str, Any]) -> dict[str, Any]:
    """The same without what it quotes of its document; where each passage stands remains."""
    sentences = [
        sentence
        | {"sources": [source | {"text": ""} for source in sentence["sources"]]}
        | {"facts": [fact | {"nearest": ""} for fact in sentence["facts"]]}
        for sentence in summary["sentences"]
    ]
    return summary | {"sentences": sentences}


def plain(text: str) -> str:
    """Without the one character that PostgreSQL cannot keep."""
    return text.replace("\0", "")
