"""What a key may ask for, and how much in a day."""

from __future__ import annotations

from fastapi.testclient import TestClient

from epitome.desk.keys import SCOPES, Keys

from .conftest import Opened

TEXT = "The heron waited by the sluice. Nobody saw it leave."


def bearing(client: TestClient, **limits: object) -> dict[str, str]:
    """The header of a new key."""
    keys: Keys = client.app.state.keys  # type: ignore[attr-defined]
    return {"Authorization": f"Bearer {keys.make('one', **limits)[1]}"}  # type: ignore[arg-type]


def test_a_key_is_for_what_it_was_made_for(opened: Opened) -> None:
    client = opened()
    headers = bearing(client, scopes=["checks", "archive"])
    checked = client.post("/v1/checks", json={"text": TEXT, "summary": "The heron waited."}, headers=headers)
    assert checked.status_code == 200
    for path in ("/v1/models", "/v1/archive"):
        assert client.get(path, headers=headers).status_code == 200
    for path in ("/v1/summaries", "/v1/jobs", "/v1/chat/completions"):
        refused = client.post(path, json={"text": TEXT}, headers=headers)
        assert refused.status_code == 403
        assert refused.json()["error"]["type"] == "permission_error"
    assert client.get("/v1/jobs/" + "0" * 32, headers=headers).status_code == 403
    assert client.post("/v1/feedback", json={}, headers=headers).status_code == 400  # of the archive


def test_every_route_has_its_scope(opened: Opened) -> None:
    paths = opened().app.openapi()["paths"]  # type: ignore[attr-defined]
    parts = {path.split("/")[2] for path in paths if path.startswith("/v1/")}
    assert parts - {"models", "feedback"} == set(SCOPES)


def test_a_day_counts_documents(opened: Opened) -> None:
    client = opened()
    headers = bearing(client, per_day=6)
    batch = {"documents": [{"text": TEXT}] * 4}
    assert client.post("/v1/summaries", json={"text": TEXT}, headers=headers).status_code == 200
    assert client.post("/v1/jobs", json=batch, headers=headers).status_code == 202
    assert client.get("/v1/jobs", headers=headers).status_code == 200
    refused = client.post("/v1/jobs", json=batch, headers=headers)
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 86_401
    assert "6 documents a day" in refused.json()["error"]["message"]
