"""Whom to tell that a job has ended: what is due, what was delivered, and the secrets that sign it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from epitome.desk.database import Database
from epitome.desk.jobs import Job, Jobs
from epitome.desk.tables import jobs
from epitome.desk.tables import secrets as kept
from epitome.desk.tables import webhooks as table

TRIES = 12
FIRST = 10.0
"""Seconds from the first try to the second; each later wait is twice as long, up to `LONGEST`."""
LONGEST = 3600.0
LEASE = 60.0
"""Seconds that a sender has for one try before another sender may make the next."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One try to tell that a job has ended."""

    job: Job
    url: str
    tries: int
    """With this one."""


class Webhooks:
    """The webhooks of the jobs in a database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._jobs = Jobs(database)
        self._master: bytes | None = None

    def secret(self, owner: str) -> str:
        """What signs this owner's webhooks: always the same, and nobody else's."""
        if self._master is None:
            self._master = self._made().encode()
        derived = hmac.digest(self._master, owner.encode(), hashlib.sha256)
        return "whsec_" + base64.b64encode(derived).decode()

    def _made(self) -> str:
        chosen = select(kept.c.value).where(kept.c.name == "webhooks")
        with self.database.reading() as connection:
            found = connection.execute(chosen).scalar_one_or_none()
        if found is not None:
            return str(found)
        try:
            with self.database.writing() as connection:
                connection.execute(insert(kept).values(name="webhooks", value=secrets.token_hex(32)))
        except IntegrityError:
            pass  # another server was first
        with self.database.reading() as connection:
            return str(connection.execute(chosen).scalar_one())

    def claim(self) -> Delivery | None:
        """The delivery that is due next, for this sender alone; None if nothing is due."""
        while (delivery := self._next()) is not None:
            if delivery.tries <= TRIES:
                return delivery
            self.failed(delivery, f"given up: {TRIES} tries, the last of which a server did not survive")
        return None

    def _next(self) -> Delivery | None:
        now = self.database.now()
        following = (
            select(table.c.job)
            .where(table.c.due <= now)
            .order_by(table.c.due)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        claimed = (
            update(table)
            .where(table.c.job == following.scalar_subquery())
            .values(due=now + LEASE, tries=table.c.tries + 1)
            .returning(table.c.job, table.c.url, table.c.tries)
        )
        with self.database.writing() as connection:
            row = connection.execute(claimed).first()
            if row is None:
                return None
            owner = connection.execute(select(jobs.c.owner).where(jobs.c.id == row.job)).scalar_one()
        job = self._jobs.find(row.job, owner)
        return None if job is None else Delivery(job, row.url, row.tries)

    def delivered(self, delivery: Delivery) -> None:
        """It arrived."""
        self._set(delivery, state="delivered", due=None, error=None)

    def failed(self, delivery: Delivery, reason: str, *, last: bool = False) -> bool:
        """It did not: try again later, unless it was the `last` or there were enough. Whether it is given up."""
        if last or delivery.tries >= TRIES:
            self._set(delivery, state="failed", due=None, error=reason[:500])
            return True
        wait = min(FIRST * 2 ** (delivery.tries - 1), LONGEST)
        self._set(delivery, due=self.database.now() + wait, error=reason[:500])
        return False

    def _set(self, delivery: Delivery, **values: object) -> None:
        # A try that took longer than its lease says nothing about the next one.
        own = table.c.job == delivery.job.id, table.c.tries == delivery.tries
        with self.database.writing() as connection:
            connection.execute(update(table).where(*own).values(values))
