"""Web pages: the article, and nothing of what surrounds it."""

from __future__ import annotations

import builtins
import sys
from pathlib import Path
from typing import Any

import pytest

from epitome.documents import read
from epitome.errors import EpitomeError, SourceError

EXAMPLES = Path(__file__).parents[3] / "examples"
SENTENCES = (
    "The council met on Tuesday to discuss the bridge. It was built a hundred years ago. It needs repair. "
)


def page(folder: Path, data: str | bytes) -> Path:
    path = folder / "page.html"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def test_the_article_is_read_and_its_surroundings_are_not() -> None:
    document = read(EXAMPLES / "news.html")
    article = (EXAMPLES / "news.txt").read_text(encoding="utf-8").strip().split("\n\n", 1)
    assert document.title == article[0]
    assert document.text == article[1]
    for noise in ("Subscribe", "ADVERTISEMENT", "cookies", "seagull77", "newsletter", "Copyright", "picnic"):
        assert noise not in document.text


def test_headings_lists_and_tables(tmp_path: Path) -> None:
    body = (
        f"<h1>Bridge</h1><p>{SENTENCES * 3}</p><h2>Costs</h2><p>{SENTENCES * 3}</p><ul><li>steel, two tonnes</li>"
        f"<li>paint</li></ul><table><tr><th>Part</th><th>Price</th></tr><tr><td>Deck</td><td>400</td></tr></table>"
    )
    document = read(
        page(
            tmp_path, f"<html><head><title>Bridge</title></head><body><article>{body}</article></body></html>"
        )
    )
    assert [section.title for section in document.sections][-1] == "Costs"
    assert "- steel, two tonnes\n- paint" in document.text
    assert "Part | Price\nDeck | 400" in document.text


def test_the_page_says_its_language_where_the_text_does_not(tmp_path: Path) -> None:
    text = "Rådet møttes tirsdag for å drøfte broen. Den ble bygget for hundre år siden og må repareres. " * 4
    assert (
        read(
            page(tmp_path, f"<html lang='nb-NO'><body><article><p>{text}</p></article></body></html>")
        ).language
        == "nb"
    )
    assert (
        read(
            page(tmp_path, f"<html lang='fr'><body><article><p>{SENTENCES * 4}</p></article></body></html>")
        ).language
        == "en"
    )


@pytest.mark.parametrize("encoding", ["gb18030", "big5", "utf-8"])
def test_the_declared_charset_is_used(tmp_path: Path, encoding: str) -> None:
    text = (
        "市長昨天為新橋剪綵。樂隊演奏了一個下午，孩子們在河邊種下了三百棵樹。大家都說這座橋來得太晚了。" * 4
    )
    html = (
        f"<html><head><meta charset='{encoding}'><title>新橋</title></head><body><p>{text}</p></body></html>"
    )
    document = read(page(tmp_path, html.encode(encoding)))
    assert text[:40] in document.text
    assert document.language == "zh"


@pytest.mark.parametrize(
    "html",
    [
        "<html><body></body></html>",
        "<html><body><script>var a = 'text';</script><nav><a href='/'>Home</a></nav></body></html>",
        "<!DOCTYPE html><html><head><title>Only a title</title></head></html>",
    ],
)
def test_a_page_without_content_is_refused(tmp_path: Path, html: str) -> None:
    with pytest.raises(SourceError, match="no readable content"):
        read(page(tmp_path, html))


def test_a_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # What a fresh install of trafilatura does where lxml no longer contains its cleaner.
    imported = builtins.__import__

    def without_cleaner(name: str, *args: Any, **named: Any) -> Any:
        if name == "lxml_html_clean" or name.startswith("lxml_html_clean."):
            raise ModuleNotFoundError("No module named 'lxml_html_clean'", name="lxml_html_clean")
        return imported(name, *args, **named)

    for name in list(sys.modules):
        if name.split(".")[0] in {"trafilatura", "lxml_html_clean", "justext"} or name == "lxml.html.clean":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without_cleaner)
    with pytest.raises(EpitomeError, match="package lxml_html_clean is missing") as error:
        read(page(tmp_path, f"<html><body><p>{SENTENCES * 4}</p></body></html>"))
    assert error.value.hint == "pip install lxml_html_clean"


def test_deeply_nested_pages_end(tmp_path: Path) -> None:
    html = "<html><body>" + "<div>" * 5000 + f"<p>{SENTENCES * 5}</p>" + "</div>" * 5000 + "</body></html>"
    try:
        assert "bridge" in read(page(tmp_path, html)).text
    except SourceError as error:
        assert error.hint  # noqa: PT017
