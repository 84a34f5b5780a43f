"""Corpora of texts: files, folders and tables, a document at a time, some of it held out."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epitome.datasets.texts import BadRow, Corpus, held_out, open_corpus, pieces, survey
from epitome.errors import SourceError, UsageError

ONE = "The ferry to Corvo was cancelled.\nNinety people slept in the school."
TWO = "The baker brought bread."


def texts(corpus: Corpus) -> list[str]:
    found = [text for file in range(len(corpus.files)) for text in corpus.texts(file)]
    assert not any(isinstance(text, BadRow) for text in found)
    return [str(text) for text in found]


def file(path: Path, data: str | bytes) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return str(path)


def test_a_text_file_holds_documents_between_blank_lines(tmp_path: Path) -> None:
    path = file(tmp_path / "a.txt", f"\n{ONE}\n\n  \n{TWO}\n")
    assert texts(open_corpus(path)) == [ONE, TWO]
    assert texts(open_corpus(path, documents="line")) == [*ONE.split("\n"), TWO]
    assert len(texts(open_corpus(path, documents="file"))) == 1


def test_it_may_be_packed_or_in_another_encoding(tmp_path: Path) -> None:
    packed = file(tmp_path / "a.txt.gz", gzip.compress(f"{ONE}\n\n{TWO}".encode()))
    assert texts(open_corpus(packed)) == [ONE, TWO]
    rows = "".join(json.dumps({"text": text}) + "\n" for text in (ONE, TWO))
    assert texts(open_corpus(file(tmp_path / "b.jsonl.gz", gzip.compress(rows.encode())))) == [ONE, TWO]
    assert texts(
        open_corpus(file(tmp_path / "c.txt", "Die Fähre fährt über den Fluß.".encode("latin-1")))
    ) == ["Die Fähre fährt über den Fluß."]


def test_a_folder_holds_one_document_a_file_and_tables(tmp_path: Path) -> None:
    file(tmp_path / "a" / "one.txt", f"{ONE}\n\n{TWO}\n")
    file(tmp_path / "b.csv", f"id,body\n1,{TWO}\n")
    file(tmp_path / "page.html", f"<html><body><article><p>{TWO}</p></article></body></html>")
    file(tmp_path / ".hidden" / "x.txt", "not read")
    file(tmp_path / "image.png", b"\x89PNG")
    found = texts(open_corpus(str(tmp_path)))
    assert found == [
        f"{' '.join(ONE.split())}\n\n{TWO}",
        TWO,
        TWO,
    ]  # as `summarize` reads it: wrapped lines joined


def test_a_table_has_a_text_column(tmp_path: Path) -> None:
    path = file(tmp_path / "a.jsonl", json.dumps({"id": 1, "document": ONE, "note": TWO}))
    assert texts(open_corpus(path)) == [ONE]
    assert texts(open_corpus(path, column="note")) == [TWO]
    with pytest.raises(UsageError, match="has no column 'body'"):
        open_corpus(path, column="body")


def test_what_cannot_be_read_is_passed_over_and_named(tmp_path: Path) -> None:
    file(tmp_path / "a.jsonl", '{"text": "good text"}\n{"text": 3}\nnot json\n{"other": 1}\n')
    file(tmp_path / "b.txt", b"\x00\x01\x02" * 900)
    found = survey(open_corpus(str(tmp_path)), 0.0)
    assert found.documents == 1
    reasons = " ".join(row.reason for row in found.bad)
    for said in ("holds int, not text", "not JSON", "is missing", "this is binary data"):
        assert said in reasons


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.txt", b"", "holds no text to learn from: .*is empty"),
        ("a.txt", b"\x7fELF\x00\x01\x02\x00" * 500, "holds no text .*binary data"),
        ("a.jsonl", b"\n\n", "the table is empty"),
        ("a.jsonl", b'{"words": "x"}\n', "no column has a usual name for texts: words"),
        ("a.txt.gz", b"plain", "the packed file|cannot be read on"),
    ],
)
def test_a_corpus_without_a_text_is_refused(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        survey(open_corpus(file(tmp_path / name, data)), 0.0)


def test_nothing_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file or folder"):
        open_corpus(str(tmp_path / "none"))
    with pytest.raises(SourceError, match="no text in this folder"):
        open_corpus(str(tmp_path))
    path = file(tmp_path / "a.txt", ONE)
    with pytest.raises(SourceError, match="all of its 1 documents are held out"):
        survey(open_corpus(path), 0.999999)


def test_a_share_is_held_out_by_what_the_texts_say(tmp_path: Path) -> None:
    told = [f"Letter number {at} from the island." for at in range(2000)]
    rows = "".join(json.dumps({"text": text}) + "\n" for text in told)
    found = survey(open_corpus(file(tmp_path / "a.jsonl", rows)), 0.1, keep=50)
    assert 150 < found.held_out < 250
    assert found.held_out + found.documents == 2000
    assert {held_out(text, 0.1) for text in found.held} == {True}
    assert {held_out(text, 0.1) for text in found.learnt} == {False}
    assert len(found.held) == len(found.learnt) == 50
    held = next(text for text in told if held_out(text, 0.1))
    assert held_out(held.upper().replace(".", " !"), 0.1)


def test_a_survey_takes_no_more_memory_for_a_larger_corpus(tmp_path: Path) -> None:
    line = json.dumps({"text": "The ferry came back in the evening. " * 20}) + "\n"
    path = file(tmp_path / "large.jsonl", line * 1500)
    tracemalloc.start()
    survey(open_corpus(path), 0.02, keep=5)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < Path(path).stat().st_size / 2


@given(st.text(alphabet="ab .\n。", max_size=300), st.integers(2, 60))
def test_pieces_together_are_the_text(text: str, most: int) -> None:
    found = list(pieces(text, most))
    assert "".join(found) == text
    assert all(len(piece) <= most for piece in found)
