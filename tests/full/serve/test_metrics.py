"""What Prometheus reads at `/metrics`."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from .conftest import Opened, served

FERRY = (
    "The ferry to Kell left the old harbour at dawn with 212 people and eleven lorries on board. The county had paid "
    "for a new engine after two winters without any crossing. The baker on the quay sold out before noon."
)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A service after a few requests, good and bad."""
    with served(tmp_path_factory.mktemp("desk"), "default") as client:
        assert client.post("/v1/summaries", json={"text": FERRY, "style": "sentence"}).status_code == 200
        with client.stream("POST", "/v1/summaries", json={"text": FERRY, "stream": True}) as answer:
            assert b"event: summary" in answer.read()
        checked = client.post("/v1/checks", json={"text": FERRY, "summary": "The ferry left."})
        assert checked.status_code == 200
        assert client.post("/v1/summaries", json={}).status_code == 400
        assert client.get("/v1/models", headers={"Authorization": "Bearer ep_no_body"}).status_code == 401
        assert client.get("/secrets/of/anna@example.org").status_code == 404
        client.request("BREW", "/v1/models")
        yield client


def values(text: str) -> dict[str, float]:
    """Series by name and labels."""
    rows = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in rows}


def test_it_tells_latency_queue_and_tokens(asked: TestClient) -> None:
    found = values(asked.get("/metrics").text)
    assert found['epitome_requests_total{route="/v1/summaries",status="200"}'] == 2
    assert found['epitome_requests_total{route="/v1/summaries",status="400"}'] == 1
    assert found['epitome_requests_total{route="/v1/models",status="401"}'] == 1
    assert found['epitome_requests_total{route="none",status="404"}'] == 1
    assert found['epitome_request_seconds_count{route="/v1/summaries"}'] == 3
    assert found["epitome_first_token_seconds_count"] == 2
    assert (
        found["epitome_first_token_seconds_sum"] < found['epitome_request_seconds_sum{route="/v1/summaries"}']
    )
    for stage, least in (
        ("queue", 2),
        ("read", 3),
        ("plan", 2),
        ("generate", 2),
        ("choose", 2),
        ("check", 3),
    ):
        assert found[f'epitome_stage_seconds_count{{stage="{stage}"}}'] >= least, stage
    assert found['epitome_tokens_total{kind="prompt"}'] > 2 * 40
    assert found['epitome_tokens_total{kind="generated"}'] > 2 * 5
    assert found['epitome_documents{state="running"}'] == found['epitome_documents{state="waiting"}'] == 0
    assert found["epitome_documents_limit"] == 4 + 64
    assert found["process_resident_memory_bytes"] > 1e7


def test_it_tells_how_good_the_summaries_are(opened: Opened) -> None:
    client = opened("lexrank")
    for words in ("10-40", "200-300"):  # no text has three hundred words about a ferry
        assert client.post("/v1/summaries", json={"text": FERRY, "words": words}).status_code == 200
    assert client.post("/v1/summaries", json={"text": FERRY}).status_code == 200
    found = values(client.get("/metrics").text)
    assert found["epitome_summaries_total"] == 3
    assert found["epitome_sentence_support_count"] >= 3
    assert found["epitome_unsupported_sentences_total"] == 0
    assert found['epitome_length_requests_total{met="yes"}'] == 1
    assert found['epitome_length_requests_total{met="no"}'] == 1
    assert found["epitome_unmet_requests_total"] == 1


def test_labels_have_no_more_values_than_the_application_has_parts(asked: TestClient) -> None:
    text = asked.get("/metrics").text
    assert "anna" not in text
    assert "BREW" not in text
    labels = re.findall(r'(\w+)="([^"]*)"', text)
    assert {name for name, _ in labels} == {
        "route", "status", "stage", "kind", "met", "state", "le", "version", "model", "result", "waited",
    }  # fmt: skip
    routes = {value for name, value in labels if name == "route"}
    assert routes <= {"none", *asked.app.openapi()["paths"], "/openapi.json"}  # type: ignore[attr-defined]


def test_promtool_finds_nothing_to_mend(asked: TestClient) -> None:
    text = asked.get("/metrics").text
    found = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stdout + found.stderr) == (0, "")
