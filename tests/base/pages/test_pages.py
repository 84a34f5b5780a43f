"""Pages: whole files that fetch nothing, whatever text is put into them."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as some
from markupsafe import Markup

from epitome.pages import page, render, table
from epitome.pages.plots import bars, curves, histogram, intervals
from epitome.pages.table import Number

VOID = {"meta", "br", "hr", "img", "input", "link"}
NASTY = "<script>alert('1')</script> & \"quoted\" \x00 \u202e rtl 桥 " + "x" * 400


class Reader(HTMLParser):
    """Tags that are opened and closed in order, their attributes, and the text between."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_page_is_whole_and_asks_nobody_for_anything() -> None:
    html = page("A title", Markup("<p>Body</p>"), lead="A sentence.")
    read = Reader(html)
    assert html.startswith("<!doctype html>")
    assert {"html", "head", "main", "h1", "style"} <= {tag for tag, _ in read.tags}
    assert not [one for _, one in read.tags if {"src", "href", "action"} & one.keys()]
    assert not re.search(r"url\(|@import|https?://", html)
    assert "prefers-color-scheme: dark" in html


def test_text_stays_text_wherever_it_stands() -> None:
    shown = (
        table([NASTY, "b"], [[NASTY, NASTY]], caption=NASTY)
        + histogram([1, 2], label=NASTY, unit=NASTY)
        + intervals([(NASTY, 1, 0, 2)], label=NASTY)
        + bars([(NASTY, 1)], label=NASTY)
    )
    html = page(NASTY, shown, lead=NASTY)
    read = Reader(html)
    assert [tag for tag, _ in read.tags].count("script") == 1
    assert "alert('1')" in read.text
    assert "\x00" not in html


@given(some.text(max_size=60))
def test_any_text_makes_a_page_that_can_be_written(text: str) -> None:
    html = page(text, table(["a", "b"], [[text, text]]))
    html.encode("utf-8")
    Reader(html)


def test_numbers_are_aligned_and_sortable_and_texts_are_neither() -> None:
    html = table(["system", "score", "note"], [["lead", 31.256, "x"], ["title", 7.0, "y"]])
    read = Reader(html)
    cells = [one for tag, one in read.tags if tag == "td"]
    assert [one.get("data-number") for one in cells] == ["31.256", None, "7.0", None]
    assert "31.26" in read.text
    assert [one.get("scope") for tag, one in read.tags if tag == "th"] == ["col", "col", "col", "row", "row"]


def test_a_number_may_carry_its_interval() -> None:
    cell = Number.of(Markup("31.2<small>30 to 32</small>"), 31.2)
    assert 'data-number="31.2"' in table(["a", "b"], [["x", cell]])


@pytest.mark.parametrize("values", [[], [0.0], [3, 3, 3], [-1.5, 0, 2e9], list(range(1000))])
def test_a_histogram_holds_every_value(values: list[float]) -> None:
    html = histogram(values, label="lengths")
    counted = [
        int(count.replace(",", "")) for count in re.findall(r"<title>[^<]*: ([\d,]+)</title></rect>", html)
    ]
    assert sum(counted) == len(values)


def test_a_lone_point_beside_lines_has_its_name_there() -> None:
    every = ("every token", [(4.0, 35.0), (12.0, 35.0)])
    html = curves([("attention", [(4.0, 5.8), (9.0, 24.0)]), ("mean", [(9.0, 29.2)]), every], label="ROUGE-1")
    assert ">mean</text>" in html
    assert "thin: attention, thick: every token" in html
    both = curves([("each step", [(1.0, 3.0)]), ("smoothed", [(1.0, 3.0)])], label="training loss")
    assert "thin: each step, thick: smoothed" in both
    assert ">each step</text>" not in both


def test_plots_say_in_words_what_they_show() -> None:
    html = intervals([("lead", 30.05, 28.8, 31.4), ("title", 37.09, 35.8, 38.4)], label="ROUGE-1")
    assert "<title>ROUGE-1: lead 30.05, title 37.09</title>" in html
    left, right = (float(x) for x in re.findall(r'circle class="dot" cx="([\d.]+)"', html))
    assert left < right
    assert bars([], label="none") == intervals([], label="none") == ""


def test_a_template_of_another_package_is_named_with_it() -> None:
    with pytest.raises(Exception, match="no-such"):
        render("epitome.pages:no-such.html")
