"""The page of `epitome serve` in a real browser, before a real service.

Most tests run before `lead`, which copies the first sentences and answers at once; two run before the default model.
"""

from __future__ import annotations

import base64
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from playwright.sync_api import Browser, Page, Route, expect
from tests.full.pages.test_browser import CONTRAST

from epitome import Summarizer, Summary
from epitome.desk.archive import Archive
from epitome.desk.database import connect
from epitome.desk.keys import Keys
from epitome.documents import from_text, read
from epitome.serve.app import application
from epitome.serve.service import Service
from epitome.trust.check import Source
from epitome.trust.masking import Masker
from epitome.types import Unmet

EXAMPLES = Path(__file__).parents[3] / "examples"
NEWS = (EXAMPLES / "news.txt").read_text("utf-8")
FERRY = (
    "🚢🚢 All aboard!\n\nThe ferry to Kell left the old harbour at dawn with 212 people and eleven lorries on board. "
    "The county had paid for a new engine after two winters without any crossing."
)
HOSTILE = '<img src=x onerror="window.hit = 1"><script>window.hit = 1</script>'


WATCH = """() => new MutationObserver(() => {
    const writing = document.querySelector(".writing");
    window.written = writing?.textContent || window.written;
    window.stoppable ||= writing !== null && !document.querySelector("#stop").hidden;
}).observe(document.querySelector("#summary"), { childList: true, subtree: true })"""
"""Keeps what was written before the whole summary was there, and whether that could be stopped."""
IN_SIGHT = """mark => { const pages = document.querySelector("#pages").getBoundingClientRect();
    const { top } = mark.getBoundingClientRect(); return pages.top <= top && top < pages.bottom; }"""


class Served:
    """A service with its address and a key."""

    def __init__(self, address: str, secret: str) -> None:
        self.address, self.secret = address, secret


@contextmanager
def serving(model: str, folder: Path, masker: Masker | None = None) -> Iterator[Served]:
    keys = Keys(connect(folder / "d.sqlite"))
    _, secret = keys.make("tests")
    summarizer = Summarizer(model) if model == "lead" else Summarizer(model, engine="llamacpp")
    listening = socket.create_server(("127.0.0.1", 0))
    app = application(Service(summarizer, masker=masker), keys, archived=Archive(keys.database, "summaries"))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=5))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        while not server.started:
            time.sleep(0.02)
        yield Served(f"http://127.0.0.1:{listening.getsockname()[1]}", secret)
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving("lead", tmp_path_factory.mktemp("desk")) as found:
        yield found


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving("default", tmp_path_factory.mktemp("desk")) as found:
        yield found


@contextmanager
def opened(browser: Browser, served: Served, *, key: bool = True, **context: Any) -> Iterator[Page]:
    """The page; at the end nothing may have been asked of another origin, and no script may have failed."""
    wanted = {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce"} | context
    window = browser.new_context(**wanted)
    page = window.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "request",
        lambda request: (
            None if request.url.startswith((served.address, "blob:")) else wrong.append(request.url)
        ),
    )
    page.on(
        "console",
        lambda message: None if message.text.startswith("Failed to load") else wrong.append(message.text),
    )
    page.goto(served.address)
    if key:
        page.evaluate("key => sessionStorage.setItem('epitome.key', key)", served.secret)
    yield page
    assert wrong == []
    window.close()


def summarised(page: Page, text: str) -> dict[str, Any]:
    """Paste, ask, wait; what the service answered, out of the page's history."""
    page.get_by_label("Text to summarise").fill(text)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#state")).to_have_text("Summary ready.", timeout=60_000)
    found: dict[str, Any] = latest(page)["summary"]
    return found


def latest(page: Page) -> dict[str, Any]:
    """The newest entry of the history: `document` and `summary`, as the service answered them."""
    found: dict[str, Any] = json.loads(page.evaluate("localStorage.getItem('epitome.history')"))[0]
    return found


def answered(page: Page, summary: Summary, **more: Any) -> None:
    """Let the service answer this: a model cannot be told what to write."""

    def fulfil(route: Route) -> None:
        data = json.dumps(summary.as_dict() | more)
        route.fulfill(content_type="text/event-stream", body=f"event: summary\ndata: {data}\n\n")

    page.route("**/v1/summaries", fulfil)


def doubtful() -> Summary:
    """A summary of the news with what the document does not bear out."""
    said = ["The ferry left Port Elspeth on Monday with 240 people on board.", "Elephants sang."]
    found = Source(from_text(NEWS)).check_all(said)
    return Summary(
        " ".join(said), found, [Unmet("20-30 words", "has 14")], read_share=0.999, model="smollm2-135m"
    )


# --- a summary and its sources ---


def test_a_text_is_summarised_by_the_model_and_each_sentence_shows_its_source(
    browser: Browser, writer: Served
) -> None:
    with opened(browser, writer, key=False) as page:
        page.get_by_label("Text to summarise").fill(FERRY)
        page.get_by_role("button", name="Summarise").click()
        page.get_by_label("Key", exact=True).fill(writer.secret)
        page.evaluate(WATCH)
        page.keyboard.press("Enter")
        expect(page.locator("#state")).to_have_text("Summary ready.", timeout=120_000)
        summary, document = latest(page)["summary"], latest(page)["document"]
        assert page.locator("#summary").inner_text() == page.evaluate("window.written") == summary["text"]
        assert page.evaluate("window.stoppable")
        source = summary["sentences"][0]["sources"][0]
        page.locator("[data-sentence='0']").hover()
        lit = page.locator("#pages mark.lit").all_text_contents()
        # Counted in code points by the service, in UTF-16 by the browser: the ships are two units each.
        assert lit == [source["text"]] == [document["text"][source["start"] : source["end"]]]
        assert page.evaluate("Object.keys(sessionStorage)") == ["epitome.key"]
        assert writer.secret not in page.evaluate("JSON.stringify(localStorage)")
        assert "plain" in page.locator("#adapter option").all_text_contents()


def test_pointing_and_the_keyboard_find_a_source_out_of_sight(browser: Browser, served: Served) -> None:
    with opened(browser, served, viewport={"width": 1280, "height": 420}) as page:
        page.get_by_label("Length").select_option("Long: 90–140 words")
        summary = summarised(page, NEWS)
        last = len(summary["sentences"]) - 1
        assert last >= 2
        sentence = page.locator(f"[data-sentence='{last}']")
        source = summary["sentences"][last]["sources"][0]["text"]
        sentence.hover()
        assert page.locator("#pages mark.lit").first.text_content() == source
        assert page.locator("#pages mark.lit").first.evaluate(IN_SIGHT)
        page.mouse.move(5, 5)
        expect(page.locator("mark.lit")).to_have_count(0)
        page.locator("[data-sentence='0']").focus()
        for _ in range(last):
            page.keyboard.press("ArrowDown")
        expect(sentence).to_be_focused()
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.textContent") == source
        page.keyboard.press("Escape")
        expect(sentence).to_be_focused()


def test_a_source_at_the_end_of_a_book_is_found(browser: Browser, served: Served) -> None:
    last = "The keeper of the lighthouse retired in June."
    text = "".join(f"Chapter {number} tells of the sea and its ships.\n\n" for number in range(1500)) + last
    with opened(browser, served) as page:
        answered(page, Summary(last, Source(from_text(text)).check_all([last])))
        page.locator("#file").set_input_files({"name": "book.txt", "mimeType": "", "buffer": text.encode()})
        page.locator("#pages p").first.wait_for()
        page.keyboard.press("Control+Enter")
        page.locator("[data-sentence='0']").hover()
        lit = page.locator("#pages mark.lit")
        expect(lit).to_have_text(re.compile("lighthouse"))
        expect(lit).to_be_in_viewport()
        assert lit.evaluate(IN_SIGHT)


def test_what_the_model_may_not_see_is_found_in_the_document(browser: Browser, tmp_path: Path) -> None:
    opening = "Sarah Lee opened the new library on Monday."
    with serving("lead", tmp_path, Masker()) as served, opened(browser, served) as page:
        summary = summarised(
            page, f"{opening} It has nine rooms. The old one had three, and a leak in each of them."
        )
        assert "Sarah" not in summary["text"]
        page.locator("[data-sentence='0']").hover()
        expect(page.locator("mark.lit")).to_contain_text("Sarah Lee opened the new library")


def test_what_the_document_does_not_bear_out_is_marked_and_told(browser: Browser, served: Served) -> None:
    with opened(browser, served) as page:
        answered(page, doubtful())
        summarised(page, NEWS)
        expect(page.locator("mark.doubt")).to_have_text(re.compile("240.*not in the document"))
        told = page.locator("#doubts li").all_text_contents()
        assert re.search("240.*number.*the document says.*212 people", told[0])
        assert re.search("Elephants.*", told[-1])
        expect(page.locator("#made")).to_contain_text("99% of the document read")
        expect(page.get_by_text("Not met: 20-30 words (has 14)")).to_be_visible()
        expect(page.locator("#opinion")).to_be_hidden()


def test_a_summary_that_is_archived_can_be_rated(browser: Browser, served: Served) -> None:
    with opened(browser, served) as page:
        summary = summarised(page, NEWS)
        page.get_by_role("button", name="No", exact=True).click()
        expect(page.locator("#state")).to_have_text("Thank you.")
        page.get_by_label("What should be better?").fill("Elephants?")
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_label("What should be better?")).to_have_value("")
    bearer = {"Authorization": f"Bearer {served.secret}"}
    found = httpx.get(f"{served.address}/v1/archive/{summary['archive_id']}", headers=bearer).json()
    assert [(one["rating"], one["comment"]) for one in found["feedback"]] == [
        ("down", ""),
        ("down", "Elephants?"),
    ]


def test_the_wishes_reach_the_service(browser: Browser, served: Served) -> None:
    with opened(browser, served) as page:
        answered(page, doubtful())
        page.get_by_label("Style").select_option("Bullet points")
        page.get_by_label("Length").select_option("Set bounds")
        page.get_by_label("At least (words)").fill("30")
        page.get_by_label("At most (words)").fill("20")
        page.get_by_label("Focus").fill("fares")
        page.get_by_text("More options").click()
        page.get_by_label("Must mention").fill("Norrholm, ice")
        page.get_by_label("Adapter").select_option("None")
        page.get_by_label("Language of the summary").select_option("Chinese")
        page.get_by_label("Text to summarise").fill(NEWS)
        page.get_by_role("button", name="Summarise").click()
        expect(page.get_by_role("alert")).to_contain_text("The least must not be more than the most.")
        page.get_by_label("At most (words)").fill("60")
        with page.expect_request("**/v1/summaries") as request:
            page.get_by_role("button", name="Summarise").click()
        asked = request.value.post_data_json
        assert asked.pop("document")["text"] == from_text(NEWS).text
        assert asked == {
            "style": "bullets", "words": "30-60", "focus": "fares", "mention": ["Norrholm", "ice"],
            "adapter": "none", "language": "zh", "stream": True,
        }  # fmt: skip


def test_copy_download_and_history(browser: Browser, served: Served) -> None:
    with opened(browser, served, permissions=["clipboard-read", "clipboard-write"]) as page:
        summary = summarised(page, NEWS)
        page.get_by_role("button", name="Copy").click()
        expect(page.locator("#state")).to_have_text("Copied.")
        assert page.evaluate("navigator.clipboard.readText()") == summary["text"]
        with page.expect_download() as download:
            page.get_by_role("button", name="JSON").click()
        assert json.loads(Path(download.value.path()).read_text("utf-8")) == summary
        with page.expect_download() as download:
            page.get_by_role("button", name="Markdown").click()
        written = Path(download.value.path()).read_text("utf-8")
        assert written.startswith("# Harbour ferry returns to Port Elspeth after eleven years\n\n")
        assert f"[^1]: “{summary['sentences'][0]['sources'][0]['text']}" in written

        page.reload()
        page.get_by_role("button", name="History").click()
        page.locator("#past-list button").click()
        assert page.locator("#summary").inner_text() == summary["text"]
        page.locator("[data-sentence='0']").hover()
        assert page.locator("mark.lit").first.text_content() == summary["sentences"][0]["sources"][0]["text"]
        page.get_by_role("button", name="History").click()
        page.get_by_role("button", name="Remove all").click()
        expect(page.get_by_text("Nothing is kept.")).to_be_visible()
        page.get_by_role("switch").click()
        page.keyboard.press("Escape")
        page.get_by_role("button", name="New document").click()
        page.get_by_label("Text to summarise").fill(NEWS)
        page.keyboard.press("Control+Enter")
        expect(page.locator("#state")).to_have_text("Summary ready.")
        assert NEWS[:30] not in page.evaluate("JSON.stringify(localStorage)")


# --- where a document comes from, and what can go wrong ---


def test_a_file_is_dropped_or_chosen_and_shown(browser: Browser, served: Served) -> None:
    with opened(browser, served) as page:
        book = base64.b64encode((EXAMPLES / "chapter.epub").read_bytes()).decode()
        page.evaluate(
            """book => { const data = new DataTransfer();
              data.items.add(new File([Uint8Array.from(atob(book), one => one.charCodeAt(0))], "chapter.epub"));
              for (const kind of ["dragenter", "dragover", "drop"]) document.body.dispatchEvent(
                new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true})); }""",
            book,
        )
        expect(page.get_by_role("heading", name="The Grey Box").first).to_be_visible()
        expect(page.locator("#dropping")).to_be_hidden()
        page.get_by_role("button", name="New document").click()
        page.locator("#file").set_input_files(EXAMPLES / "paper.pdf")
        expect(page.locator("#about")).to_have_text("paper.pdf · English · 3,272 words · 4 pages")
        document = read(EXAMPLES / "paper.pdf")
        shown = page.locator("#pages > *").all_text_contents()
        assert "\n\n".join(shown) == document.text
        titles = page.locator("#pages > :is(h2, h3, h4, h5, h6)").all_text_contents()
        assert titles == [part.title for part in document.sections if part.title]


def test_errors_are_said_in_words(browser: Browser, served: Served, tmp_path: Path) -> None:
    away = False
    with opened(browser, served) as page:
        # From the start: what is asked in the moment after a route is made may still go past it.
        page.route("**/v1/summaries", lambda route: route.abort() if away else route.continue_())
        alert = page.get_by_role("alert")
        page.get_by_role("button", name="Summarise").click()
        expect(alert).to_contain_text("There is nothing to summarise yet")
        for address, said in (
            ("example.org", "begins with http"),
            ("http://127.0.0.1:1/", "private network"),
        ):
            page.get_by_label("Or an address").fill(address)
            page.get_by_role("button", name="Read").click()
            expect(alert).to_contain_text(said)
        page.locator("#file").set_input_files(
            {"name": "x.pdf", "mimeType": "", "buffer": b"%PDF-1.4 nothing"}
        )
        expect(alert).to_contain_text("The document cannot be read.")
        (tmp_path / "large.txt").write_bytes(b"a" * (16 * 2**20 + 1))
        page.locator("#file").set_input_files(tmp_path / "large.txt")
        expect(alert).to_contain_text("up to 16 MB")
        page.get_by_label("Focus").fill("fares")  # which `lead` cannot follow
        page.get_by_label("Text to summarise").fill(NEWS)
        page.keyboard.press("Control+Enter")
        expect(alert).to_contain_text("The service cannot do what is asked.")
        away = True
        page.keyboard.press("Control+Enter")
        expect(alert).to_contain_text("cannot be reached")
        away = False
        page.get_by_label("Focus").fill("")
        page.get_by_role("button", name="Try again").click()
        expect(page.locator("#state")).to_have_text("Summary ready.")
        expect(alert).to_be_hidden()


def test_a_bad_key_is_told_and_another_taken(browser: Browser, served: Served) -> None:
    with opened(browser, served, key=False) as page:
        page.get_by_label("Text to summarise").fill(NEWS)
        page.keyboard.press("Control+Enter")
        page.get_by_role("dialog").wait_for()
        page.keyboard.press("Escape")
        for secret in ("密钥", "ep_wrong_key"):
            page.keyboard.press("Control+Enter")
            page.get_by_label("Key", exact=True).fill(secret)
            page.keyboard.press("Enter")
            expect(page.get_by_text("The service does not know this key.")).to_be_visible()
        page.get_by_label("Key", exact=True).fill(served.secret)
        page.keyboard.press("Enter")
        expect(page.locator("#state")).to_have_text("Summary ready.")
        page.reload()
        summarised(page, NEWS)  # without being asked again
        page.get_by_role("button", name="Key", exact=True).click()
        page.get_by_role("button", name="Forget the key").click()
        assert page.evaluate("sessionStorage.length") == 0


def test_stop_ends_the_work(browser: Browser, writer: Served) -> None:
    with opened(browser, writer) as page:
        page.get_by_label("Text to summarise").fill(NEWS)
        page.keyboard.press("Control+Enter")
        page.locator(".writing").wait_for()
        expect(page.locator("#state")).to_contain_text("Writing")
        page.keyboard.press("Escape")
        expect(page.locator("#state")).to_have_text("Stopped.")
        deadline = time.monotonic() + 60  # a prompt that is being read is read to its end
        while 'epitome_documents{state="running"} 0.0' not in httpx.get(f"{writer.address}/metrics").text:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        expect(page.get_by_role("button", name="Summarise")).to_be_enabled()


# --- safety ---


def test_text_is_never_markup(browser: Browser, served: Served) -> None:
    with opened(browser, served) as page:
        bad = doubtful()
        bad.text = f"{HOSTILE} {bad.text}"
        bad.warnings = [HOSTILE]
        bad.model = HOSTILE
        answered(page, bad)
        text = f"{HOSTILE}\n\n# {HOSTILE}\n\nThe harbour master said {HOSTILE} and went home for the night."
        page.locator("#file").set_input_files(
            {"name": "<img src=x onerror=hit=1>.md", "mimeType": "", "buffer": text.encode()}
        )
        page.locator("#pages p").first.wait_for()
        page.keyboard.press("Control+Enter")
        expect(page.locator("#summary")).to_contain_text("<script>")
        expect(page.locator("#pages")).to_contain_text("went home")
        page.get_by_role("button", name="History").click()
        page.locator("#past-list button").wait_for()
        assert page.evaluate("window.hit") is None
        assert page.locator("img").count() == 0
        assert page.locator("main script").count() == 0


def test_the_page_is_open_and_has_a_strict_policy(served: Served) -> None:
    answer = httpx.get(served.address)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "require-trusted-types-for 'script'" in policy
    assert not re.search(r"<style|<script(?! type=\"module\" src=\"/page/)| style=| on\w+=", answer.text)
    again = httpx.get(served.address, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert httpx.head(served.address).status_code == 200
    for path in ("/page/", "/page/nothing.js", "/page/../app.py", "/page/%2e%2e/app.py"):
        assert httpx.get(f"{served.address}{path}").status_code == 404
    assert 'route="/page/nothing.js"' not in httpx.get(f"{served.address}/metrics").text


# --- for everybody ---


@pytest.mark.parametrize("width", [320, 800, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_can_be_read(browser: Browser, served: Served, width: int, scheme: str) -> None:
    with opened(browser, served, viewport={"width": width, "height": 800}, color_scheme=scheme) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(CONTRAST) >= 4.5  # WCAG AA
        answered(page, doubtful(), archive_id="a1")
        summarised(page, NEWS)
        page.locator("[data-sentence='0']").hover()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(CONTRAST) >= 4.5


def test_by_touch_the_source_is_shown_under_the_summary(browser: Browser, served: Served) -> None:
    with opened(browser, served, viewport={"width": 390, "height": 800}, has_touch=True) as page:
        summary = summarised(page, NEWS)
        page.locator("[data-sentence='0']").tap()
        sheet = page.locator("#evidence")
        expect(sheet).to_contain_text(summary["sentences"][0]["sources"][0]["text"])
        sheet.get_by_role("button", name="Show in the document").tap()
        expect(sheet).to_be_hidden()
        expect(page.locator("#pages mark.lit").first).to_be_in_viewport()


def test_the_page_speaks_chinese(browser: Browser, served: Served) -> None:
    with opened(browser, served, locale="zh-CN") as page:
        assert page.evaluate("document.documentElement.lang") == "zh-CN"
        expect(page.get_by_role("heading", name="可以核对的摘要")).to_be_visible()
        page.get_by_label("要摘要的文本").fill((EXAMPLES / "article-zh.txt").read_text("utf-8"))
        page.get_by_role("button", name="生成摘要").click()
        expect(page.locator("#state")).to_have_text("摘要已完成。")
        expect(page.locator("#about")).to_contain_text("中文")
        page.get_by_role("button", name="English").click()
        expect(page.get_by_role("button", name="Summarise")).to_be_visible()
        page.reload()
        expect(page.get_by_role("heading", name="A summary you can check")).to_be_visible()


def test_both_languages_say_the_same_things() -> None:
    script = (files("epitome.serve") / "page" / "words.js").read_text("utf-8")
    english, chinese = script.split("  zh: {")
    key = re.compile(r'^    "?([\w-]+)"?: "', re.MULTILINE)
    assert key.findall(english) == key.findall(chinese)
    assert len(key.findall(english)) > 100


def test_everything_has_a_name_and_a_place(browser: Browser, served: Served) -> None:
    with opened(browser, served) as page:
        answered(page, doubtful(), archive_id="a1")
        summarised(page, NEWS)
        nameless = """() => [...document.querySelectorAll("input, select, textarea, button, a, dialog")].filter(node =>
            !(node.labels?.length && node.labels[0].textContent.trim()) && !node.textContent.trim()
            && !node.getAttribute("aria-label") && !node.getAttribute("aria-labelledby")).map(node => node.outerHTML)"""
        assert page.evaluate(nameless) == []
        twice = """() => { const ids = [...document.querySelectorAll("[id]")].map(node => node.id);
            return ids.filter((id, at) => ids.indexOf(id) !== at); }"""
        assert page.evaluate(twice) == []
        lost = """() => [...document.querySelectorAll("[for], [aria-labelledby]")]
            .map(node => node.htmlFor ?? node.getAttribute("aria-labelledby"))
            .filter(id => !document.getElementById(id))"""
        assert page.evaluate(lost) == []
        assert page.evaluate("document.querySelector('#summary').ariaLive") == "polite"
        page.get_by_text("More options").click()
        # Every control that is seen is reached by Tab, and shows where the focus is.
        page.locator(".skip").focus()
        reached: set[str] = set()
        for _ in range(40):
            page.keyboard.press("Tab")
            reached.add(
                page.evaluate("document.activeElement.id || document.activeElement.dataset.sentence || ''")
            )
            assert page.evaluate(
                "document.activeElement === document.body || getComputedStyle(document.activeElement).outlineStyle"
            ) in (True, "solid")
        seen = "nodes => nodes.filter(node => node.offsetParent && node.id && node.tabIndex >= 0).map(node => node.id)"
        controls = page.locator("main button, main input, main select, main textarea, nav button, #pages")
        assert set(controls.evaluate_all(seen)) - reached == set()
        assert {"0", "1"} <= reached


def test_nothing_stands_between_a_person_and_an_empty_storage(browser: Browser, served: Served) -> None:
    """A browser that keeps nothing (cookies blocked) still summarises."""
    with opened(browser, served, key=False) as page:
        page.add_init_script(
            "for (const name of ['localStorage', 'sessionStorage'])"
            " Object.defineProperty(window, name, {get() { throw new DOMException('', 'SecurityError'); }});"
        )
        page.reload()
        page.get_by_label("Text to summarise").fill(NEWS)
        page.keyboard.press("Control+Enter")
        page.get_by_label("Key", exact=True).fill(served.secret)
        page.keyboard.press("Enter")
        expect(page.locator("#state")).to_have_text("Summary ready.")
