"""Jobs over HTTP, on both databases. The model copies sentences, so that nothing here waits for one that writes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.full.serve.office import FERRY, LONG, ended, office

from epitome.desk.database import Database
from epitome.desk.jobs import Jobs
from epitome.desk.queue import Queue
from epitome.serve import app, jobs
from epitome.serve.asked import SummaryAsked
from epitome.serve.service import Service
from epitome.types import Document

Body = dict[str, Any]


@pytest.fixture
def client(database: Database) -> Iterator[TestClient]:
    with office(database) as opened:
        yield opened


def test_a_job_gives_what_the_request_would_have_given(client: TestClient) -> None:
    asked = {"text": FERRY, "title": "Ferry", "sentences": 1}
    answer = client.post("/v1/jobs", json=asked)
    assert answer.status_code == 202
    job = answer.json()
    assert answer.headers["location"] == f"/v1/jobs/{job['id']}"
    assert (job["state"], job["progress"]) == ("queued", {"documents": 1, "done": 0, "failed": 0})
    done = ended(client, job["id"])
    assert done["state"] == "done"
    assert done["created"] <= done["started"] <= done["finished"]
    summary = done["result"]["summary"]
    at_once = client.post("/v1/summaries", json=asked).json()
    assert summary | {"seconds": 0} == at_once | {"seconds": 0}
    assert 'epitome_tokens_total{kind="prompt"}' in client.get("/metrics").text


def test_a_batch_keeps_its_order_and_says_what_failed(client: TestClient) -> None:
    documents: list[Body] = [{"text": f"Ferry number {at} left for Kell at dawn."} for at in range(12)]
    documents[3] = {"url": "http://127.0.0.1:1/"}
    documents[5] = {"text": FERRY, "adapter": "none", "words": "3-9"}
    job = client.post("/v1/jobs", json={"documents": documents}).json()
    done = ended(client, job["id"])
    assert done["state"] == "done"
    assert done["progress"] == {"documents": 12, "done": 11, "failed": 1}
    assert "private network" in done["results"][3]["error"]["message"]
    for number in (0, 1, 11):
        assert f"number {number} " in done["results"][number]["summary"]["text"]
    alone = ended(
        client, client.post("/v1/jobs", json={"documents": [{"url": "http://[::1]/"}]}).json()["id"]
    )
    assert alone["state"] == "failed"


def test_what_is_finished_of_a_cancelled_batch_stays(client: TestClient) -> None:
    asked = {"documents": [{"text": FERRY}, *[{"text": LONG + str(number)} for number in range(150)]]}
    job = client.post("/v1/jobs", json=asked).json()
    while client.get(f"/v1/jobs/{job['id']}").json()["progress"]["done"] < 1:
        time.sleep(0.01)
    cancelled = client.delete(f"/v1/jobs/{job['id']}").json()
    assert cancelled["state"] == "cancelled"
    assert 1 <= cancelled["progress"]["done"] < 151
    assert cancelled["results"][0]["summary"]["text"]
    assert cancelled["results"][150] is None
    time.sleep(0.3)
    assert client.delete(f"/v1/jobs/{job['id']}").json() == cancelled
    assert client.post("/v1/summaries", json={"text": FERRY}).status_code == 200
    other = client.post("/v1/jobs", json={"text": FERRY}).json()
    assert ended(client, other["id"])["state"] == "done"


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({}, 400, "a text or a url"),
        ({"documents": []}, 400, "documents"),
        ({"documents": [{"text": "a"}], "style": "tldr"}, 400, "style: it goes into each"),
        ({"documents": [{"text": "a"}, {"text": " "}]}, 400, "documents.1: text: it is empty"),
        ({"documents": [{"text": "a", "words": "9-3"}]}, 400, "documents.0: "),
        ({"documents": [{"text": "a", "documents": []}]}, 400, "documents"),
        ({"documents": [{"text": "a"}] * 1001}, 400, "documents"),
        ({"text": "a", "stream": True}, 400, "does not stream"),
        ({"text": "a", "webhook": "ftp://example.org"}, 400, "http or https"),
        ({"text": "a", "webhook": "http://"}, 400, "http or https"),
        ({"text": "a", "webhook": "http://[::1"}, 400, "http or https"),
        ({"text": "a", "webhook": "http://example.org:99999/"}, 400, "http or https"),
        ({"text": "a", "webhook": "http://example.org:0/"}, 400, "http or https"),
        ({"text": "a", "webhook": "http://127.0.0.1:9/"}, 422, "private network"),
        ({"text": "a", "webhook": "http://localhost/"}, 422, "private network"),
        ({"text": "a", "webhook": "http://no-such-host.invalid/"}, 422, "cannot be found"),
    ],
)
def test_bad_jobs_are_refused_at_once(tmp_path: Any, body: Body, status: int, said: str) -> None:
    with office(tmp_path / "d.sqlite") as client:
        answer = client.post("/v1/jobs", json=body)
        assert answer.status_code == status, answer.text
        assert said in answer.json()["error"]["message"]
        assert client.get("/v1/jobs").json() == {"jobs": []}


def test_a_job_that_is_sent_twice_is_done_once(client: TestClient) -> None:
    headers = {"Idempotency-Key": "monday"}
    first = client.post("/v1/jobs", json={"text": FERRY}, headers=headers)
    again = client.post("/v1/jobs", json={"text": FERRY}, headers=headers)
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json()["id"] == again.json()["id"]
    other = client.post("/v1/jobs", json={"text": FERRY + " More."}, headers=headers)
    assert other.status_code == 409
    assert "another job" in other.json()["error"]["message"]
    for bad in ("", "x" * 201, "é"):
        headers = {"Idempotency-Key": bad.encode("latin-1")}
        assert client.post("/v1/jobs", json={"text": FERRY}, headers=headers).status_code == 400


def test_a_key_sees_its_own_jobs(client: TestClient) -> None:
    mine = [client.post("/v1/jobs", json={"text": f"{FERRY} {at}"}).json()["id"] for at in range(3)]
    page = client.get("/v1/jobs", params={"limit": 2}).json()["jobs"]
    assert [job["id"] for job in page] == mine[:0:-1]
    (last,) = client.get("/v1/jobs", params={"before": page[-1]["id"]}).json()["jobs"]
    assert last["id"] == mine[0]
    _, secret = client.app.state.keys.make("other")  # type: ignore[attr-defined]
    theirs = {"Authorization": f"Bearer {secret}"}
    assert client.get("/v1/jobs", headers=theirs).json() == {"jobs": []}
    for method in ("GET", "DELETE"):
        assert client.request(method, f"/v1/jobs/{mine[0]}", headers=theirs).status_code == 404
        assert client.request(method, f"/v1/jobs/{'0' * 32}").status_code == 404
        for bad in ("x", "%00", "0" * 31 + "%27"):
            assert client.request(method, f"/v1/jobs/{bad}").status_code == 400
        assert client.request(method, f"/v1/jobs/{mine[0]}", headers={"Authorization": ""}).status_code == 401
    assert client.get("/v1/jobs?before=x").status_code == client.get("/v1/jobs?limit=0").status_code == 400
    assert mine[0] not in client.get("/metrics").text


def test_more_than_a_key_may_leave_waiting_is_refused(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "MOST_DOCUMENTS", 2)
    assert client.post("/v1/jobs", json={"documents": [{"text": LONG}] * 2}).status_code == 202
    answer = client.post("/v1/jobs", json={"documents": [{"text": FERRY}] * 3})
    assert answer.status_code == 429
    assert answer.headers["retry-after"]
    monkeypatch.setattr(jobs, "MOST_CHARACTERS", 100)
    assert client.post("/v1/jobs", json={"text": FERRY}).status_code == 429


def test_texts_that_databases_do_not_like(client: TestClient) -> None:
    odd = "Zero \0 width, quote ' \" ; -- \\u0000 \U0001f6f3 and 中文。 " + FERRY
    job = ended(client, client.post("/v1/jobs", json={"text": odd, "title": "a\0b"}).json()["id"])
    assert job["state"] == "done"
    assert client.post("/v1/jobs", content=rb'{"text": "\ud800"}').status_code == 400


def test_a_document_over_which_a_server_died_is_tried_alone(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [SummaryAsked(text=f"{number} {LONG}").model_dump_json() for number in range(2)]
    job, _ = Jobs(database).submit("ann", asked, batch=True)
    passed = Queue(database).claim()
    assert passed is not None
    assert Queue(database, lease=-1).claim() is not None  # the second document, by a server that is killed
    Queue(database).release(passed)
    company: dict[str, int] = {}
    work = Service._one

    def slow(self: Service, document: Document, *rest: Any) -> Any:
        before = self.held
        time.sleep(6.0 if document.text[0] == "0" else 0.0)
        result = work(self, document, *rest)
        company[document.text[0]] = max(before, self.held)
        return result

    monkeypatch.setattr(Service, "_one", slow)
    monkeypatch.setattr(app, "Queue", partial(Queue, lease=3.0))
    with office(database):
        while Jobs(database).waiting():
            time.sleep(0.02)
        while len(company) < 2:  # it waits for longer than its lease, and holds it
            assert Queue(database).claim() is None
            time.sleep(0.1)
    assert company == {"0": 1, "1": 1}
    found = Jobs(database).find(job.id, "ann")
    assert found is not None
    assert found.done == 2
