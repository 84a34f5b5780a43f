"""The store of texts that models wrote: kept over runs, shared by processes, honest about a bad file."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from epitome.errors import StoreError
from epitome.store.generations import Generations


def test_what_was_put_is_there_after_opening_again(tmp_path: Path) -> None:
    with Generations(tmp_path / "deep" / "store.sqlite") as store:
        store.put("a", {"text": "Die Brücke \ud800 ist offen.", "n": 3})
        store.put("a", {"text": "later"})
        store.put("b", {"text": "\ud800 and 桥"})
    with Generations(tmp_path / "deep" / "store.sqlite") as store:
        assert store.get("a") == {"text": "later"}
        assert store.get("b") == {"text": "\ud800 and 桥"}
        assert store.get("c") is None
        assert len(store) == 2


def test_without_a_path_nothing_is_left_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Generations(None) as store:
        store.put("a", {"text": "kept"})
        assert store.get("a") == {"text": "kept"}
    assert list(tmp_path.iterdir()) == []


def test_two_processes_write_into_one_file(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    script = (
        "import sys; from pathlib import Path; from epitome.store.generations import Generations\n"
        "with Generations(Path(sys.argv[1])) as store:\n"
        "    for at in range(100): store.put(f'{sys.argv[2]}{at}', {'text': 'x' * 1000})\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", script, path, name]) for name in ("a", "b")]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0]
    with Generations(path) as store:
        assert len(store) == 200


def test_what_was_written_before_a_kill_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    script = (
        "import os, sys; from pathlib import Path; from epitome.store.generations import Generations\n"
        "store = Generations(Path(sys.argv[1])); store.put('a', {'text': 'kept'}); os.kill(os.getpid(), 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", script, path], check=False).returncode == -9
    with Generations(path) as store:
        assert store.get("a") == {"text": "kept"}


def test_a_file_that_is_no_store_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("These are my notes, not a database. " * 40)
    with pytest.raises(StoreError, match=r"notes\.txt: file is not a database"):
        Generations(path)
    assert path.read_text().startswith("These are my notes")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="file"):
        Generations(tmp_path / "file" / "store.sqlite")


def test_a_locked_file_is_waited_for_and_then_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "store.sqlite"
    Generations(path).close()
    monkeypatch.setattr("epitome.store.generations.BUSY", 0.1)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with Generations(path) as store, pytest.raises(StoreError, match="locked"):
        store.put("a", {})
    holder.close()
