"""The audit trail, on both databases: only added to, and whoever gets round that is found."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from epitome.desk.audit import BEGINNING, Fault, Head, Trail, Who, canonical
from epitome.desk.database import Database
from epitome.desk.keys import Keys
from epitome.desk.tables import trail as trail_table
from epitome.desk.tables import trail_head
from epitome.desk.verify import verify
from epitome.errors import StoreError

ANN = Who("ann", "0a1b2c3d")


@pytest.fixture
def trail(database: Database) -> Trail:
    """With six entries."""
    opened = Trail(database)
    for number in range(1, 7):
        with opened.adding() as connection:
            opened.add(connection, "exported", ANN, review="r" * 32, pairs=number, place="über \0 '\ud800")
    return opened


def tampered(database: Database, *statements: str, **values: Any) -> Fault | None:
    """What is found after somebody who owns the database has had their way with it; then all is as it was."""
    with database.writing() as connection:
        kept = [dict(one) for one in connection.execute(trail_table.select()).mappings()]
        head = dict(connection.execute(trail_head.select()).mappings().one())
        if connection.dialect.name == "postgresql":
            connection.execute(text("ALTER TABLE trail DISABLE TRIGGER USER"))
        else:
            for name in ("update", "delete", "replace"):
                connection.execute(text(f"DROP TRIGGER IF EXISTS trail_refuses_{name}"))
        for statement in statements:
            used = {name: value for name, value in values.items() if f":{name}" in statement}
            connection.execute(text(statement), used)
    fault = verify(database).fault
    with database.writing() as connection:
        for table, rows in ((trail_table, kept), (trail_head, [head])):
            connection.execute(table.delete())
            connection.execute(table.insert(), rows)
    return fault


def row(database: Database, number: int) -> Any:
    with database.reading() as connection:
        return connection.execute(
            text("SELECT * FROM trail WHERE number = :number"), {"number": number}
        ).one()


def resealed(database: Database, number: int, **changes: Any) -> dict[str, str]:
    """An entry written anew, with a hash that fits it."""
    old = row(database, number)
    entry = canonical(json.loads(old.entry) | changes)
    return {"entry": entry, "hash": hashlib.sha256((old.previous + entry).encode()).hexdigest()}


def test_entries_are_kept_in_order_with_what_was_said(trail: Trail, database: Database) -> None:
    entries = trail.of("r" * 32)
    assert [entry.number for entry in entries] == [1, 2, 3, 4, 5, 6]
    assert entries[2].details == {"pairs": 3, "place": "über \0 '\ud800"}
    assert (entries[2].who, entries[2].action) == (ANN, "exported")
    assert entries[0].at <= entries[5].at
    verdict = verify(database)
    assert verdict.whole
    assert verdict.head == Head(6, entries[5].hash)


def test_the_seal_is_what_the_docs_say(trail: Trail, database: Database) -> None:
    previous = BEGINNING
    for number in range(1, 7):
        found = row(database, number)
        assert found.previous == previous
        plain = json.dumps(json.loads(found.entry), sort_keys=True, separators=(",", ":"))
        previous = hashlib.sha256((previous + plain).encode()).hexdigest()
        assert found.hash == previous


REFUSED = (
    "UPDATE trail SET entry = 'x' WHERE number = 2",
    "UPDATE trail SET number = 9 WHERE number = 6",
    "DELETE FROM trail WHERE number = 6",
    "DELETE FROM trail",
    "INSERT INTO trail SELECT number, review, 'x', previous, hash FROM trail WHERE number = 2",
    "INSERT OR REPLACE INTO trail SELECT number, review, 'x', previous, hash FROM trail WHERE number = 2",
    "TRUNCATE trail",
)


def test_the_database_refuses_everything_but_to_add(trail: Trail, database: Database) -> None:
    for statement in REFUSED:
        refused = pytest.raises(Exception, match=r"append-only|duplicate key|syntax error")
        with refused, database.writing() as connection:
            connection.execute(text(statement))
    assert verify(database).whole


def test_a_changed_entry_is_found(trail: Trail, database: Database) -> None:
    change = "UPDATE trail SET entry = replace(entry, 'ann', 'bob') WHERE number = :number"
    for number in (1, 3, 6):
        assert tampered(database, change, number=number) == Fault(number, "changed")
    for column in ("review", "previous", "hash"):
        assert tampered(database, f"UPDATE trail SET {column} = 'x' WHERE number = 3") == Fault(3, "changed")


def test_a_changed_entry_with_a_hash_that_fits_is_found(trail: Trail, database: Database) -> None:
    change = "UPDATE trail SET entry = :entry, hash = :hash WHERE number = :number"
    for number in (1, 3, 6):
        values = resealed(database, number, action="rejected")
        assert tampered(database, change, number=number, **values) == Fault(number, "changed")


def test_an_entry_that_is_none_is_found(trail: Trail, database: Database) -> None:
    change = "UPDATE trail SET entry = :entry, hash = :hash WHERE number = 3"
    previous = row(database, 3).previous
    for entry in ("", "{}", "[]", "null", '{"number":3}', "\x01"):
        sealed = hashlib.sha256((previous + entry).encode()).hexdigest()
        assert tampered(database, change, entry=entry, hash=sealed) == Fault(3, "changed")


def test_a_removed_entry_is_found(trail: Trail, database: Database) -> None:
    for number in (1, 3, 6):
        remove = f"DELETE FROM trail WHERE number = {number}"
        assert tampered(database, remove) == Fault(number, "removed")
        # also where those behind it were moved up
        later = [f"UPDATE trail SET number = {at - 1} WHERE number = {at}" for at in range(number + 1, 7)]
        assert tampered(database, remove, *later) == Fault(number, "removed")


def test_an_entry_that_was_put_in_is_found(trail: Trail, database: Database) -> None:
    put = "INSERT INTO trail VALUES (:number, 'r', :entry, :previous, :hash)"
    for number in (1, 3, 6):
        moved = [f"UPDATE trail SET number = {at + 1} WHERE number = {at}" for at in range(6, number - 1, -1)]
        previous = row(database, number).previous
        said = {"number": number, "at": 1.0, "action": "approved", "review": "r", "details": {}}
        entry = canonical(said | {"who": {"name": "x", "key": None}})
        sealed = hashlib.sha256((previous + entry).encode()).hexdigest()
        values = {"number": number, "entry": entry, "previous": previous, "hash": sealed}
        assert tampered(database, *moved, put, **values) == Fault(number, "put in")
    for number in (-1, 0, 7):
        values = {"number": number, "entry": canonical({}), "previous": row(database, 6).hash, "hash": "x"}
        found = tampered(database, put, **values)
        assert found == Fault(number, "put in" if number < 1 else "changed")


def test_a_lost_or_moved_head_is_found(trail: Trail, database: Database) -> None:
    assert tampered(database, "UPDATE trail_head SET hash = 'x'") == Fault(6, "changed")
    assert tampered(database, "UPDATE trail_head SET number = 4") == Fault(5, "put in")
    assert tampered(database, "DELETE FROM trail_head") == Fault(7, "removed")
    with database.writing() as connection:
        connection.execute(trail_head.delete())
    with pytest.raises(StoreError, match="lost its head"):
        Keys(database).make("x")


def test_a_trail_that_was_written_anew_throughout_is_found_by_a_noted_head(database: Database) -> None:
    trail = Trail(database)

    def exported(times: int, who: Who) -> None:
        for _ in range(times):
            with trail.adding() as connection:
                trail.add(connection, "exported", who)

    exported(3, ANN)
    noted = verify(database).head
    exported(1, ANN)
    assert verify(database, noted).whole
    behind = "DELETE FROM trail", "UPDATE trail_head SET number = 0, hash = :hash"
    assert tampered(database, *behind, hash=BEGINNING) is None
    with database.writing() as connection:
        connection.execute(trail_table.delete())
        connection.execute(trail_head.update().values(number=0, hash=BEGINNING))
    assert verify(database, noted).fault == Fault(1, "removed")
    exported(4, Who("mallory"))
    assert verify(database).whole
    assert verify(database, noted).fault == Fault(3, "changed")


def test_who_add_at_once_make_one_chain(database: Database) -> None:
    trail = Trail(database)

    def add(number: int) -> None:
        with trail.adding() as connection:
            trail.add(connection, "exported", ANN, pairs=number)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(add, range(24)))
    verdict = verify(database)
    assert (verdict.whole, verdict.head.number) == (True, 24)


def test_an_entry_lives_and_dies_with_what_it_tells_of(trail: Trail, database: Database) -> None:
    class StumbleError(Exception):
        pass

    with pytest.raises(StumbleError), trail.adding() as connection:  # noqa: PT012
        trail.add(connection, "exported", ANN)
        raise StumbleError
    assert verify(database).head.number == 6


def test_keys_leave_a_trail_without_their_secret(database: Database) -> None:
    keys = Keys(database)
    key, secret = keys.make("newsroom", reviewer=True)
    keys.revoke(key.id)
    with database.reading() as connection:
        made, revoked = connection.execute(text("SELECT entry FROM trail ORDER BY number")).scalars()
    assert json.loads(made)["details"] == {"key": key.id, "name": "newsroom", "reviewer": True}
    assert json.loads(revoked)["action"] == "key revoked"
    assert secret.split("_", 2)[2] not in made + revoked
