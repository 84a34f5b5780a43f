"""The pages in a real browser: nothing asked of the network, no error, no sideways scrolling, readable contrast."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from tests.base.evaluate.corpus import CHINESE_PAIR, PAIRS

from epitome.datasets.inspection import inspect
from epitome.datasets.page import page as inspection_page
from epitome.datasets.pair import Dataset
from epitome.evaluate.report import html
from epitome.evaluate.run import Settings, evaluate

CONTRAST = """() => {
  const parse = text => text.match(/[\\d.]+/g).map(Number);
  const linear = v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => .2126 * linear(r / 255) + .7152 * linear(g / 255) + .0722 * linear(b / 255);
  const behind = node => { for (; node; node = node.parentElement) {
    const [r, g, b, a] = parse(getComputedStyle(node).backgroundColor); if (a !== 0) return [r, g, b]; } };
  let least = 21;
  for (const node of document.querySelectorAll("main *")) {
    const says = [...node.childNodes].some(one => one.nodeType === 3 && one.textContent.trim());
    if (!says || node.closest("svg, script")) continue;
    const [a, b] = [light(parse(getComputedStyle(node).color)), light(behind(node))].sort((x, y) => y - x);
    least = Math.min(least, (a + .05) / (b + .05));
  }
  return least;
}"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    data = Dataset([*PAIRS, CHINESE_PAIR], "a/rather/long/path/to/some/stories.with.a.long.name.jsonl")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EPITOME_HOME", str(folder / "home"))
        run = evaluate(data, Settings(systems=("lead", "textrank", "lexrank", "oracle"), perturb=("case",)))
    texts = {"report": html(run), "inspection": inspection_page([inspect(data)])}
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in texts}


def opened(browser: Browser, path: Path, width: int = 1280, scheme: str = "light") -> tuple[Page, list[str]]:
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    seen: list[str] = []
    page.on("console", lambda message: seen.append(message.text))
    page.on("pageerror", lambda error: seen.append(str(error)))
    page.on("request", lambda request: seen.append(request.url) if request.url != path.as_uri() else None)
    page.goto(path.as_uri())
    return page, seen


@pytest.mark.parametrize("name", ["report", "inspection"])
@pytest.mark.parametrize("width", [320, 768, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_opens_without_errors_requests_or_sideways_scrolling(
    browser: Browser, pages: dict[str, Path], name: str, width: int, scheme: str
) -> None:
    page, seen = opened(browser, pages[name], width, scheme)
    assert seen == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CONTRAST) >= 4.5  # WCAG AA
    page.close()


def test_a_click_on_a_column_sorts_by_it(browser: Browser, pages: dict[str, Path]) -> None:
    page, _ = opened(browser, pages["report"])
    table = page.locator("table").first
    cells = table.locator("tbody td:nth-child(2)")

    def numbers() -> list[float]:
        return [float(one) for one in cells.evaluate_all("cells => cells.map(cell => cell.dataset.number)")]

    table.locator("th button").nth(1).click()
    assert numbers() == sorted(numbers(), reverse=True)
    table.locator("th button").nth(1).click()
    assert numbers() == sorted(numbers())
    page.close()


def test_examples_open_by_keyboard(browser: Browser, pages: dict[str, Path]) -> None:
    page, _ = opened(browser, pages["report"])
    example = page.locator("details", has_text="The document").last
    assert not example.locator(".source").is_visible()
    example.locator("summary").focus()
    page.keyboard.press("Enter")
    assert example.locator(".source").is_visible()
    page.close()


def test_everything_can_be_read_without_scripts(browser: Browser, pages: dict[str, Path]) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(pages["report"].as_uri())
    assert page.locator("table").first.locator("tbody tr").count() == 4
    assert page.get_by_text("How it was made").is_visible()
    context.close()
