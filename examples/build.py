"""Make the example files that are not plain text: `python examples/build.py` (needs reportlab, python-docx).

The texts stay the source: news.html is built from news.txt, paper.pdf from paper.md, judgment.docx from judgment.txt.
The same texts give the same bytes.
"""

from __future__ import annotations

import html
import io
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from docx import Document
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

HERE = Path(__file__).parent


def paragraphs(name: str) -> list[str]:
    return (HERE / name).read_text(encoding="utf-8").strip().split("\n\n")


# --- news.html: the report inside what surrounds reports ---

PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{title} | The Elspeth Courier</title>
<meta property="og:title" content="{title}"><style>nav li {{ display: inline }}</style>
<script>window.ads = ["Sofas at half price, this week only!"];</script></head>
<body>
<header><a href="/">The Elspeth Courier</a>
<nav><ul><li><a href="/news">News</a></li><li><a href="/sport">Sport</a></li>
<li><a href="/tides">Tide tables</a></li>
<li><a href="/login">Log in</a></li><li><a href="/subscribe">Subscribe for 9 crowns a month</a></li></ul></nav></header>
<div class="cookie-banner" role="dialog"><p>We and our 214 partners use cookies.</p><button>Accept all</button></div>
<div class="ad banner"><p>ADVERTISEMENT: Sofas at half price! Visit our showroom in Quay Street.</p></div>
<main><article>
<h1>{title}</h1>
<p class="byline">By <a href="/staff/m-dahl">Mikkel Dahl</a></p>
{body}
</article>
<aside class="related"><h3>Read more</h3><ul><li><a href="/n/1">Seal found in swimming pool</a></li>
<li><a href="/n/2">Ten places for a picnic</a></li>
<li><a href="/n/3">Council delays skate park again</a></li></ul></aside>
<section class="comments" id="comments"><h3>3 comments</h3><p>seagull77: first!!!</p>
<p>anon: who pays for this</p><p>brita_h: I sold tickets with Ingrid, hello!</p></section></main>
<footer><p>Copyright The Elspeth Courier. All rights reserved. <a href="/privacy">Privacy</a></p>
<p>Sign up for our newsletter and never miss a story.</p></footer>
</body></html>
"""


def news_html() -> bytes:
    title, *body = paragraphs("news.txt")
    marked = "\n".join(f"<p>{html.escape(text, quote=False)}</p>" for text in body)
    return PAGE.format(title=html.escape(title), body=marked).encode()


# --- paper.pdf: two columns, justified, hyphenated, with running heads and page numbers ---

WIDTH, HEIGHT = A4
MARGIN, GUTTER, TOP, BOTTOM = 56.0, 22.0, 74.0, 70.0
COLUMN = (WIDTH - 2 * MARGIN - GUTTER) / 2
SIZE, LEADING = 10.0, 12.0


def breaks(word: str) -> Iterator[tuple[str, str]]:
    """Places where a word may be broken: between two consonants, late ones first."""
    for at in range(len(word) - 3, 2, -1):
        if re.fullmatch(
            r"[aeiou][b-df-hj-np-tv-z]\|[b-df-hj-np-tv-z][aeiou]", f"{word[at - 2 : at]}|{word[at : at + 2]}"
        ):
            yield word[:at] + "-", word[at:]


def set_lines(
    text: str, font: str, size: float, width: float, indent: float = 0.0
) -> Iterator[tuple[str, bool]]:
    """Lines of at most `width` points, and whether each is to be justified."""
    line, room = "", width - indent
    words = text.split()
    while words:
        word = words.pop(0)
        longer = f"{line} {word}".strip()
        if stringWidth(longer, font, size) <= room:
            line = longer
            continue
        for head, tail in breaks(word):
            if stringWidth(f"{line} {head}", font, size) <= room:
                line, word = f"{line} {head}", tail
                break
        yield line, True
        line, room = word, width
    yield line, False


class Press:
    """Sets text into two columns on as many pages as it takes."""

    def __init__(self, title: str, author: str, running: str) -> None:
        self.out = io.BytesIO()
        self.canvas = Canvas(self.out, pagesize=A4, invariant=1)
        self.canvas.setTitle(title)
        self.canvas.setAuthor(author)
        self.running = running
        self.page, self.column, self.top = 1, 0, TOP
        self.y = TOP

    def line(
        self, text: str, font: str, size: float, leading: float, justify: bool, indent: float = 0.0
    ) -> None:
        if self.y + leading > HEIGHT - BOTTOM:
            self.next_column()
        x = MARGIN + self.column * (COLUMN + GUTTER) + indent
        draw = self.canvas.beginText(x, HEIGHT - self.y - size)
        draw.setFont(font, size)
        gaps = text.count(" ")
        if justify and gaps:
            draw.setWordSpace((COLUMN - indent - stringWidth(text, font, size)) / gaps)
        draw.textOut(text)
        self.canvas.drawText(draw)
        self.y += leading

    def next_column(self) -> None:
        self.column += 1
        if self.column == 2:
            self.finish_page()
            self.canvas.showPage()
            self.page, self.column, self.top = self.page + 1, 0, TOP
        self.y = self.top

    def finish_page(self) -> None:
        self.canvas.setFont("Times-Roman", 9)
        self.canvas.drawCentredString(WIDTH / 2, 36, str(self.page))
        if self.page > 1:
            self.canvas.setFont("Times-Italic", 9)
            self.canvas.drawCentredString(WIDTH / 2, HEIGHT - 48, self.running)
        else:
            self.canvas.drawString(
                MARGIN, 50, "Proceedings of the 3rd Workshop on Frugal Sensing, pages 1-4, Vikmo, 2024."
            )

    def paragraph(self, text: str, indent: bool) -> None:
        first = 10.0 if indent else 0.0
        for number, (line, justify) in enumerate(set_lines(text, "Times-Roman", SIZE, COLUMN, first)):
            self.line(line, "Times-Roman", SIZE, LEADING, justify, first if number == 0 else 0.0)

    def heading(self, text: str, size: float) -> None:
        if self.y + 4 * LEADING > HEIGHT - BOTTOM:
            self.next_column()
        self.y += 8 if self.y > self.top else 0
        for line, _ in set_lines(text, "Times-Bold", size, COLUMN):
            self.line(line, "Times-Bold", size, size * 1.2, False)
        self.y += 3

    def masthead(self, title: str, authors: str) -> None:
        self.y = 84.0
        for line, _ in set_lines(title, "Times-Bold", 15, WIDTH - 2 * MARGIN - 60):
            self.canvas.setFont("Times-Bold", 15)
            self.canvas.drawCentredString(WIDTH / 2, HEIGHT - self.y, line)
            self.y += 19
        self.canvas.setFont("Times-Roman", 12)
        self.canvas.drawCentredString(WIDTH / 2, HEIGHT - self.y - 6, authors)
        self.y += 34
        self.top = self.y

    def finish(self) -> bytes:
        self.finish_page()
        self.canvas.save()
        return self.out.getvalue()


def paper_pdf() -> bytes:
    title, authors, *body = paragraphs("paper.md")
    press = Press(title[2:], authors, "Rautio, Okafor and Solheim: Listening at Night")
    press.masthead(title[2:], authors)
    indent = False
    for text in body:
        if text.startswith("#"):
            marks, heading = text.split(" ", 1)
            press.heading(heading, 12 if len(marks) == 2 else 10.5)
            indent = False
        elif text.startswith("|"):
            press.y += 4
            for row in text.split("\n"):
                if not row.startswith("|---"):
                    cells = " / ".join(cell.strip() for cell in row.strip("|").split("|") if cell.strip())
                    press.line(cells, "Times-Roman", 8, 10, False)
            press.y += 4
        else:
            press.paragraph(text.replace("*", ""), indent)
            indent = True
    return press.finish()


# --- judgment.docx ---


def judgment_docx() -> bytes:
    document = Document()
    document.core_properties.title = "Meridian Cold Storage v Oakhurst Dairies and Fenwick"
    document.core_properties.author = "High Court of Arden"
    document.core_properties.created = document.core_properties.modified = datetime(2025, 4, 11, tzinfo=UTC)
    for text in paragraphs("judgment.txt"):
        first = text.split("\n")[0]
        if first.startswith("IN THE HIGH COURT") or first == "JUDGMENT":
            document.add_heading(text.replace("\n", ", "), level=1)
        elif re.match(r"\d+\. ", first):
            document.add_paragraph(text)
        elif first.startswith("Before:"):
            table = document.add_table(rows=0, cols=2)
            for part in re.split(r"\n|(?<=2025)\. ", text):
                cells = table.add_row().cells
                cells[0].text, cells[1].text = part.split(": ", 1)
        elif 8 < len(text) < 60 and text[0].isupper() and text[-1] not in ".,t" and "No." not in text:
            document.add_heading(text, level=2)
        else:
            document.add_paragraph(text)
    out = io.BytesIO()
    document.save(out)
    return timeless(out.getvalue())


def timeless(data: bytes) -> bytes:
    """The same archive with all its times set to the epoch of zip, so that a new build gives the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            new.writestr(zipfile.ZipInfo(info.filename), old.read(info), zipfile.ZIP_DEFLATED)
    return out.getvalue()


# --- chapter.epub ---

CHAPTERS = {
    "The Weather Keeper": [
        "When the last keeper of the station at Skarv retired, the institute sent a box. It was grey, as large as a "
        "suitcase, and it measured wind, rain and pressure every ten seconds without ever asking for leave. Old Hauge "
        "bolted it to the rock himself. He had read the instruments by hand, three times a day, for thirty-four years, "
        "and had missed eleven readings, nine of them on the day his daughter was born.",
        "“What does it do when the line is down?” he asked the young man who had come to collect the keys.",
        "“It remembers,” said the young man. “For ninety days.”",
        "Hauge nodded. He had once remembered a whole winter, because the boat with the paper did not come.",
    ],
    "The Storm": [
        "The line went down on the second of November. On the fourth, the sea took the boathouse, the jetty and forty "
        "metres of the road. From the village one could see the lamp of the grey box blink, green, green, green, until "
        "a wave the height of the chimney put it out.",
        "Hauge rowed over on the sixth, when nobody was looking. The box was gone; four bolts stood in the rock, bent "
        "towards the land. He sat down in the lee of the wall, took a pencil from his hat, and wrote: south-west, ten, "
        "falling. Then he looked at his watch, because a reading without a time is only an opinion.",
        "The institute printed his notes in its yearbook, on page 212, under a heading of their own. They cover "
        "nineteen days. There is not one missing.",
    ],
}
CONTAINER = (
    '<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
    '<rootfiles><rootfile full-path="book/book.opf" media-type="application/oebps-package+xml"/>'
    "</rootfiles></container>"
)
PACKAGE = (
    '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">'
    '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="id">epitome-example</dc:identifier>'
    "<dc:title>The Grey Box</dc:title><dc:language>en</dc:language></metadata><manifest>{items}"
    '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/></manifest>'
    "<spine>{refs}</spine></package>"
)
XHTML = (
    '<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml" lang="en">'
    "<head><title>{title}</title></head><body>{body}</body></html>"
)


def chapter_epub() -> bytes:
    names = [f"chapter{number}" for number in range(1, len(CHAPTERS) + 1)]
    items = "".join(
        f'<item id="{name}" href="{name}.xhtml" media-type="application/xhtml+xml"/>' for name in names
    )
    refs = "".join(f'<itemref idref="{name}"/>' for name in names)
    links = "".join(
        f'<li><a href="{name}.xhtml">{title}</a></li>' for name, title in zip(names, CHAPTERS, strict=True)
    )
    files = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": CONTAINER,
        "book/book.opf": PACKAGE.format(items=items, refs=refs),
        "book/nav.xhtml": XHTML.format(title="Contents", body=f"<nav><ol>{links}</ol></nav>"),
    }
    for name, (title, texts) in zip(names, CHAPTERS.items(), strict=True):
        body = f"<h1>{title}</h1>" + "".join(f"<p>{text}</p>" for text in texts)
        files[f"book/{name}.xhtml"] = XHTML.format(title=title, body=body)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as book:
        for path, text in files.items():
            kind = zipfile.ZIP_STORED if path == "mimetype" else zipfile.ZIP_DEFLATED
            book.writestr(zipfile.ZipInfo(path), text, kind)
    return out.getvalue()


def main() -> None:
    """Write all files beside this one."""
    for name, made in {
        "news.html": news_html,
        "paper.pdf": paper_pdf,
        "judgment.docx": judgment_docx,
        "chapter.epub": chapter_epub,
    }.items():
        (HERE / name).write_bytes(made())
        print(name, (HERE / name).stat().st_size, "bytes")


if __name__ == "__main__":
    main()
