"""Clients that are slow, go away, or send what no client should; and what becomes of the service."""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.full.serve.house import House, house, until
from tests.full.serve.office import FERRY, LONG

from epitome import Summarizer
from epitome.serve import guard
from epitome.serve.guard import LARGEST
from epitome.serve.service import Service
from epitome.types import Document, Request

BOOK = {"text": LONG, "sentences": 12, "candidates": 8, "seed": 0}
"""It takes long enough to be given up on the way."""


@pytest.fixture(scope="module")
def copying(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A service that copies sentences: done at once."""
    with house(tmp_path_factory.mktemp("copying"), Service(Summarizer("lexrank"), parallel=2)) as opened:
        yield opened


@pytest.fixture(scope="module")
def writing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A service that writes one summary at a time."""
    service = Service(Summarizer(engine="llamacpp", adapter="none"), parallel=1)
    with house(tmp_path_factory.mktemp("writing"), service) as opened:
        yield opened


# -- slow


def answer_to_drops(opened: House, head: bytes) -> bytes:
    """What comes back to a client that sends `head` and then a byte a tenth of a second, until it is cut off."""
    with opened.connect() as client:
        client.sendall(head)
        client.settimeout(0.1)
        got, began = b"", time.monotonic()
        while time.monotonic() < began + 60:
            try:
                client.sendall(b"a")
                more = client.recv(65536)
            except TimeoutError:
                continue
            except OSError:  # it was cut off
                return got
            if not more:
                return got
            got += more
    raise AssertionError("it was never cut off")


def test_a_head_that_does_not_come_is_not_waited_for(copying: House) -> None:
    assert answer_to_drops(copying, b"") == b""
    assert answer_to_drops(copying, b"GET /healthz HTTP/1.1\r\nHost: test\r\nX-Slow: ") == b""


def test_a_body_that_does_not_come_is_told_so(copying: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "BODY_SECONDS", 0.5)
    answer = answer_to_drops(copying, copying.head(10_000))
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["message"]


def test_a_connection_that_is_kept_may_be_silent_longer_than_a_head_may_take(copying: House) -> None:
    for _ in range(2):
        assert copying.client.get("/healthz").status_code == 200
        time.sleep(0.7)
    assert copying.client.get("/healthz").status_code == 200


# -- gone


def asked(opened: House, **fields: Any) -> Any:
    """A connection on which a summary of the book is asked for."""
    body = json.dumps(BOOK | fields).encode()
    client = opened.connect()
    client.sendall(opened.head(len(body)) + body)
    return client


def test_the_work_for_a_client_that_goes_away_ends(writing: House) -> None:
    done: list[Document] = []
    writing.service.told.append(lambda document, *_: done.append(document))
    with asked(writing):
        until(lambda: writing.service.room.running == 1)
        with asked(writing, seed=1):
            until(lambda: writing.service.held == 2)
        until(lambda: writing.service.held == 1)  # the one that waited
        assert writing.service.room.running == 1
    until(lambda: writing.service.held == 0)
    assert not done
    assert writing.metric('epitome_requests_total{route="/v1/summaries",status="499"}') == 2


def test_the_work_for_a_client_that_goes_away_in_a_stream_ends(writing: House) -> None:
    with asked(writing, stream=True, candidates=1) as client:
        got = b""
        while b"event: piece" not in got:
            more = client.recv(65536)
            assert more, got
            got += more
        assert writing.service.held == 1
    until(lambda: writing.service.held == 0)
    assert b"event: summary" not in got


def test_time_that_is_over_ends_the_work_too(writing: House) -> None:
    with asked(writing):
        until(lambda: writing.service.room.running == 1)
        late = writing.client.post("/v1/summaries", json=BOOK | {"seed": 1, "timeout": 0.2})
        assert late.status_code == 504
        assert late.json()["error"]["type"] == "timeout"
        assert writing.service.held == 1
        turns = [{"role": "user", "content": LONG}]
        late = writing.client.post(
            "/v1/chat/completions", json={"messages": turns, "timeout": 0.2, "stream": True}
        )
        assert "not done in 0.2 seconds" in late.text
        assert late.text.endswith("data: [DONE]\n\n")
    until(lambda: writing.service.held == 0)
    late = writing.client.post("/v1/summaries", json=BOOK | {"timeout": 1, "stream": True})
    assert late.text.startswith("event: ")
    assert "event: error" in late.text
    until(lambda: writing.service.held == 0)


# -- bad


@pytest.mark.parametrize(
    "body",
    [
        b"{nonsense", b"", b"\xff\xfe\x00", b'{"text": "\xff"}', b"[" * 100_000, b'{"text": ' + b"[" * 100_000,
        b'{"text": "a", "seed": ' + b"9" * 10_000 + b"}", b'{"text": "a", "seed": NaN}', b'"text"', b"null",
        b'{"text": "\\ud800"}', b'{"text": "a", "\\ud800": 1}', b'{"text": "a", "timeout": Infinity}',
        b'{"text": "a", "timeout": -1}', b'{"text": "a", "timeout": 1e300}',
    ],
    ids=range(15),
)  # fmt: skip
@pytest.mark.parametrize("path", ["/v1/summaries", "/v1/chat/completions", "/v1/checks", "/v1/jobs"])
def test_a_body_that_makes_no_sense_is_refused(copying: House, path: str, body: bytes) -> None:
    answer = copying.client.post(path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_heads_and_bodies_without_end_are_cut_off(copying: House) -> None:
    with copying.connect() as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nX-Long: " + b"a" * 2**17)
        assert client.recv(65536).startswith(b"HTTP/1.1 400 ")
    with copying.connect() as client:
        client.sendall(copying.head(2**40))
        sent = 0
        with contextlib.suppress(OSError):
            while sent < 2 * LARGEST:
                client.sendall(b" " * 2**17)
                sent += 2**17
        assert sent < 2 * LARGEST
    assert copying.client.get("/healthz").status_code == 200


def test_bodies_that_are_too_much_together_are_refused(
    copying: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "TOGETHER", 1000)
    with copying.connect() as first, copying.connect() as second:
        first.sendall(copying.head(1400) + b" " * 700)
        time.sleep(0.3)
        second.sendall(copying.head(1400) + b" " * 700)
        answer = second.recv(65536)
        assert answer.startswith(b"HTTP/1.1 429 ")
        assert b"retry-after: 2" in answer.lower()
    until(lambda: copying.client.post("/v1/summaries", json={"text": FERRY}).status_code == 200)


# -- dying, crowding, ending


class Dying(Summarizer):
    """Its thread ends over some documents."""

    def as_finished(self, sources: Any, request: Request, **options: Any) -> Any:
        """What a crash in a library may look like from outside."""
        if "deadly" in sources[0].text:
            sys.exit(1)
        return super().as_finished(sources, request, **options)


def test_a_thread_that_dies_takes_nothing_along(tmp_path: Path) -> None:
    with house(tmp_path, Service(Dying("lexrank"), parallel=1)) as opened:
        for _ in range(3):
            asked = {"text": f"deadly. {FERRY}"}
            answer = opened.client.post("/v1/summaries", json=asked, headers={"Connection": "close"})
            assert answer.status_code == 500
            assert answer.json()["error"]["type"] == "server_error"
        assert opened.client.post("/v1/summaries", json={"text": FERRY}).status_code == 200
        assert opened.service.held == 0


def test_a_key_with_one_document_is_served_beside_one_with_many(tmp_path: Path) -> None:
    with house(tmp_path, Service(Summarizer("lexrank"), parallel=1, cache=0)) as opened:
        other = {"Authorization": f"Bearer {opened.keys.make('other')[1]}"}
        done: list[str] = []

        def ask(name: str, headers: dict[str, str] | None = None) -> None:
            asked = {"text": LONG, "title": name}
            assert opened.client.post("/v1/summaries", json=asked, headers=headers).status_code == 200
            done.append(name)

        with ThreadPoolExecutor(20) as threads:
            for number in range(16):
                threads.submit(ask, f"many {number}")
            until(lambda: opened.service.held >= 10)
            threads.submit(ask, "one", other)
        assert len(done) == 17
        assert done.index("one") < 15


def test_when_the_server_ends_what_waits_is_sent_to_another(tmp_path: Path) -> None:
    with house(tmp_path, Service(Summarizer("lexrank"), parallel=1, cache=0)) as opened:

        def ask(number: int) -> httpx.Response:
            return opened.client.post("/v1/summaries", json={"text": LONG, "title": str(number)})

        with ThreadPoolExecutor(8) as threads:
            answers = [threads.submit(ask, number) for number in range(8)]
            until(lambda: opened.service.held == 8)
            opened.server.handle_exit(signal.SIGTERM, None)
            found = [answer.result() for answer in answers]
        assert sorted({answer.status_code for answer in found}) == [200, 503]
        refused = next(answer for answer in found if answer.status_code == 503)
        assert int(refused.headers["retry-after"]) > 0
        assert "about to end" in refused.json()["error"]["message"]


def test_what_was_asked_before_is_answered_at_once_but_to_its_key_alone(copying: House) -> None:
    hits, misses = (f'epitome_cache_requests_total{{result="{result}"}}' for result in ("hit", "miss"))
    other = {"Authorization": f"Bearer {copying.keys.make('other')[1]}"}
    asked = {"text": LONG, "title": "Herring", "style": "sentence"}
    hit, missed = copying.metric(hits), copying.metric(misses)
    first = copying.client.post("/v1/summaries", json=asked).json()
    assert (copying.metric(hits), copying.metric(misses)) == (hit, missed + 1)
    again = copying.client.post("/v1/summaries", json=asked | {"timeout": 60}).json()
    assert again == first
    streamed = copying.client.post("/v1/summaries", json=asked | {"stream": True}).text
    assert json.loads(streamed.rpartition("data: ")[2]) == first
    assert copying.metric(hits) == hit + 2
    copying.client.post("/v1/summaries", json=asked, headers=other)
    copying.client.post("/v1/summaries", json=asked | {"seed": 1})
    assert (copying.metric(hits), copying.metric(misses)) == (hit + 2, missed + 3)
    assert copying.metric("epitome_cache_bytes") > 0


def test_it_is_not_ready_before_the_engine_has_answered(tmp_path: Path) -> None:
    service = Service(Summarizer("lexrank"))
    with house(tmp_path, service) as opened:
        assert opened.client.get("/readyz").status_code == 200
        service.ready = False
        assert opened.client.get("/readyz").text == "starting"
        service.warm()
        assert opened.client.get("/readyz").status_code == 200
        service.draining = True
        answer = opened.client.get("/readyz")
        assert (answer.status_code, answer.text) == (503, "draining")


def test_more_time_than_there_is_cannot_be_asked_for(tmp_path: Path) -> None:
    with house(tmp_path, Service(Summarizer("lexrank"), timeout=30)) as opened:
        answer = opened.client.post("/v1/summaries", json={"text": FERRY, "timeout": 31})
        assert answer.status_code == 400
        assert "at most 30 seconds" in answer.json()["error"]["message"]
        assert opened.client.post("/v1/summaries", json={"text": FERRY, "timeout": 30}).status_code == 200
        answer = opened.client.post("/v1/jobs", json={"text": FERRY, "timeout": 30})
        assert answer.status_code == 400
