"""Word documents: headings, tables, tracked changes, refusals."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from epitome.documents import read
from epitome.errors import SourceError

EXAMPLES = Path(__file__).parents[3] / "examples"


def saved(folder: Path, document: docx.document.Document) -> Path:
    path = folder / "file.docx"
    document.save(str(path))
    return path


def test_the_judgment_in_docx_is_the_judgment_in_text() -> None:
    document = read(EXAMPLES / "judgment.docx")
    assert document.title == "Meridian Cold Storage v Oakhurst Dairies and Fenwick"
    assert "Issue (b): limitation" in [section.title for section in document.sections]
    assert "Heard | 3 to 6 March 2025" in document.text
    for paragraph in (EXAMPLES / "judgment.txt").read_text(encoding="utf-8").strip().split("\n\n"):
        if paragraph[0].isdigit():
            assert paragraph in document.text
    place = document.origin(document.text.index("11. Recklessness"))
    assert place is not None
    assert place.paragraph


def test_headings_lists_tables_and_merged_cells(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading("Report", 0)
    document.add_heading("Costs", 1)
    document.add_paragraph("steel", style="List Bullet")
    document.add_paragraph("paint", style="List Bullet")
    table = document.add_table(rows=2, cols=2)
    table.cell(0, 0).merge(table.cell(0, 1)).text = "Prices"
    table.cell(1, 0).text, table.cell(1, 1).text = "Deck", "400"
    found = read(saved(tmp_path, document))
    assert found.text == "Report\n\nCosts\n\n- steel\n- paint\n\nPrices\nDeck | 400"
    assert [(section.title, section.level) for section in found.sections] == [("Report", 1), ("Costs", 1)]
    assert found.title == "Report"


def test_tracked_insertions_count_and_deletions_do_not(tmp_path: Path) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("The rent is ")
    for tag, inner in (("del", "<w:delText>400</w:delText>"), ("ins", "<w:t>450</w:t>")):
        paragraph._p.append(
            parse_xml(f"<w:{tag} {nsdecls('w')} w:id='1' w:author='A'><w:r>{inner}</w:r></w:{tag}>")
        )
    paragraph.add_run(" crowns.")
    assert read(saved(tmp_path, document)).text == "The rent is 450 crowns."


def test_text_in_content_controls_is_read(tmp_path: Path) -> None:
    document = docx.Document()
    document.element.body.insert(
        0,
        parse_xml(
            f"<w:sdt {nsdecls('w')}><w:sdtContent><w:p><w:r><w:t>Inside.</w:t></w:r></w:p></w:sdtContent></w:sdt>"
        ),
    )
    assert read(saved(tmp_path, document)).text == "Inside."


def test_an_empty_document_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="has no text"):
        read(saved(tmp_path, docx.Document()))


def test_a_cut_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.docx"
    path.write_bytes((EXAMPLES / "judgment.docx").read_bytes()[:9000])
    with pytest.raises(SourceError, match="is broken"):
        read(path)


def test_entities_and_bombs_are_refused(tmp_path: Path) -> None:
    def packed(xml: bytes) -> Path:
        out = io.BytesIO()
        with (
            zipfile.ZipFile(EXAMPLES / "judgment.docx") as old,
            zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
        ):
            for info in old.infolist():
                new.writestr(info.filename, xml if info.filename == "word/document.xml" else old.read(info))
        (tmp_path / "evil.docx").write_bytes(out.getvalue())
        return tmp_path / "evil.docx"

    for comment in (b"", b"<!--" + b" far down " * 1000 + b"-->"):
        declared = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><x>&a;</x>'
        with pytest.raises(SourceError, match="declares XML entities"):
            read(packed(b'<?xml version="1.0"?>' + comment + declared))
    with pytest.raises(SourceError, match="zip bomb"):
        read(packed(b" " * 30_000_000))
