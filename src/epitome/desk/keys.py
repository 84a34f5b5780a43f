"""API keys: shown once, kept as a hash, each with a name, an end and a limit of its own."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import case, insert, select, update

from epitome.desk.audit import Trail, Who, local
from epitome.desk.database import Database
from epitome.desk.tables import keys as table
from epitome.errors import UsageError

PREFIX = "ep"
SCOPES = ("summaries", "read", "checks", "chat", "jobs", "archive", "reviews")
"""What a key may be for."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key without its secret."""

    id: str
    name: str
    created: float
    expires: float | None = None
    revoked: float | None = None
    per_minute: int | None = None
    """Requests a minute; None: no limit of its own."""
    reviewer: bool = False
    """Whether it may see and decide on what was summarised with other keys."""
    scopes: frozenset[str] | None = None
    """Those of SCOPES that it is for; None: all of them."""
    per_day: int | None = None
    """Documents a day, by the clock of Greenwich; None: no limit of its own."""

    @property
    def valid(self) -> bool:
        """Neither revoked nor past its end."""
        return self.revoked is None and (self.expires is None or time.time() < self.expires)

    @property
    def who(self) -> Who:
        """Whom the audit trail names."""
        return Who(self.name, self.id)


class Keys:
    """The keys in a database.

    >>> key, secret = keys.make("newsroom", per_minute=60)
    >>> keys.find(secret).name
    'newsroom'
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._trail = Trail(database)

    def make(
        self,
        name: str,
        *,
        days: float | None = None,
        per_minute: int | None = None,
        reviewer: bool = False,
        scopes: Iterable[str] | None = None,
        per_day: int | None = None,
    ) -> tuple[Key, str]:
        """A new key and its secret, which nobody can read again.

        Raises `UsageError` for a name that is empty or cannot be shown in a line, and for scopes that there are not.
        """
        if not name.strip():
            raise UsageError("a key needs a name", hint="that of the team or program that uses it")
        if not name.strip().isprintable():
            raise UsageError(
                "a key's name has a line break or a control character in it", hint="letters and spaces"
            )
        wanted = None if scopes is None else frozenset(scopes)
        if wanted is not None and (unknown := sorted(wanted - set(SCOPES)) or not wanted):
            raise UsageError(f"no key is for {unknown or 'nothing'}", hint=f"some of {', '.join(SCOPES)}")
        now = time.time()
        expires = now + 86400 * days if days else None
        key = Key(
            secrets.token_hex(4), name.strip(), now, expires, None, per_minute, reviewer, wanted, per_day
        )
        token = secrets.token_urlsafe(32)
        row = {
            "id": key.id, "name": key.name, "hash": _hash(token), "created": key.created, "expires": key.expires,
            "per_minute": key.per_minute, "reviewer": key.reviewer, "per_day": key.per_day,
            "scopes": None if wanted is None else " ".join(sorted(wanted)),
        }  # fmt: skip
        with self._trail.adding() as connection:
            connection.execute(insert(table).values(row))
            self._trail.add(connection, "key made", local(), key=key.id, name=key.name, reviewer=reviewer)
        return key, f"{PREFIX}_{key.id}_{token}"

    def find(self, secret: str) -> Key | None:
        """The valid key of this secret; None if there is none."""
        prefix, _, rest = secret.partition("_")
        identity, _, token = rest.partition("_")
        if prefix != PREFIX or not token:
            return None
        with self.database.reading() as connection:
            row = connection.execute(select(table).where(table.c.id == identity)).mappings().first()
        # 256 random bits need no slow hash; the comparison takes the same time wherever they differ.
        if row is None or not hmac.compare_digest(row["hash"], _hash(token)):
            return None
        key = _key(dict(row))
        return key if key.valid else None

    def all(self) -> list[Key]:
        """Every key there was, the oldest first."""
        with self.database.reading() as connection:
            rows = connection.execute(select(table).order_by(table.c.created)).mappings().all()
        return [_key(dict(row)) for row in rows]

    def spend(self, key: Key, documents: int) -> bool:
        """Take documents of what a key has for today; False, and nothing taken, where so many are not left."""
        today = datetime.now(UTC).date().isoformat()
        spent = case((table.c.day == today, table.c.spent), else_=0) + documents
        with self.database.writing() as connection:
            done = connection.execute(
                update(table)
                .where(table.c.id == key.id, spent <= table.c.per_day)
                .values(day=today, spent=spent)
            )
        return bool(done.rowcount)

    def rotate(self, identity: str, *, overlap: float = 86400) -> tuple[Key, str]:
        """A new key in a key's place, with its name, limits and lifetime; the old one ends `overlap` seconds from now.

        Raises `UsageError` if there is no key of that id in use.
        """
        old = next((key for key in self.all() if key.id == identity and key.valid), None)
        if old is None:
            raise _missing(identity)
        days = (old.expires - old.created) / 86400 if old.expires is not None else None
        made = self.make(
            old.name, days=days, per_minute=old.per_minute, reviewer=old.reviewer, scopes=old.scopes,
            per_day=old.per_day,
        )  # fmt: skip
        last = min(time.time() + overlap, old.expires or float("inf"))
        with self._trail.adding() as connection:
            connection.execute(update(table).where(table.c.id == identity).values(expires=last))
            self._trail.add(connection, "key rotated", local(), key=identity, by=made[0].id, ends=last)
        return made

    def revoke(self, identity: str) -> None:
        """End a key now. Raises `UsageError` if there is none of that id."""
        with self._trail.adding() as connection:
            done = connection.execute(
                update(table)
                .where(table.c.id == identity, table.c.revoked.is_(None))
                .values(revoked=time.time())
            )
            if not done.rowcount:
                raise _missing(identity)
            self._trail.add(connection, "key revoked", local(), key=identity)


def _missing(identity: str) -> UsageError:
    return UsageError(f"{identity}: there is no such key in use", hint="epitome keys list")


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _key(row: dict[str, object]) -> Key:
    scopes = None if row["scopes"] is None else frozenset(str(row["scopes"]).split())
    return Key(**{name: row[name] for name in Key.__slots__} | {"scopes": scopes})  # type: ignore[arg-type]
