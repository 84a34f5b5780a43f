"""What the service writes to its log: one line a request, and never what was asked or answered."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import APIRouter

from epitome.serve import logs

from .conftest import Opened

TEXT = "The moonlit heron waited by the sluice. Nobody in Aldermere saw it leave before the rain."
Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def log(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """What was logged since it was last asked for; afterwards the log is as it was."""
    kept = {name: logging.getLogger(name).level for name in ("", "epitome", "uvicorn")}
    handlers = logging.getLogger().handlers[:]
    yield lambda: capsys.readouterr().err
    logging.getLogger().handlers[:] = handlers
    for name, level in kept.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture
def lines(log: Callable[[], str]) -> Lines:
    """The same, as JSON."""
    return lambda: [json.loads(line) for line in log().splitlines()]


def test_a_request_is_one_line_with_its_id_key_route_status_seconds_and_tokens(
    opened: Opened, lines: Lines
) -> None:
    logs.configure("json", "info")
    client = opened("default")
    answer = client.post(
        "/v1/summaries", json={"text": TEXT, "style": "sentence"}, headers={"X-Request-Id": "r-1"}
    )
    assert answer.status_code == 200
    (line,) = lines()
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
    assert 0 < line.pop("seconds") < 60
    assert re.fullmatch(r"[0-9a-f]{8}", line.pop("key"))
    assert line == {
        "level": "info", "logger": "epitome.serve", "message": "request", "request_id": "r-1", "method": "POST",
        "route": "/v1/summaries", "status": 200, "prompt_tokens": answer.json()["prompt_tokens"],
        "generated_tokens": answer.json()["generated_tokens"],
    }  # fmt: skip


def test_neither_text_nor_secret_is_logged_whatever_happens(opened: Opened, lines: Lines) -> None:
    logs.configure("json", "info")
    client = opened()
    secret = client.headers["Authorization"].removeprefix("Bearer ")
    router = APIRouter()

    @router.post("/broken/{name}")
    async def broken(name: str, body: dict[str, str]) -> None:
        raise ValueError(f"{name} cannot read {body['text']}")

    client.app.include_router(router, prefix="/v1")  # type: ignore[attr-defined]
    assert client.post("/v1/broken/anna", json={"text": TEXT}).status_code == 500
    assert client.post("/v1/summaries", json={"text": TEXT}).status_code == 200
    assert client.post("/v1/summaries", json={"text": TEXT, "colour": TEXT}).status_code == 400
    assert client.post("/v1/summaries", content=TEXT).status_code == 400
    assert client.post("/v1/summaries", json={"url": f"http://127.0.0.1:1/{TEXT}"}).status_code == 422
    assert client.get(f"/v1/{TEXT}?text={TEXT}").status_code == 404
    assert client.get("/v1/models", headers={"Authorization": f"Bearer {secret}x"}).status_code == 401
    found = lines()
    written = json.dumps(found)
    assert secret not in written
    assert not re.search("heron|Aldermere|anna", written)
    failed, request = found[:2]
    assert failed["level"] == "error"
    assert failed["error"] == "ValueError"
    assert 'in broken\n    raise ValueError(f"{name} cannot read' in failed["traceback"]
    assert failed["request_id"] == request["request_id"]
    assert (request["route"], request["status"], request["error"]) == ("/v1/broken/{name}", 500, "ValueError")
    assert [line.get("error") for line in found[3:]] == [None, None, "SourceError", None, "RefusedError"]


def test_an_unexpected_error_has_the_shape_and_headers_of_any_other(opened: Opened, lines: Lines) -> None:
    logs.configure("json", "info")
    client = opened()

    @client.app.get("/broken")  # type: ignore[attr-defined]
    async def broken() -> None:
        raise ValueError("a secret")

    answer = client.get("/broken")
    assert answer.status_code == 500
    assert answer.json()["error"]["message"] == "unexpected ValueError; the server's log has it"
    assert answer.headers["x-request-id"] == lines()[0]["request_id"]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("named", ["", "two words", "a" * 65, "é", "x\ty"])
def test_a_request_id_that_is_no_plain_word_is_replaced(opened: Opened, named: str) -> None:
    answer = opened().get("/healthz", headers={"X-Request-Id": named.encode()})
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"])


def test_what_machines_ask_every_few_seconds_is_told_only_to_who_debugs(opened: Opened, lines: Lines) -> None:
    logs.configure("json", "info")
    client = opened()
    for path in ("/healthz", "/readyz", "/metrics"):
        client.get(path)
    assert lines() == []
    logs.configure("json", "debug")
    client.get("/healthz")
    assert [line["level"] for line in lines()] == ["debug"]


def test_text_lines_are_for_people(opened: Opened, log: Callable[[], str]) -> None:
    logs.configure("text", "info")
    opened().get("/v1/models", headers={"X-Request-Id": "r-2"})
    line = r"\S+Z info request request_id=r-2 method=GET route=/v1/models status=200 seconds=[\d.]+ key=[0-9a-f]{8}\n"
    assert re.fullmatch(line, log())


def test_libraries_say_only_what_went_wrong(lines: Lines) -> None:
    logs.configure("json", "info")
    logging.getLogger("some.library").warning("discarded %s", TEXT)
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
    assert [line["logger"] for line in lines()] == ["uvicorn.error"]
