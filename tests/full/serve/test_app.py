"""The service over HTTP, with the real default model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

from epitome import Summarizer
from epitome.desk.database import connect
from epitome.desk.keys import Keys
from epitome.serve.app import application
from epitome.serve.guard import LARGEST
from epitome.serve.service import Service

FERRY = (
    "The ferry to Kell left the old harbour at dawn with 212 people and eleven lorries on board. The county had paid "
    "for a new engine after two winters without any crossing."
)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(connect(tmp_path_factory.mktemp("desk") / "d.sqlite"))


@pytest.fixture(scope="module")
def client(keys: Keys) -> Iterator[TestClient]:
    _, secret = keys.make("tests")
    service = Service(Summarizer(engine="llamacpp"), parallel=2, waiting=2)
    with TestClient(application(service, keys), headers={"Authorization": f"Bearer {secret}"}) as opened:
        yield opened


def test_only_what_tells_nothing_is_open(client: TestClient) -> None:
    for path in ("/healthz", "/readyz", "/metrics", "/openapi.json"):
        assert client.get(path, headers={"Authorization": ""}).status_code == 200
    for header in ("", "Bearer", "Bearer ep_1_2", "Basic abc"):
        for method, path in (
            ("POST", "/v1/summaries"),
            ("POST", "/v1/chat/completions"),
            ("GET", "/v1/models"),
        ):
            answer = client.request(method, path, headers={"Authorization": header})
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.json()["error"]["type"] == "authentication_error"


def test_a_summary_is_what_the_command_prints(client: TestClient) -> None:
    answer = client.post("/v1/summaries", json={"text": FERRY, "style": "sentence"})
    assert answer.status_code == 200
    summary = answer.json()
    assert {
        "text",
        "sentences",
        "unmet",
        "read_share",
        "model",
        "adapter",
        "language",
        "seconds",
    } <= summary.keys()
    assert summary["sentences"][0]["sources"][0]["text"] in FERRY
    assert summary["sentences"][0]["supported"] is True
    named = client.post("/v1/summaries", json={"text": FERRY, "adapter": "plain"}).json()
    assert named["adapter"] == "plain"
    assert summary["adapter"] is None
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert client.get("/healthz", headers={"X-Request-Id": "mine"}).headers["x-request-id"] == "mine"


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({}, 400, "a text or a url"),
        ({"text": " "}, 400, "empty"),
        ({"text": "a", "url": "http://example.org"}, 400, "one of them"),
        ({"text": "a", "words": "0"}, 400, "no text has that length"),
        ({"text": "a", "style": "poem"}, 400, "style"),
        ({"text": "a b c.", "style": "highlights"}, 400, "marks no highlights"),
        ({"text": "a", "colour": "red"}, 400, "colour"),
        ({"text": "a b c.", "adapter": "../x"}, 400, "no adapter"),
        ({"url": "file:///etc/passwd"}, 400, "http or https"),
        ({"url": "http://127.0.0.1:1/"}, 422, "private network"),
        ({"url": "http://localhost:1/"}, 422, "private network"),
        ({"url": "http://[::1]:1/"}, 422, "private network"),
        ({"text": "我们今天开会讨论了明年的预算，并决定增加投入。"}, 400, "knows en"),
    ],
)
def test_bad_requests_are_told_in_one_shape(
    client: TestClient, body: dict[str, Any], status: int, said: str
) -> None:
    answer = client.post("/v1/summaries", json=body)
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert said in error["message"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert "--" not in error["message"]


def test_a_check_is_what_the_command_prints(client: TestClient) -> None:
    asked = {"text": FERRY, "summary": "The ferry to Kell left with 212 people. It carried 30 lorries."}
    found = client.post("/v1/checks", json=asked).json()
    assert [sentence["supported"] for sentence in found["sentences"]] == [True, False]
    assert found["supported"] is False
    assert [fact["text"] for fact in found["facts"]] == ["30"]
    for bad in ({}, {"summary": "", "text": "a"}, {"summary": "a"}):
        assert client.post("/v1/checks", json=bad).status_code == 400


def test_bodies_that_are_no_json_or_too_large(client: TestClient) -> None:
    sent = {"content": b"{nonsense", "headers": {"Content-Type": "application/json"}}
    for more, said in (
        (sent, "the body: no JSON"),
        (sent | {"headers": {"Content-Type": "text/plain"}}, "Content-Type"),
    ):
        answer = client.post("/v1/summaries", **more)
        assert answer.status_code == 400
        assert said in answer.json()["error"]["message"]

    def endless() -> Iterator[bytes]:
        for _ in range(LARGEST // 2**20 + 1):
            yield b"a" * 2**20

    assert client.post("/v1/summaries", content=endless()).status_code == 413


def test_it_streams_pieces_and_then_the_summary(client: TestClient) -> None:
    with client.stream("POST", "/v1/summaries", json={"text": FERRY, "stream": True}) as answer:
        events = [block.split("\n") for block in answer.read().decode().strip().split("\n\n")]
    names = [lines[0].removeprefix("event: ") for lines in events]
    datas = [json.loads(lines[1].removeprefix("data: ")) for lines in events]
    assert names == ["piece"] * (len(names) - 1) + ["summary"]
    assert "".join(data["text"] for data in datas[:-1]) == datas[-1]["text"]
    with client.stream("POST", "/v1/summaries", json={"text": "我们今天开会。", "stream": True}) as answer:
        assert b"event: error" in answer.read()


def test_openai_clients_find_what_they_expect(client: TestClient) -> None:
    assert {"default", "smollm2-135m"} <= {row["id"] for row in client.get("/v1/models").json()["data"]}
    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": FERRY}]
    asked = {"model": "default", "messages": turns, "temperature": 0.2}
    answer = client.post("/v1/chat/completions", json=asked).json()
    assert answer["object"] == "chat.completion"
    assert answer["choices"][0]["finish_reason"] == "stop"
    usage = answer["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 0
    assert answer["read_share"] == 1.0
    assert answer["warnings"][0] == "temperature has no effect here"
    assert "not followed" in answer["warnings"][1]
    parts = [{"role": "user", "content": [{"type": "text", "text": FERRY}]}]
    with client.stream(
        "POST", "/v1/chat/completions",
        json={"messages": parts, "stream": True, "stream_options": {"include_usage": True}},
    ) as streamed:  # fmt: skip
        lines = [line.removeprefix("data: ") for line in streamed.read().decode().split("\n\n") if line]
    assert lines[-1] == "[DONE]"
    chunks = [json.loads(line) for line in lines[:-1]]
    said = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks if chunk["choices"])
    assert said == answer["choices"][0]["message"]["content"]
    assert chunks[-1]["usage"] == usage


@pytest.mark.parametrize(
    "change",
    [
        {"model": "gpt-5"},
        {"n": 2},
        {"tools": [{}]},
        {"stop": ["."]},
        {"response_format": {"type": "json_object"}},
        {"messages": []},
        {"messages": [{"role": "system", "content": "x"}]},
    ],
)
def test_what_it_cannot_serve_is_refused(client: TestClient, change: dict[str, Any]) -> None:
    asked = {"messages": [{"role": "user", "content": FERRY}]} | change
    answer = client.post("/v1/chat/completions", json=asked)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_a_key_has_its_limit(client: TestClient, keys: Keys) -> None:
    _, secret = keys.make("slow", per_minute=2)
    statuses = []
    for _ in range(3):
        answer = client.get("/v1/models", headers={"Authorization": f"Bearer {secret}"})
        statuses.append(answer.status_code)
    assert statuses == [200, 200, 429]
    assert 1 <= int(answer.headers["retry-after"]) <= 61


def test_more_than_fits_is_refused_and_the_rest_is_answered(client: TestClient) -> None:
    long = FERRY * 8

    def ask(seed: int) -> int:
        asked = {"text": long, "style": "sentence", "seed": seed}
        return client.post("/v1/summaries", json=asked).status_code

    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(ask, range(8)))
    assert set(statuses) == {200, 429}
    assert statuses.count(200) >= 4
    assert client.post("/v1/summaries", json={"text": FERRY}).status_code == 200
    metrics = client.get("/metrics").text
    assert 'epitome_requests_total{route="/v1/summaries",status="429"}' in metrics
    assert 'epitome_documents{state="waiting"} 0.0' in metrics
