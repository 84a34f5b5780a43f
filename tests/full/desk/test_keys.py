from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from epitome.desk.database import Database, connect
from epitome.desk.keys import Keys
from epitome.errors import StoreError, UsageError


def test_a_key_is_found_by_its_secret_alone(tmp_path: Path) -> None:
    keys = Keys(connect(tmp_path / "d.sqlite"))
    key, secret = keys.make("newsroom", per_minute=5)
    found = keys.find(secret)
    assert found == key
    assert secret.partition("_")[2].partition("_")[2] not in (tmp_path / "d.sqlite").read_bytes().decode(
        "latin-1"
    )
    for wrong in (
        "",
        "ep",
        "ep_x_y",
        secret[:-1],
        secret + "a",
        secret.replace(key.id, "00000000"),
        "EP" + secret[2:],
    ):
        assert keys.find(wrong) is None


def test_revoked_and_past_keys_open_nothing(tmp_path: Path) -> None:
    keys = Keys(connect(tmp_path / "d.sqlite"))
    key, secret = keys.make("one")
    keys.revoke(key.id)
    assert keys.find(secret) is None
    with pytest.raises(UsageError, match="no such key"):
        keys.revoke(key.id)
    _, past = keys.make("past", days=-1)
    assert keys.find(past) is None
    assert [one.valid for one in keys.all()] == [False, False]


def test_keys_last(tmp_path: Path) -> None:
    _, secret = Keys(connect(tmp_path / "d.sqlite")).make("one")
    assert Keys(connect(tmp_path / "d.sqlite")).find(secret) is not None


def test_what_makes_no_sense_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a name"):
        Keys(connect(tmp_path / "d.sqlite")).make("  ")
    with pytest.raises(StoreError, match="cannot be opened"):
        connect(tmp_path / "no" / "folder" / "d.sqlite")
    (tmp_path / "other").write_text(
        "This is no database, only a text that is long enough to be taken for one." * 9
    )
    with pytest.raises(StoreError, match="cannot be opened"):
        connect(tmp_path / "other")


def test_what_a_key_is_for_is_kept(database: Database) -> None:
    keys = Keys(database)
    _, secret = keys.make("one", scopes=["jobs", "checks"])
    found = keys.find(secret)
    assert found is not None
    assert found.scopes == {"jobs", "checks"}
    for wrong in (["jobs", "everything"], []):
        with pytest.raises(UsageError, match="no key is for"):
            keys.make("two", scopes=wrong)


def test_a_day_has_so_many_documents_over_all_servers(database: Database) -> None:
    keys = Keys(database)
    key, _ = keys.make("one", per_day=50)
    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(lambda many: keys.spend(key, many), [3] * 20))
    assert taken.count(True) == 16
    assert keys.spend(key, 2)
    assert not keys.spend(key, 1)
    with database.writing() as connection:
        connection.execute(text("UPDATE keys SET day = '2020-01-01'"))
    assert not keys.spend(key, 51)
    assert keys.spend(key, 50)  # it is another day
