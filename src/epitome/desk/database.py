"""The service's database: a SQLite file, or PostgreSQL by URL."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Column, Engine, Float, Integer, MetaData, String, Table, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from epitome.errors import StoreError

metadata = MetaData()
keys = Table(
    "keys",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("created", Float, nullable=False),
    Column("expires", Float),
    Column("revoked", Float),
    Column("per_minute", Integer),
)


def connect(place: str | Path) -> Engine:
    """A connection pool to a file or a URL (`sqlite:///…`, `postgresql+psycopg://…`), its tables made where they lack.

    Raises `StoreError` if it cannot be opened.
    """
    url = str(place) if "://" in str(place) else f"sqlite:///{place}"
    try:
        engine = create_engine(url, pool_pre_ping=True)
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _lasting)
        metadata.create_all(engine)
    except (SQLAlchemyError, ImportError) as error:
        reason = str(error.__cause__ or error).partition("\n")[0]
        named = url.rpartition("@")[2]  # without a password
        raise StoreError(f"{named}: cannot be opened ({reason})", hint="name a file or a URL") from error
    return engine


def _lasting(connection: object, _: object) -> None:
    """Readers and a writer at once, and what is committed survives a crash of the process."""
    cursor = connection.cursor()  # type: ignore[attr-defined]
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA busy_timeout=10000")
    cursor.close()
