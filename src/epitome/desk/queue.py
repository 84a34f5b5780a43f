"""Jobs as workers see them: a queue of documents that any number of processes share.

Whoever takes a document gets a lease of it, which ends by itself: a worker that was killed holds nothing up for longer.
It is renewed while the work goes on. Only the latest lease of a document can finish it, and does so once.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, select, update

from epitome.desk.database import Database
from epitome.desk.jobs import end_if_through
from epitome.desk.tables import OPEN, documents, jobs
from epitome.errors import EpitomeError

LEASE = 10.0
"""Seconds. A killed worker's documents wait this long; a live one renews three times in it."""
ATTEMPTS = 3
"""Workers that may die over a document before it is given up."""


class LostError(EpitomeError):
    """The lease of a document has ended, and another worker has it; or its job was cancelled."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A document to work at."""

    id: int
    job: str
    owner: str
    asked: str
    attempt: int
    """From 1; more where an earlier worker died over it."""
    token: str


class Queue:
    """The documents to be worked at.

    Args:
        lease: seconds after which a document whose worker gives no sign of life is free again.
    """

    def __init__(self, database: Database, *, lease: float = LEASE) -> None:
        self.database = database
        self.lease = lease

    def claim(self) -> Taken | None:
        """The next document, for this worker alone; None if there is nothing to do."""
        while (taken := self._next()) is not None:
            if taken.attempt <= ATTEMPTS:
                return taken
            with suppress(LostError):
                self.fail(taken, "server_error", f"given up: {ATTEMPTS} times the server died while at it")
        return None

    def _next(self) -> Taken | None:
        now, token = self.database.now(), secrets.token_hex(16)
        following = (
            select(documents.c.id)
            .where(OPEN, documents.c.free <= now)
            .order_by(documents.c.turn, documents.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)  # SQLite has one writer, and no need of it
        )
        claimed = (
            update(documents)
            .where(documents.c.id == following.scalar_subquery())
            .values(token=token, free=now + self.lease, attempts=documents.c.attempts + 1)
            .returning(documents.c.id, documents.c.job, documents.c.asked, documents.c.attempts)
        )
        with self.database.writing() as connection:
            row = connection.execute(claimed).first()
        if row is None:
            return None
        chosen = select(jobs.c.owner, jobs.c.state).where(jobs.c.id == row.job)
        with self.database.reading() as connection:
            job = connection.execute(chosen).one()
        if job.state == "queued":  # in a transaction of its own: see the order of locks in `Jobs.cancel`
            waited = jobs.c.id == row.job, jobs.c.state == "queued"
            with self.database.writing() as connection:
                connection.execute(update(jobs).where(*waited).values(state="running", started=now))
        return Taken(row.id, row.job, job.owner, row.asked, row.attempts, token)

    def renew(self, tokens: Collection[str]) -> set[str]:
        """Those of the leases that still hold, made longer. The others are lost."""
        mine = select(documents.c.id).where(documents.c.token.in_(tokens), OPEN)
        with self.database.writing() as connection:
            renewed = connection.execute(
                update(documents)
                .where(documents.c.id.in_(mine.order_by(documents.c.id).with_for_update()))
                .values(free=self.database.now() + self.lease)
                .returning(documents.c.token)
            )
            return {row.token for row in renewed}

    def finish(
        self,
        taken: Taken,
        summary: dict[str, Any],
        *,
        also: Callable[[Connection], None] | None = None,
    ) -> None:
        """Keep the summary, and what `also` writes, in one transaction. Raises `LostError`; then nothing is kept."""
        self._end(taken, "done", {"summary": summary}, also)

    def fail(self, taken: Taken, kind: str, message: str) -> None:
        """Keep why there is no summary. Raises `LostError`."""
        self._end(taken, "failed", {"error": {"type": kind, "message": message}}, None)

    def _end(
        self,
        taken: Taken,
        state: Literal["done", "failed"],
        result: dict[str, Any],
        also: Callable[[Connection], None] | None,
    ) -> None:
        with self.database.writing() as connection:
            # Two last documents that finish at once: the second to lock the job sees the first.
            connection.execute(select(jobs.c.id).where(jobs.c.id == taken.job).with_for_update())
            ended = connection.execute(
                update(documents)
                .where(*_held(taken))
                .values(
                    state=state,
                    result=json.dumps(result),
                    asked=None,
                    token=None,
                    finished=self.database.now(),
                )
            )
            if not ended.rowcount:
                raise LostError(f"document {taken.id} is not this worker's any more")
            counter = jobs.c[state]
            connection.execute(update(jobs).where(jobs.c.id == taken.job).values({counter: counter + 1}))
            if also is not None:
                also(connection)
            end_if_through(connection, self.database, taken.job)

    def release(self, taken: Taken, *, wait: float = 0.0) -> None:
        """Give it back, for anybody to take after `wait` seconds; it counts as no attempt."""
        with self.database.writing() as connection:
            connection.execute(
                update(documents)
                .where(*_held(taken))
                .values(token=None, free=self.database.now() + wait, attempts=documents.c.attempts - 1)
            )


def _held(taken: Taken) -> tuple[Any, ...]:
    return documents.c.id == taken.id, documents.c.token == taken.token, OPEN
