"""Jobs as those who submit them see them: a request or a batch of them, how far it is, and what came of it."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Row, case, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from epitome.desk.database import Database
from epitome.desk.older import older
from epitome.desk.tables import OPEN, documents, jobs, webhooks
from epitome.errors import UsageError

State = Literal["queued", "running", "done", "failed", "cancelled"]
KEEP = 7 * 86400.0
"""Seconds after its end that a job, with its results, can be asked for."""
STRIDE = 10.0
"""Seconds that each waiting document puts the next one of the same key behind those of other keys: so one large batch
keeps nobody waiting. About what a document of some pages takes on two cores; only its order of magnitude matters."""


@dataclass(frozen=True, slots=True)
class Hook:
    """The delivery of a job's webhook."""

    url: str
    state: Literal["waiting", "delivered", "failed"]
    tries: int
    error: str | None
    """Why the last try failed."""


@dataclass(frozen=True, slots=True)
class Job:
    """One request, or a batch of them. Times are seconds since 1970."""

    id: str
    owner: str
    batch: bool
    state: State
    """`failed`: none of its documents was summarised. `done`: all are through, and `failed` of them failed."""
    created: float
    started: float | None
    finished: float | None
    documents: int
    done: int
    failed: int
    webhook: Hook | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one document: `done` with a summary, `failed` with an error, `open` or `cancelled` with neither."""

    number: int
    state: Literal["open", "done", "failed", "cancelled"]
    result: dict[str, Any] | None


class Jobs:
    """The jobs in a database; each key sees its own.

    >>> job, new = jobs.submit("0a1b2c3d", ['{"text": "…"}'])
    >>> jobs.find(job.id, "0a1b2c3d").state
    'queued'
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def submit(
        self,
        owner: str,
        asked: Sequence[str],
        *,
        batch: bool = False,
        webhook: str | None = None,
        idempotency: str | None = None,
    ) -> tuple[Job, bool]:
        """A job of these documents, and whether it is new: the same `idempotency` gives the same job again.

        `asked` has a text a document, which the worker will understand. Raises `UsageError` where `idempotency`
        stands for another job already.
        """
        whole = json.dumps([batch, webhook, *asked])
        row = {
            "id": secrets.token_hex(16), "owner": owner, "batch": batch, "state": "queued", "documents": len(asked),
            "done": 0, "failed": 0, "size": len(whole), "idempotency": idempotency,
            "fingerprint": hashlib.sha256(whole.encode()).hexdigest(),
        }  # fmt: skip
        try:
            with self.database.writing() as connection:
                self._add(connection, row, asked, webhook)
        except IntegrityError:
            return self._earlier(row), False
        job = self.find(str(row["id"]), owner)
        assert job is not None
        return job, True

    def _add(
        self, connection: Connection, row: dict[str, Any], asked: Sequence[str], webhook: str | None
    ) -> None:
        now = connection.execute(select(self.database.now())).scalar_one()
        waiting = select(func.max(documents.c.turn)).join(jobs, jobs.c.id == documents.c.job)
        latest = connection.execute(waiting.where(jobs.c.owner == row["owner"], OPEN)).scalar_one()
        first = now if latest is None else max(now, latest + STRIDE)
        connection.execute(insert(jobs).values(row | {"created": now}))
        rows = [
            {"job": row["id"], "number": number, "state": "open", "turn": first + number * STRIDE, "free": 0.0,
             "attempts": 0, "asked": text}
            for number, text in enumerate(asked)
        ]  # fmt: skip
        connection.execute(insert(documents), rows)
        if webhook is not None:
            connection.execute(insert(webhooks).values(job=row["id"], url=webhook, state="waiting", tries=0))

    def _earlier(self, row: dict[str, Any]) -> Job:
        """The job that has the same idempotency key."""
        mine = jobs.c.owner == row["owner"], jobs.c.idempotency == row["idempotency"]
        with self.database.reading() as connection:
            found = connection.execute(_selected().where(*mine)).one()
        if found.fingerprint != row["fingerprint"]:
            raise UsageError(
                "this Idempotency-Key stands for another job", hint="a new key for each new request"
            )
        return _job(found)

    def find(self, identity: str, owner: str) -> Job | None:
        """The job, if it is this owner's."""
        with self.database.reading() as connection:
            found = connection.execute(
                _selected().where(jobs.c.id == identity, jobs.c.owner == owner)
            ).first()
        return None if found is None else _job(found)

    def all(self, owner: str, *, limit: int = 50, before: str | None = None) -> list[Job]:
        """The owner's jobs, the newest first; those before the job `before`."""
        chosen = _selected().where(jobs.c.owner == owner)
        with self.database.reading() as connection:
            return [_job(row) for row in older(connection, chosen, jobs, limit=limit, before=before)]

    def outcomes(self, identity: str) -> list[Outcome]:
        """What came of each document, in the order they were given."""
        chosen = select(documents.c.number, documents.c.state, documents.c.result)
        with self.database.reading() as connection:
            rows = connection.execute(
                chosen.where(documents.c.job == identity).order_by(documents.c.number)
            ).all()
        return [Outcome(row.number, row.state, row.result and json.loads(row.result)) for row in rows]

    def under_way(self, owner: str) -> tuple[int, int]:
        """Documents that the owner's unfinished jobs have left, and the characters of all these jobs."""
        left = func.coalesce(func.sum(jobs.c.documents - jobs.c.done - jobs.c.failed), 0)
        chosen = select(left, func.coalesce(func.sum(jobs.c.size), 0))
        with self.database.reading() as connection:
            row = connection.execute(chosen.where(jobs.c.owner == owner, jobs.c.finished.is_(None))).one()
        return int(row[0]), int(row[1])

    def waiting(self) -> int:
        """Documents of all owners that nobody is at: what an autoscaler looks at."""
        chosen = select(func.count()).where(OPEN)
        with self.database.reading() as connection:
            return connection.execute(chosen.where(documents.c.free <= self.database.now())).scalar_one()

    def cancel(self, identity: str, owner: str) -> Job | None:
        """End it now; what is finished stays. One that has ended stays as it is. None: there is no such job."""
        with self.database.writing() as connection:
            mine = jobs.c.id == identity, jobs.c.owner == owner
            # Everybody locks the job before its documents, and these in one order, so that nobody locks crosswise.
            found = connection.execute(select(jobs.c.finished).where(*mine).with_for_update()).first()
            if found is not None and found.finished is None:
                still = select(documents.c.id).where(documents.c.job == identity, OPEN)
                connection.execute(
                    update(documents)
                    .where(documents.c.id.in_(still.order_by(documents.c.id).with_for_update()))
                    .values(state="cancelled", asked=None, token=None, finished=self.database.now())
                )
                connection.execute(
                    update(jobs).where(*mine).values(state="cancelled", finished=self.database.now())
                )
                hook_due(connection, self.database, identity)
        return self.find(identity, owner)

    def purge(self) -> int:
        """Remove the jobs that ended longer ago than they are kept; how many there were."""
        with self.database.writing() as connection:
            return connection.execute(
                delete(jobs).where(jobs.c.finished < self.database.now() - KEEP)
            ).rowcount


def end_if_through(connection: Connection, database: Database, identity: str) -> None:
    """End a job whose last document is through. The caller holds the job's lock."""
    through = jobs.c.done + jobs.c.failed == jobs.c.documents
    ended = connection.execute(
        update(jobs)
        .where(jobs.c.id == identity, jobs.c.finished.is_(None), through)
        .values(state=case((jobs.c.done > 0, "done"), else_="failed"), finished=database.now())
    )
    if ended.rowcount:
        hook_due(connection, database, identity)


def hook_due(connection: Connection, database: Database, identity: str) -> None:
    """Its webhook, if it has one, is sent from now on: kept together with the end of the job, never without."""
    connection.execute(update(webhooks).where(webhooks.c.job == identity).values(due=database.now()))


def _selected() -> Any:
    hook = (webhooks.c.url, webhooks.c.state.label("hook_state"), webhooks.c.tries, webhooks.c.error)
    return select(jobs, *hook).outerjoin(webhooks, webhooks.c.job == jobs.c.id)


def _job(row: Row[Any]) -> Job:
    hook = None if row.url is None else Hook(row.url, row.hook_state, row.tries, row.error)
    return Job(
        row.id, row.owner, row.batch, row.state, row.created, row.started, row.finished, row.documents, row.done,
        row.failed, hook,
    )  # fmt: skip
