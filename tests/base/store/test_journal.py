"""What is finished stays finished, whatever happens to the process or the disk."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epitome.errors import StoreError
from epitome.store.journal import Journal, replacing


@contextmanager
def disk_of(size: int) -> Iterator[None]:
    """No file may grow beyond `size` bytes: to a writer the same as a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)


def test_what_was_added_is_there_after_reopening(tmp_path: Path) -> None:
    path = tmp_path / "work.progress"
    journal = Journal(path, "job")
    journal.add("a", {"summary": "Ein Wort, 一个词."})
    journal.add("b", {"summary": "two"})
    journal.close()
    again = Journal(path, "job")
    assert ("a" in again, "c" in again, len(again)) == (True, False, 2)
    assert again["a"]["summary"] == "Ein Wort, 一个词."
    again.add("c", {"summary": "three"})
    assert [again[key]["summary"] for key in "cba"] == ["three", "two", "Ein Wort, 一个词."]
    again.remove()
    assert not path.exists()


def test_another_job_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "work.progress"
    first = Journal(path, "job")
    first.add("a", {"summary": "one"})
    first.close()
    with Journal(path, "another") as other:
        assert len(other) == 0
    with Journal(path, "job") as again:
        assert len(again) == 0


@pytest.mark.parametrize("torn", [b'{"key": "c", "summ', b"\0" * 40, b"[1]\n", b"7\n", b"\xff\xfe\n"])
def test_what_a_kill_tore_is_dropped_and_the_next_record_is_whole(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "work.progress"
    journal = Journal(path, "job")
    journal.add("a", {"summary": "one"})
    journal.close()
    with path.open("ab") as file:
        file.write(torn)
    again = Journal(path, "job")
    assert len(again) == 1
    again.add("b", {"summary": "two"})
    again.close()
    assert [json.loads(line).get("summary") for line in path.read_bytes().splitlines()] == [
        None,
        "one",
        "two",
    ]


@pytest.mark.parametrize("content", [b"", b"[1]\n", b"notes of mine\n", b"\xff\n", b'{"key": "a"}\n'])
def test_a_file_that_is_no_journal_of_this_job_holds_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "work.progress"
    path.write_bytes(content)
    with Journal(path, "job") as journal:
        assert len(journal) == 0


@given(st.dictionaries(st.text(), st.text(), max_size=6), st.integers(0, 400))
def test_however_it_is_cut_off_the_whole_records_before_are_kept(
    tmp_path_factory: pytest.TempPathFactory, records: dict[str, str], cut: int
) -> None:
    path = tmp_path_factory.mktemp("cut") / "work.progress"
    journal = Journal(path, "job")
    ends = [path.stat().st_size]
    for key, text in records.items():
        journal.add(key, {"summary": text})
        ends.append(path.stat().st_size)
    journal.close()
    with path.open("r+b") as file:
        file.truncate(min(cut, ends[-1]))
    whole = sum(end <= cut for end in ends[1:]) if cut >= ends[0] else 0
    again = Journal(path, "job")
    kept = list(records.items())[:whole]
    assert len(again) == whole
    assert all(again[key]["summary"] == text for key, text in kept)
    again.close()


WRITER = """
import sys
from pathlib import Path
from epitome.store.journal import Journal
journal = Journal(Path(sys.argv[1]), "job")
for number in range(10**9):
    journal.add(str(number), {"summary": "x" * 5000})
    print(number, flush=True)
"""


def test_kill_9_loses_at_most_the_record_in_flight(tmp_path: Path) -> None:
    path = tmp_path / "work.progress"
    with subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= 60:
                process.send_signal(signal.SIGKILL)
                break
        said = [int(line) for line in process.stdout if line.endswith("\n")]
        last = said[-1] if said else 60
    with Journal(path, "job") as journal:
        assert last + 1 <= len(journal) <= last + 2
        assert all(journal[str(number)]["summary"] == "x" * 5000 for number in range(len(journal)))


def test_a_full_disk_is_a_store_error_and_loses_nothing_written_before(tmp_path: Path) -> None:
    path = tmp_path / "work.progress"
    journal = Journal(path, "job")
    journal.add("a", {"summary": "one"})
    with disk_of(path.stat().st_size + 100):
        with pytest.raises(StoreError, match=r"work\.progress: cannot be written .*free some space"):
            journal.add("b", {"summary": "x" * 5000})
        assert "b" not in journal
        assert journal["a"]["summary"] == "one"
        journal.add("c", {"summary": "short enough"})
        journal.close()
    with Journal(path, "job") as again:
        assert [key in again for key in "abc"] == [True, False, True]


def test_a_disk_that_is_full_from_the_start(tmp_path: Path) -> None:
    with disk_of(3), pytest.raises(StoreError):
        Journal(tmp_path / "work.progress", "job")


def test_a_folder_that_is_not_there_is_a_store_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No such file"):
        Journal(tmp_path / "nowhere" / "work.progress", "job")


def test_a_replaced_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_text("before")
    with pytest.raises(UnicodeEncodeError), replacing(path) as file:
        file.writelines(["half", "\ud800"])
    assert path.read_text() == "before"
    with disk_of(2000), pytest.raises(StoreError, match=r"out\.txt"), replacing(path) as file:
        file.write("x" * 100_000)
    assert path.read_text() == "before"
    with replacing(path) as file:
        file.write("after\n")
        assert path.read_text() == "before"
    assert path.read_text() == "after\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_replaced_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text("before")
    link = tmp_path / "link.txt"
    link.symlink_to("real.txt")
    with replacing(link) as file:
        file.write("after")
    assert link.is_symlink()
    assert (tmp_path / "real.txt").read_text() == "after"


def test_what_is_no_file_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with replacing(pipe) as file:
        file.write("through the pipe")
    assert os.read(reader, 100) == b"through the pipe"
    os.close(reader)
    assert pipe.is_fifo()


@pytest.mark.parametrize("name", ["folder", "nowhere/out.txt", "file/out.txt", "n" * 300])
def test_where_nothing_can_be_written_is_a_store_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(StoreError), replacing(tmp_path / name) as file:
        file.write("never")
