"""Markdown: sections from headings, text without markup."""

from __future__ import annotations

from pathlib import Path

from epitome.documents import read


def markdown(folder: Path, text: str) -> Path:
    path = folder / "page.md"
    path.write_text(text, encoding="utf-8")
    return path


def test_headings_become_sections_that_leave_nothing_out(tmp_path: Path) -> None:
    document = read(markdown(tmp_path, "Before.\n\n# One\n\nFirst.\n\n## Two *b*\n\nSecond.\n\nThird."))
    parts = [(part.title, part.level, document.text[part.start : part.end]) for part in document.sections]
    assert parts == [
        ("", 0, "Before."),
        ("One", 1, "One\n\nFirst."),
        ("Two b", 2, "Two b\n\nSecond.\n\nThird."),
    ]


def test_markup_goes_and_text_stays(tmp_path: Path) -> None:
    text = (
        "Some **bold**, _soft_ and `code --all`, a [link](https://example.org),\nan ![image](x.png) "
        "and <span>tags</span>.<!-- no --> AT&amp;T.\n\n> A quotation.\n\n---\n\n<div>\nin a block\n</div>\n"
    )
    document = read(markdown(tmp_path, text))
    assert document.text.split("\n\n") == [
        "Some bold, soft and code --all, a link, an image and tags. AT&T.",
        "A quotation.",
        "in a block",
    ]


def test_lists_tables_and_code_keep_their_lines(tmp_path: Path) -> None:
    text = (
        "1. one\n2. two\n   - inner\n\n* star\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
        "```sh\nmake demo\n\nmake test\n```\n"
    )
    document = read(markdown(tmp_path, text))
    assert document.text.split("\n\n") == [
        "1. one\n2. two\n- inner",
        "- star",
        "a | b\n1 | 2",
        "make demo",
        "make test",
    ]


def test_the_title_is_the_first_heading_or_the_front_matter(tmp_path: Path) -> None:
    assert read(markdown(tmp_path, "# Descaling\n\nText.")).title == "Descaling"
    document = read(markdown(tmp_path, "---\ntitle: 'My page'\ndraft: true\n---\n\n# Other\n\nText."))
    assert document.title == "My page"
    assert "draft" not in document.text


def test_wrapped_chinese_lines_get_no_space(tmp_path: Path) -> None:
    document = read(markdown(tmp_path, "# 标题\n\n这座茶厂建于一九五八年，\n停产于二〇〇三年。"))
    assert document.text.endswith("八年，停产于二〇〇三年。")


def test_deep_nesting_is_no_trap(tmp_path: Path) -> None:
    assert "x" in read(markdown(tmp_path, "> " * 3000 + "x\n\n" + "[" * 3000 + "x")).text
