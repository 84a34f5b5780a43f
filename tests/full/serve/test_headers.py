"""What every answer says to browsers, and whose pages may ask."""

from __future__ import annotations

import gzip

import pytest

from epitome.errors import UsageError
from epitome.serve.guard import origin

from .conftest import Opened

EXPECTED = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def test_every_answer_bears_them(opened: Opened) -> None:
    client = opened()
    stream = {"text": "The heron waited by the sluice. Nobody saw it leave.", "stream": True}
    answers = [
        client.get("/healthz"), client.get("/v1/models"), client.get("/none"), client.get("/v1/summaries"),
        client.post("/v1/summaries", json={}), client.post("/v1/summaries", json=stream),
        client.get("/v1/models", headers={"Authorization": ""}),
        client.post("/v1/summaries", content=b"a" * (17 * 2**20)),
    ]  # fmt: skip
    assert [answer.status_code for answer in answers] == [200, 200, 404, 405, 400, 200, 401, 413]
    for answer in answers:
        assert {name: answer.headers.get(name) for name in EXPECTED} == EXPECTED, answer.request.url
        assert "x-request-id" in answer.headers
        assert "server" not in answer.headers
        assert "strict-transport-security" not in answer.headers  # only over TLS


def test_no_page_may_ask_unless_its_origin_is_named(opened: Opened) -> None:
    asking = {"Origin": "https://news.example", "Access-Control-Request-Method": "POST"}
    closed = opened().options("/v1/summaries", headers=asking)
    assert closed.status_code == 405
    assert not [name for name in closed.headers if name.startswith("access-control")]

    client = opened(origins=["https://news.example"])
    allowed = client.options(
        "/v1/summaries", headers=asking | {"Access-Control-Request-Headers": "authorization, content-type"}
    )
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == "https://news.example"
    assert "access-control-allow-credentials" not in allowed.headers
    other = client.options("/v1/summaries", headers=asking | {"Origin": "https://evil.example"})
    assert other.status_code == 400
    assert "access-control-allow-origin" not in other.headers
    refused = client.get("/v1/models", headers={"Origin": "https://news.example", "Authorization": ""})
    assert refused.status_code == 401
    assert (
        refused.headers["access-control-allow-origin"] == "https://news.example"
    )  # so that the page can read why


@pytest.mark.parametrize("named", ["https://news.example", "http://127.0.0.1:8080", "http://[::1]:3000"])
def test_an_origin_is_a_scheme_a_host_and_a_port(named: str) -> None:
    assert origin(named) == named


@pytest.mark.parametrize(
    "named", ["news.example", "https://news.example/", "null", "*", "https://NEWS.example", "https://a b", ""]
)
def test_what_no_browser_sends_is_refused(named: str) -> None:
    with pytest.raises(UsageError, match="no origin of a page"):
        origin(named)


@pytest.mark.parametrize(
    "body",
    [
        b'{"text": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"text": "a", "seed": ' + b"9" * 100_000 + b"}",
        b'{"text": "a", "seed": 1e999}',
        b'{"text": "a", "candidates": NaN}',
        b'{"text": "\\ud800 a b c."}',
        b"\xff\xfe{\x00}\x00",
        gzip.compress(b'{"text": "a b c."}'),
        b'{"text": "' + b"a" * 10_000_001 + b'"}',
    ],
    ids=["deep", "long number", "infinite", "no number", "half a character", "UTF-16", "gzip", "long text"],
)
def test_a_body_made_to_hurt_is_refused(opened: Opened, body: bytes) -> None:
    headers = {
        "Content-Type": "application/json",
        "Content-Encoding": "gzip" if body[:2] == b"\x1f\x8b" else "identity",
    }
    answer = opened().post("/v1/summaries", content=body, headers=headers)
    assert answer.status_code in (400, 422), answer.text[:200]
    assert len(answer.content) < 1000
