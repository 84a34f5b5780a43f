"""PDF: the text as its author wrote it, not as the printer laid it out."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from epitome.documents import read
from epitome.errors import SourceError

EXAMPLES = Path(__file__).parents[3] / "examples"
PROSE = (
    "The harbour master kept a list of every boat that came in. She wrote the name, the hour and the cargo, and "
    "when the list was full she began a new one. Nobody ever asked for it. When the insurance company finally did, "
    "she handed over forty-one notebooks and asked for a receipt. "
)


def pdf(folder: Path, pages: list[list[tuple[float, float, str, float, str]]], **options: object) -> Path:
    """A PDF of placed lines: x, y from the top, font, size, text."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, **options)
    for page in pages:
        for x, y, font, size, text in page:
            canvas.setFont(font, size)
            canvas.drawString(x, A4[1] - y, text)
        canvas.showPage()
    canvas.save()
    path = folder / "file.pdf"
    path.write_bytes(out.getvalue())
    return path


def lines(
    text: str, width: int, x: float = 70, y: float = 100, size: float = 11
) -> list[tuple[float, float, str, float, str]]:
    """`text` wrapped at `width` characters, a line every 1.2 sizes."""
    rows: list[str] = [""]
    for word in text.split():
        if len(rows[-1]) + len(word) >= width:
            rows.append("")
        rows[-1] = f"{rows[-1]} {word}".strip()
    return [(x, y + at * 1.2 * size, "Times-Roman", size, row) for at, row in enumerate(rows)]


def test_two_columns_hyphens_heads_and_numbers_come_out_as_the_manuscript() -> None:
    printed, written = read(EXAMPLES / "paper.pdf"), read(EXAMPLES / "paper.md")
    assert printed.title == written.title
    assert [(part.title, part.level) for part in printed.sections] == [
        (part.title, part.level) for part in written.sections
    ]
    # Tables are set with other separators; all else is the same to the letter.
    for paragraph in written.text.split("\n\n"):
        if " | " not in paragraph:
            assert paragraph in printed.text
    assert "Rautio, Okafor and Solheim: Listening" not in printed.text
    assert "Proceedings of the 3rd Workshop" not in printed.text


def test_every_sentence_knows_its_page() -> None:
    document = read(EXAMPLES / "paper.pdf")
    pages = [
        document.origin(document.text.index(text))
        for text in ("## Abstract"[3:], "6 Failures", "8 Conclusion")
    ]
    assert [place.page for place in pages if place] == [1, 3, 4]
    continued = next(place for place in document.origins if place.page == 2)
    assert (
        document.text[continued.start - 2 : continued.start] != "\n\n"
    )  # a paragraph runs over the page break


def test_paragraphs_by_indent_and_by_gap(tmp_path: Path) -> None:
    first = lines(PROSE, 80)
    bottom = first[-1][1]
    second = lines("It was raining. " + PROSE, 80, y=bottom + 30)
    third = lines("Later she wrote a book. " + PROSE, 80, y=second[-1][1] + 13.2)
    third[0] = (90, *third[0][1:])
    document = read(pdf(tmp_path, [first + second + third]))
    assert [part.split(". ")[0] for part in document.text.split("\n\n")] == [
        "The harbour master kept a list of every boat that came in",
        "It was raining",
        "Later she wrote a book",
    ]


def test_running_heads_and_page_numbers_go_even_when_they_vary(tmp_path: Path) -> None:
    pages = []
    for number in range(1, 7):
        head = "The Harbour Book" if number % 2 else "Chapter One"
        numbers = (290.0, 810.0, "Times-Roman", 9.0, f"- {number} -")
        pages.append([(70.0, 40.0, "Times-Roman", 9.0, f"{head}   {number}"), *lines(PROSE * 4, 80), numbers])
    document = read(pdf(tmp_path, pages))
    assert "Chapter One" not in document.text
    assert "The Harbour Book" not in document.text
    assert "- 3 -" not in document.text
    assert document.text.count("forty-one notebooks") == 24


def test_words_broken_at_line_ends_are_whole_and_compounds_keep_their_hyphen(tmp_path: Path) -> None:
    rows = [
        "The insurance company asked for the forty-one notebooks, and the insur-",
        "ance of the boats was paid. A well-known captain, as well-",
        "known as the harbour itself, came to Baden-",
        "Baden to say so. This line says nothing at all but fills the column.",
    ]
    text = read(
        pdf(tmp_path, [[(70, 100 + 13 * at, "Times-Roman", 11, row) for at, row in enumerate(rows)]])
    ).text
    assert "the insurance of the boats" in text
    assert "as well-known as" in text
    assert "Baden-Baden" in text


def test_a_sideways_stamp_is_left_out(tmp_path: Path) -> None:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4)
    canvas.saveState()
    canvas.rotate(90)
    canvas.drawString(200, -20, "preprint:2401.00001 [cs.CL] 3 Jan 2024")
    canvas.restoreState()
    for x, y, font, size, text in lines(PROSE * 3, 80):
        canvas.setFont(font, size)
        canvas.drawString(x, A4[1] - y, text)
    canvas.save()
    (tmp_path / "stamp.pdf").write_bytes(out.getvalue())
    document = read(tmp_path / "stamp.pdf")
    assert "preprint" not in document.text
    assert document.text == (PROSE * 3).strip()


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_turned_pages_are_read_upright(tmp_path: Path, angle: int) -> None:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(600, 600))
    canvas.translate(300, 300)
    canvas.rotate(angle)
    canvas.translate(-300, -300)
    for x, y, font, size, text in [*lines(PROSE * 3, 80), (290.0, 585.0, "Times-Roman", 9.0, "- 7 -")]:
        canvas.setFont(font, size)
        canvas.drawString(x, 600 - y, text)
    canvas.save()
    (tmp_path / "turned.pdf").write_bytes(out.getvalue())
    assert read(tmp_path / "turned.pdf").text == (PROSE * 3).strip()


def test_text_far_off_the_page_is_left_out_at_once(tmp_path: Path) -> None:
    away = (9e8, 100.0, "Times-Roman", 11.0, "Nobody sees this.")
    assert read(pdf(tmp_path, [[*lines(PROSE * 3, 80), away]])).text == (PROSE * 3).strip()


def test_an_encrypted_pdf_is_refused(tmp_path: Path) -> None:
    path = pdf(tmp_path, [lines(PROSE, 80)], encrypt=StandardEncryption("secret"))
    with pytest.raises(SourceError, match="the PDF is encrypted"):
        read(path)


@pytest.mark.parametrize(
    "data", [b"%PDF-1.7\nnothing else", b"%PDF-1.4\n" + random.Random(1).randbytes(3000)]
)
def test_a_broken_pdf_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "broken.pdf").write_bytes(data)
    with pytest.raises(SourceError, match=r"broken\.pdf: the PDF is broken"):
        read(tmp_path / "broken.pdf")


def test_binary_data_under_the_name_of_a_pdf(tmp_path: Path) -> None:
    (tmp_path / "fake.pdf").write_bytes(bytes(range(256)) * 8)
    with pytest.raises(SourceError, match="the PDF file is broken"):
        read(tmp_path / "fake.pdf")


def test_a_scanned_pdf_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no text, only pictures") as error:
        read(pdf(tmp_path, [[], []]))
    assert "OCR" in (error.value.hint or "")


def test_some_scanned_pages_are_a_warning(tmp_path: Path) -> None:
    document = read(pdf(tmp_path, [lines(PROSE, 80), [], lines(PROSE, 80)]))
    assert document.warnings == [f"{tmp_path / 'file.pdf'}: no text on page 2 (scanned?)"]


def test_fonts_that_hide_their_letters_are_refused(tmp_path: Path) -> None:
    soup = "¿®¯ °²±³ µ¶·¸ ¡¢£ §¨© ×÷¿ ®¯°±² ³´µ ¶·¸¹"
    with pytest.raises(SourceError, match="do not say which letters"):
        read(pdf(tmp_path, [[(70, 100 + 13 * at, "Times-Roman", 11, soup) for at in range(20)]]))
