"""The page where people rate: blind, forgiving of double clicks, closed to strangers, and usable by two at once."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser
from tests.base.evaluate.corpus import PAIRS, written
from tests.base.pages.test_pages import Reader

from epitome.evaluate.rating.analyse import analyse
from epitome.evaluate.rating.app import application
from epitome.evaluate.rating.assign import swapped
from epitome.evaluate.rating.store import Store
from epitome.evaluate.rating.study import QUESTIONS, Mode, Plan

SECRET = ("system-of-gold", "system-of-lead")


def opened(folder: Path, mode: Mode = "pairwise") -> Store:
    plan = Plan(mode, QUESTIONS[mode], SECRET, "f" * 64, raters=2)
    texts = {
        SECRET[0]: [pair.summaries[0] for pair in PAIRS],
        SECRET[1]: [pair.document[:60] for pair in PAIRS],
    }
    return Store.create(folder / "study.db", plan, PAIRS, texts)


def client(store: Store, rater: str = "ada", key: str | None = None) -> TestClient:
    found = TestClient(application(store, key=key), base_url="http://127.0.0.1:8100", follow_redirects=True)
    if rater:
        found.post("/rater", data={"name": rater})
    return found


def number(html: str) -> str:
    match = re.search(r'name="item" value="(\d+)"', html)
    assert match is not None
    return match.group(1)


def test_a_rater_judges_item_after_item_to_the_end(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        page = client(store)
        for done in range(len(PAIRS)):
            html = page.get("/").text
            assert f"ada, {done} judged so far" in html
            page.post("/rate", data={"item": number(html), "q0": "left", "started": "0"})
        assert "nothing left for you to judge" in page.get("/").text
        assert len(store.ratings()) == len(PAIRS)


def test_no_system_is_named_anywhere(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        page = client(store)
        answers = [page.get("/"), page.post("/rate", data={"item": "1", "q0": "tie"}), page.post("/undo")]
        for answer in answers:
            assert not any(name in answer.text + str(answer.headers) + str(answer.url) for name in SECRET)


def test_left_and_right_mean_what_was_shown(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        page = client(store)
        for item in range(1, 9):
            page.post("/rate", data={"item": str(item), "q0": "left"})
        for one in store.ratings():
            assert one.value == (-1 if swapped(store.plan, "ada", one.item) else 1)
        assert {one.value for one in store.ratings()} == {1, -1}


def test_sending_twice_or_going_back_counts_once(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        page = client(store)
        for answer in ("left", "left", "tie"):
            page.post("/rate", data={"item": "3", "q0": answer})
        assert [one.value for one in store.ratings()] == [0]
        page.post("/undo")
        page.post("/undo")
        assert store.ratings() == []


@pytest.mark.parametrize(
    "form",
    [{}, {"item": "1"}, {"item": "1", "q0": "up"}, {"item": "999", "q0": "left"}, {"item": "-1", "q0": "left"},
     {"item": "1; DROP TABLE ratings", "q0": "left"}, {"item": "9" * 30, "q0": "left"}, {"item": "٣", "q0": "left"},
     {"item": "²", "q0": "left"}],
)  # fmt: skip
def test_forged_answers_are_refused(tmp_path: Path, form: dict[str, str]) -> None:
    with opened(tmp_path) as store:
        assert client(store).post("/rate", data=form).status_code == 400
        assert store.ratings() == []


def test_nobody_answers_without_a_name(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        page = client(store, rater="")
        assert "Begin" in page.get("/").text
        assert page.post("/rate", data={"item": "1", "q0": "left"}).status_code == 400


def test_any_name_will_do(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        for name in ("Zoë 桥; Path=/", "<b>x</b>", "", "x" * 500):
            page = client(store, rater="")
            assert page.post("/rater", data={"name": name}).status_code == 200
            html = page.get("/").text
            Reader(html)
            assert "<b>x" not in html


def test_likert_asks_every_question(tmp_path: Path) -> None:
    with opened(tmp_path, "likert") as store:
        page = client(store)
        item = number(page.get("/").text)
        assert page.post("/rate", data={"item": item, "q0": "4", "q1": "5"}).status_code == 400
        page.post("/rate", data={"item": item, "q0": "4", "q1": "5", "q2": "1", "comment": "  fine  "})
        assert [(one.question, one.value, one.comment) for one in store.ratings()] == [
            (0, 4, "fine"), (1, 5, "fine"), (2, 1, "fine"),
        ]  # fmt: skip


def test_strangers_are_kept_out(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        page = client(store)
        assert page.get("/", headers={"host": "evil.example"}).status_code == 403
        assert page.post("/undo", headers={"origin": "http://evil.example"}).status_code == 403
        locked = client(store, rater="", key="secret")
        assert locked.get("/").status_code == 401
        assert locked.get("/?key=wrong").status_code == 401
        welcome = locked.get("/?key=secret")
        assert welcome.status_code == 200
        assert "secret" not in str(welcome.url)
        assert locked.get("/", headers={"host": "study.example"}).status_code == 200


def test_every_answer_forbids_what_it_does_not_need(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        page = client(store)
        for answer in (page.get("/"), page.get("/", headers={"host": "evil.example"}), page.get("/nowhere")):
            assert answer.headers["content-security-policy"].startswith("default-src 'none'")
            assert answer.headers["x-content-type-options"] == "nosniff"


def served(folder: Path) -> tuple[subprocess.Popen[str], str]:
    command = [str(Path(sys.executable).with_name("epitome")), "rate", str(written(folder)), "--port", "0"]
    command += ["--system", "lead", "--system", "title", "--study", str(folder / "study.db"), "--raters", "2"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if found := re.search(r"http://\S+", line):
            return process, found.group()
    raise AssertionError("the page did not start")


def test_two_people_rate_in_a_browser_and_the_report_says_what_they_said(
    tmp_path: Path, browser: Browser
) -> None:
    process, address = served(tmp_path)
    for rater, width in (("Ada", 1280), ("Bob", 360)):
        page = browser.new_context(viewport={"width": width, "height": 800}).new_page()
        problems: list[str] = []
        page.on("console", lambda message, seen=problems: seen.append(message.text))
        page.goto(address)
        page.fill("#name", rater)
        page.keyboard.press("Enter")
        for judged in range(len(PAIRS)):
            page.wait_for_selector(f"text=/{rater}, {judged} judged/")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            texts = page.locator(".side .text").all_inner_texts()
            titles = {pair.title for pair in PAIRS}
            page.keyboard.press("1" if texts[0] in titles else "2")
            page.keyboard.press("Enter")
        page.wait_for_selector("text=/nothing left/")
        assert problems == []
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with Store(tmp_path / "study.db") as store:
        findings = analyse(store.plan, store.items(), store.ratings())
    assert findings.raters == {"Ada": len(PAIRS), "Bob": len(PAIRS)}
    assert {one.system: one.mean for one in findings.standings} == {"lead": 0.0, "title": 1.0}
    assert findings.duels[0].corrected < 0.05
