"""EPUB: chapters in the spine's order; locked, broken and hostile books refused."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from epitome.documents import read
from epitome.errors import SourceError

EXAMPLES = Path(__file__).parents[3] / "examples"


def changed(folder: Path, changes: dict[str, str | None]) -> Path:
    """The example book with members replaced, added, or (None) left out."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(EXAMPLES / "chapter.epub") as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        names = list(dict.fromkeys([*old.namelist(), *changes]))
        for name in names:
            text = changes[name] if name in changes else old.read(name)
            if text is not None:
                new.writestr(name, text)
    path = folder / "book.epub"
    path.write_bytes(out.getvalue())
    return path


def test_chapters_come_in_order_with_title_and_sections() -> None:
    document = read(EXAMPLES / "chapter.epub")
    assert document.title == "The Grey Box"
    assert [section.title for section in document.sections] == ["The Weather Keeper", "The Storm"]
    assert document.text.endswith("There is not one missing.")
    assert "Contents" not in document.text


def test_the_spine_decides_not_the_names(tmp_path: Path) -> None:
    with zipfile.ZipFile(EXAMPLES / "chapter.epub") as book:
        package = book.read("book/book.opf").decode()
    first, second = '<itemref idref="chapter1"/>', '<itemref idref="chapter2"/>'
    document = read(changed(tmp_path, {"book/book.opf": package.replace(first + second, second + first)}))
    assert [section.title for section in document.sections] == ["The Storm", "The Weather Keeper"]
    document = read(
        changed(tmp_path, {"book/book.opf": package.replace(second, second[:-2] + ' linear="no"/>')})
    )
    assert [section.title for section in document.sections] == ["The Weather Keeper"]


def test_a_missing_chapter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="the EPUB file is broken"):
        read(changed(tmp_path, {"book/chapter2.xhtml": None}))


def test_a_package_that_is_no_xml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"the EPUB file is broken|has no text"):
        read(changed(tmp_path, {"book/book.opf": "not XML at all"}))


def test_a_locked_book_is_refused_and_hidden_fonts_do_not_lock(tmp_path: Path) -> None:
    def encryption(path: str) -> str:
        return f'<encryption xmlns:e="urn:e"><e:CipherReference URI="{path}"/></encryption>'

    with pytest.raises(SourceError, match="protected"):
        read(changed(tmp_path, {"META-INF/encryption.xml": encryption("book/chapter1.xhtml")}))
    assert read(changed(tmp_path, {"META-INF/encryption.xml": encryption("book/font.otf")})).sections


def test_entities_are_refused(tmp_path: Path) -> None:
    laughs = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><html><body>&b;</body></html>'
    with pytest.raises(SourceError, match="declares XML entities"):
        read(changed(tmp_path, {"book/chapter1.xhtml": laughs}))


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="zip bomb"):
        read(changed(tmp_path, {"book/chapter1.xhtml": "<p>" + "a" * 30_000_000}))


def test_another_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "things.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("note.txt", "Hello.")
    with pytest.raises(SourceError, match="neither DOCX nor EPUB"):
        read(path)
