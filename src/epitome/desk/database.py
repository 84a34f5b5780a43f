"""The service's database: a SQLite file, or PostgreSQL by URL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep, time
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    Engine,
    create_engine,
    event,
    extract,
    func,
    literal,
    text,
)
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from epitome.errors import StoreError

PATIENCE = 10
"""Seconds to wait for a free connection, for another writer, or for a server that does not answer."""
_MIGRATING = 0x6570697  # any number that nobody else locks


class Database:
    """Transactions, each whole or not at all. Errors of the driver become `StoreError`."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine = engine
        self.name = name
        """Where it lies, without a password."""

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads. Raises `StoreError` if the database does not answer."""
        with self._told(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is kept at the end of the block. Raises `StoreError` if it cannot be.

        SQLite has one writer at a time: it is waited for here, as one who has read already could not wait any more.
        """
        with self._told(), self.engine.connect() as connection:
            connection = connection.execution_options(writes=True)
            with connection.begin():
                yield connection

    def now(self) -> ColumnElement[float]:
        """Seconds since 1970 by the database's clock: those of several machines differ."""
        if self.engine.dialect.name == "postgresql":
            return extract("epoch", func.clock_timestamp()).cast(Double)
        return literal(time())

    def answers(self) -> bool:
        """Whether it can be reached."""
        try:
            with self.reading() as connection:
                connection.execute(text("SELECT 1"))
        except StoreError:
            return False
        return True

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (DataError, IntegrityError, ProgrammingError):
            raise  # what was written is wrong, not where
        except (DBAPIError, PoolTimeoutError) as error:
            reason = _reason(error)
            raise StoreError(_said(reason), hint=reason) from error


def connect(place: str | Path) -> Database:
    """A connection pool to a file or a URL (`sqlite:///…`, `postgresql://…`), its tables as this version needs them.

    Raises `StoreError` if it cannot be opened, or was made by a later version.
    """
    url = str(place) if "://" in str(place) else f"sqlite:///{place}"
    scheme, _, rest = url.partition("://")
    if scheme in ("postgresql", "postgres"):
        url = f"postgresql+psycopg://{rest}"
    named = f"{scheme}://{rest.rpartition('@')[2]}" if "://" in str(place) else str(place)
    try:
        return _current(Database(_engine(url), named.partition("?")[0]))
    except ImportError as error:
        raise StoreError(
            f"{named}: this needs {error.name}, which is not installed",
            hint="pip install 'epitome[postgres]'",
        ) from error
    except CommandError as error:
        raise StoreError(f"{named} was made by a later version of Epitome", hint="upgrade Epitome") from error
    except (StoreError, SQLAlchemyError) as error:
        reason = error.hint if isinstance(error, StoreError) else _reason(error)
        raise StoreError(f"{named}: cannot be opened ({reason})", hint="name a file or a URL") from error


def _current(database: Database) -> Database:
    """The same, its tables brought up to date; closed where that fails."""
    try:
        with database.writing() as connection:
            _upgrade(connection)
    except BaseException:
        database.close()
        raise
    return database


def _engine(url: str) -> Engine:
    options: dict[str, Any] = {"pool_pre_ping": True}
    if url.startswith("postgresql"):
        # Without these, a machine that went away is noticed after minutes.
        options["connect_args"] = {"connect_timeout": PATIENCE, "tcp_user_timeout": PATIENCE * 1000}
    engine = create_engine(url, **options)
    if engine.dialect.name == "sqlite":
        _private(engine.url.database)
        event.listen(engine, "connect", _lasting)
        event.listen(engine, "begin", _begun)
    return engine


def _private(file: str | None) -> None:
    """Made with rights for its owner alone, as an archive has people's texts; SQLite's files beside it get the same."""
    if file and not file.startswith((":", "file:")):
        with suppress(OSError):  # SQLite will say what is wrong with it
            Path(file).touch(0o600)


def _lasting(connection: Any, _: object) -> None:
    """Readers and a writer at once; what is committed survives a crash; we begin transactions, not the driver."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={PATIENCE * 1000}")
    cursor.execute("PRAGMA foreign_keys=ON")
    deadline = monotonic() + PATIENCE
    while True:  # several that open a new file at once are not made to wait for each other by SQLite
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            break
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or monotonic() > deadline:
                raise
            sleep(0.05)
    cursor.close()


def _begun(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _upgrade(connection: Connection) -> None:
    """Run the migrations that it has not seen; of several servers that start at once, one does."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _MIGRATING})
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, "head")


def _reason(error: SQLAlchemyError) -> str:
    """The first line of what the driver said."""
    return str(getattr(error, "orig", None) or error).strip().partition("\n")[0]


def _said(reason: str) -> str:
    """The same for whoever asks over HTTP: no address, no SQL."""
    lowered = reason.lower()
    if any(word in lowered for word in ("full", "no space", "disk i/o")):
        return "the database cannot be written: its disk is full or failing"
    if any(word in lowered for word in ("readonly", "read-only")):
        return "the database cannot be written: it is read-only"
    if "locked" in lowered or "deadlock" in lowered:
        return "the database is busy"
    return "the database does not answer"
