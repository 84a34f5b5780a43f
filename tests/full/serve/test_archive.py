"""Summaries that are kept, found, rated and removed."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.full.serve.office import FERRY, ended, office

from epitome.desk.database import Database

LOCK = "The lock at Braun was closed for repairs in March. Two barges waited 50% longer than planned."


def found(client: TestClient, **params: Any) -> list[str]:
    return [row["id"] for row in client.get("/v1/archive", params=params).json()["summaries"]]


def test_what_is_given_can_be_found_again(database: Database) -> None:
    with office(database, archive="summaries") as client:
        asked = {"text": FERRY, "title": "Ferries", "sentences": 1, "seed": 3}
        ferry = client.post("/v1/summaries", json=asked).json()
        lock = client.post("/v1/summaries", json={"text": LOCK, "title": "A lock", "sentences": 2}).json()
        assert found(client) == [lock["archive_id"], ferry["archive_id"]]
        assert found(client, limit=1) == [lock["archive_id"]]
        assert found(client, before=lock["archive_id"]) == [ferry["archive_id"]]
        for words, hits in (
            ("ferries", 1),
            ("A LOCK", 1),
            ("braun LOCK", 1),
            ("50%", 1),
            ("5_%", 0),
            ("a\0", 2),
        ):
            assert len(found(client, q=words)) == hits, words
        kept = client.get(f"/v1/archive/{ferry['archive_id']}").json()
        assert kept["request"] == {"title": "Ferries", "sentences": 1, "seed": 3}
        assert kept["summary"]["text"] == ferry["text"]
        assert kept["document"] is None
        assert ferry["sentences"][0]["sources"][0]["text"] in FERRY
        # A passage is a piece of the document, which is not kept; where it stands is.
        assert kept["summary"]["sentences"][0]["sources"][0] == ferry["sentences"][0]["sources"][0] | {
            "text": ""
        }


def test_documents_are_kept_where_that_is_asked_for(database: Database) -> None:
    with office(database, archive="documents") as client:
        told = client.post("/v1/summaries", json={"text": FERRY, "stream": True}).text
        (identity,) = found(client)
        assert identity in told
        kept = client.get(f"/v1/archive/{identity}").json()
        assert kept["document"] == FERRY
        assert kept["summary"]["sentences"][0]["sources"][0]["text"] in FERRY


@pytest.mark.parametrize("stream", [False, True])
def test_chats_and_jobs_are_archived_too(database: Database, stream: bool) -> None:
    with office(database, archive="summaries") as client:
        asked = {"messages": [{"role": "user", "content": FERRY}], "stream": stream, "seed": 1}
        told = client.post("/v1/chat/completions", json=asked).text
        (chat,) = found(client)
        assert chat in told
        assert client.get(f"/v1/archive/{chat}").json()["request"] == {"seed": 1}
        job = client.post("/v1/jobs", json={"documents": [{"text": FERRY}, {"text": LOCK}]}).json()
        results = ended(client, job["id"])["results"]
        assert set(found(client)) == {chat, *(result["summary"]["archive_id"] for result in results)}


def test_nothing_is_kept_unless_that_is_asked_for(database: Database) -> None:
    with office(database) as client:
        assert "archive_id" not in client.post("/v1/summaries", json={"text": FERRY}).json()
        assert found(client) == []


def test_people_say_what_a_summary_is_worth(database: Database) -> None:
    with office(database, archive="summaries") as client:
        identity = client.post("/v1/summaries", json={"text": FERRY}).json()["archive_id"]
        for rating in ("up", "down", 1, 5):
            said = {"summary": identity, "rating": rating, "comment": "Too\0 long"}
            assert client.post("/v1/feedback", json=said).status_code == 201
        heard = client.get(f"/v1/archive/{identity}").json()["feedback"]
        assert [one["rating"] for one in heard] == ["up", "down", "1", "5"]
        assert heard[0]["comment"] == "Too long"
        for bad in (
            {"rating": 0},
            {"rating": 6},
            {"rating": "fine"},
            {"rating": True},
            {"summary": "x"},
            {"stars": 3},
        ):
            said = {"summary": identity, "rating": "up"} | bad
            assert client.post("/v1/feedback", json=said).status_code == 400, bad
        assert client.post("/v1/feedback", json={"summary": "0" * 32, "rating": 1}).status_code == 404


def test_a_key_has_its_own_archive(database: Database) -> None:
    with office(database, archive="summaries") as client:
        identity = client.post("/v1/summaries", json={"text": FERRY}).json()["archive_id"]
        _, secret = client.app.state.keys.make("other")  # type: ignore[attr-defined]
        theirs = {"Authorization": f"Bearer {secret}"}
        assert client.get("/v1/archive", headers=theirs).json() == {"summaries": []}
        for method in ("GET", "DELETE"):
            assert client.request(method, f"/v1/archive/{identity}", headers=theirs).status_code == 404
        said = {"summary": identity, "rating": 1}
        assert client.post("/v1/feedback", json=said, headers=theirs).status_code == 404
        assert client.post("/v1/feedback", json=said).status_code == 201
        assert client.delete(f"/v1/archive/{identity}").status_code == 204
        assert client.delete(f"/v1/archive/{identity}").status_code == 404
        assert found(client) == []
