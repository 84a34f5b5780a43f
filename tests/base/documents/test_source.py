"""Naming a source: what is read, what is refused, and what the refusal says."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from epitome.documents import expand, from_text, read, sentences
from epitome.errors import EpitomeError, SourceError

EXAMPLES = Path(__file__).parents[3] / "examples"


def test_the_format_is_told_by_content_not_by_name(tmp_path: Path) -> None:
    for example, wrong in (
        ("paper.pdf", "a.txt"),
        ("judgment.docx", "b.html"),
        ("news.html", "c.txt"),
        ("talk.srt", "d"),
    ):
        (tmp_path / wrong).write_bytes((EXAMPLES / example).read_bytes())
        assert read(tmp_path / wrong).text == read(EXAMPLES / example).text


def test_every_example_is_read_with_places_and_without_a_warning() -> None:
    names = [Path(name).name for name in expand([str(EXAMPLES)])]
    assert {"news.txt", "paper.md", "judgment.txt", "manual.md", "article-zh.txt"} < set(names)
    assert {"news.html", "paper.pdf", "judgment.docx", "talk.srt", "chapter.epub"} < set(names)
    for name in names:
        document = read(EXAMPLES / name)
        assert document.language == ("zh" if "zh" in name else "en")
        assert document.warnings == []
        assert document.text == from_text(document.text).text
        starts = [origin.start for origin in document.origins]
        assert starts == sorted(set(starts))
        assert starts[0] == 0
        if document.sections:
            assert document.sections[0].start == 0
            assert document.sections[-1].end == len(document.text)


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    class Input:
        buffer = io.BytesIO("Grüße aus dem Tal.".encode())

    monkeypatch.setattr(sys, "stdin", Input)
    assert read("-").text == "Grüße aus dem Tal."
    with pytest.raises(SourceError, match="standard input is empty"):
        read("-")


def test_a_missing_file_suggests_near_names(tmp_path: Path) -> None:
    (tmp_path / "report.txt").write_text("Text.")
    with pytest.raises(SourceError, match="no such file") as error:
        read(tmp_path / "raport.txt")
    assert "report.txt" in (error.value.hint or "")
    with pytest.raises(SourceError) as error:
        read(tmp_path / "report.pdf")
    assert "report.txt" in (error.value.hint or "")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file") as error:
        read(tmp_path / "nowhere" / "a.txt")
    assert "nowhere" in (error.value.hint or "")


def test_a_folder_is_not_a_document(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is a folder"):
        read(tmp_path)


def test_a_file_without_permission(tmp_path: Path) -> None:
    path = tmp_path / "secret.txt"
    path.write_text("Text.")
    path.chmod(0)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        with pytest.raises(SourceError, match="no permission"):
            read(path)
    finally:
        os.seteuid(user)


def test_a_file_over_the_size_limit(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_bytes(b"a" * 2001)
    with pytest.raises(SourceError, match="larger than the limit"):
        read(path, max_bytes=2000)
    assert len(read(path, max_bytes=2001).text) == 2001


def test_a_name_that_no_system_can_open() -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        read("a" * 5000)
    with pytest.raises(SourceError, match="cannot be read"):
        read("a\0b")


@pytest.mark.parametrize("data", [b"{\\rtf1 Hello}", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600])
def test_old_office_files_are_named(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "old.doc"
    path.write_bytes(data)
    with pytest.raises(SourceError, match="old or encrypted Office file"):
        read(path)


def test_folders_become_their_readable_files_sorted(tmp_path: Path) -> None:
    for name in ("b.txt", "a.md", "sub/c.pdf", ".hidden.txt", ".git/d.txt", "picture.png", "data.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    found = expand(["-", "https://example.org/", str(tmp_path), "gone.txt"])
    assert found[:2] == ["-", "https://example.org/"]
    assert [Path(name).name for name in found[2:]] == ["a.md", "b.txt", "c.pdf", "gone.txt"]


def test_a_folder_without_documents_is_refused(tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(b"x")
    with pytest.raises(SourceError, match="no readable file") as error:
        expand([str(tmp_path)])
    assert ".pdf" in (error.value.hint or "")


SUFFIXES = [".txt", ".md", ".html", ".pdf", ".docx", ".epub", ".srt", ".vtt", ""]
HEADS = [
    b"",
    b"%PDF-1.4\n",
    b"PK\x03\x04",
    b"<html>",
    b"WEBVTT\n\n",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"---\ntitle: x\n---\n",
]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(HEADS), st.binary(max_size=600), st.sampled_from(SUFFIXES))
def test_whatever_the_bytes_only_our_own_errors_come_out(head: bytes, data: bytes, suffix: str) -> None:
    reads_or_refuses(head + data, suffix)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["judgment.docx", "chapter.epub", "talk.srt", "news.html", "manual.md"]),
    st.floats(0, 1),
    st.binary(max_size=8),
    st.booleans(),
)
def test_damaged_files_are_read_or_refused(name: str, share: float, patch: bytes, cut: bool) -> None:
    data = (EXAMPLES / name).read_bytes()
    at = int(share * len(data))
    reads_or_refuses(data[:at] + patch + (b"" if cut else data[at + len(patch) :]), Path(name).suffix)


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 1), st.binary(min_size=1, max_size=8), st.booleans())
def test_damaged_pdfs_are_read_or_refused(share: float, patch: bytes, cut: bool) -> None:
    data = (EXAMPLES / "paper.pdf").read_bytes()
    at = int(share * len(data))
    reads_or_refuses(data[:at] + patch + (b"" if cut else data[at + len(patch) :]), ".pdf")


def reads_or_refuses(data: bytes, suffix: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"file{suffix}")
        path.write_bytes(data)
        refused: EpitomeError | None = None
        try:
            document = read(path)
        except EpitomeError as error:
            refused = error
    if refused:
        assert "\n" not in refused.message
        assert refused.hint
    else:
        assert document.text.strip()
        sentences(document.text, document.language)


def test_importing_the_readers_loads_none_of_their_libraries() -> None:
    heavy = [
        "trafilatura",
        "pypdfium2",
        "docx",
        "numpy",
        "httpx",
        "lxml",
        "sentencex",
        "pyarrow",
        "markdown_it",
    ]
    code = f"import sys, epitome.documents, epitome.documents.table; print([n for n in {heavy!r} if n in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
