"""The database: what earlier versions made is brought up to date, and what goes wrong is told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, event, insert, inspect, text
from sqlalchemy.exc import IntegrityError

from epitome.desk import tables
from epitome.desk.database import Database, connect
from epitome.desk.keys import Keys
from epitome.errors import StoreError


def test_migrations_make_the_tables_as_they_are_described(database: Database) -> None:
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []


def test_a_file_is_its_owners_alone(tmp_path: Path) -> None:
    opened = connect(tmp_path / "desk.sqlite")
    Keys(opened).make("first")
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}
    opened.close()


def test_a_database_of_the_first_release_keeps_its_keys(place: str) -> None:
    engine = create_engine(place.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(
            text(
                "CREATE TABLE keys (id VARCHAR(16) NOT NULL PRIMARY KEY, name VARCHAR(200) NOT NULL, "
                "hash VARCHAR(64) NOT NULL, created FLOAT NOT NULL, expires FLOAT, revoked FLOAT, per_minute INTEGER)"
            )
        )
        connection.execute(
            text("INSERT INTO keys (id, name, hash, created) VALUES ('0123abcd', 'newsroom', 'f', 1.0)")
        )
    engine.dispose()
    for _ in range(2):  # the second time there is nothing to do
        database = connect(place)
        assert [(key.name, key.reviewer) for key in Keys(database).all()] == [("newsroom", False)]
        assert {"jobs", "archive"} <= set(inspect(database.engine).get_table_names())
        database.close()


def test_servers_that_start_at_once_do_not_meet(place: str) -> None:
    with ThreadPoolExecutor(4) as threads:
        for database in threads.map(connect, [place] * 4):
            assert database.answers()
            database.close()


def test_what_a_later_version_made_is_left_alone(place: str) -> None:
    database = connect(place)
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    with pytest.raises(StoreError, match=r"was made by a later version of Epitome \(upgrade Epitome\)"):
        connect(place)


def test_nothing_is_kept_of_a_transaction_that_fails(database: Database) -> None:
    def twice() -> None:
        with database.writing() as connection:
            for _ in range(2):
                connection.execute(insert(tables.secrets).values(name="half", value="x"))

    with pytest.raises(IntegrityError):
        twice()
    with database.reading() as connection:
        assert connection.execute(tables.secrets.select()).all() == []


def test_a_server_that_is_not_there_is_told_without_the_password() -> None:
    with pytest.raises(StoreError, match=r"postgresql://127\.0\.0\.1:1/x: cannot be opened") as told:
        connect("postgresql://epitome:hush@127.0.0.1:1/x")
    assert "hush" not in str(told.value)


def test_a_full_disk_is_told_and_what_was_there_stays(tmp_path: Path) -> None:
    database = connect(tmp_path / "d.sqlite")
    Keys(database).make("before")
    with database.reading() as connection:  # SQLite's own full disk
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
        connection.execute(text(f"PRAGMA max_page_count={pages}"))
    with pytest.raises(StoreError, match="its disk is full"), database.writing() as connection:
        connection.execute(insert(tables.secrets).values(name="big", value="x" * 100_000))
    assert [key.name for key in Keys(database).all()] == ["before"]
    database.close()


def test_a_database_that_may_only_be_read_is_told(database: Database) -> None:
    postgres = database.engine.dialect.name == "postgresql"

    @event.listens_for(database.engine, "begin")
    def only(connection: Connection) -> None:
        connection.exec_driver_sql("SET TRANSACTION READ ONLY" if postgres else "PRAGMA query_only=ON")

    with pytest.raises(StoreError, match="it is read-only"):
        Keys(database).make("after")
    assert Keys(database).all() == []
