"""Whoever asked is told that a job has ended: signed, until it arrives, and never into a private network."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.full.serve.office import FERRY, LONG, ended, office
from tests.full.serve.receiver import Receiver, receiver

from epitome.desk import webhooks as desk
from epitome.desk.database import Database
from epitome.desk.jobs import Jobs
from epitome.serve import webhooks

GUIDE = Path(__file__).parents[3] / "docs" / "serve.md"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "FIRST", 0.05)
    monkeypatch.setattr(webhooks, "POLL", 0.05)


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as listening:
        yield listening


def verified() -> Callable[[str, dict[str, str], bytes], bool]:
    """The function that the guide tells receivers to use."""
    (code,) = re.findall(r"```python\n(import base64.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    found: Callable[[str, dict[str, str], bytes], bool] = names["verified"]
    return found


def delivered(client: TestClient, identity: str, state: str) -> dict[str, Any]:
    """The webhook of a job, once its delivery is in this state."""
    deadline = time.monotonic() + 60
    while True:
        hook: dict[str, Any] = client.get(f"/v1/jobs/{identity}").json()["webhook"]
        if hook["state"] == state:
            return hook
        assert time.monotonic() < deadline, hook
        time.sleep(0.02)


def test_the_end_of_a_job_is_told_and_signed(database: Database, hook: Receiver) -> None:
    with office(database, private_webhooks=True) as client:
        job = client.post("/v1/jobs", json={"text": FERRY, "webhook": hook.url}).json()
        ((headers, body),) = hook.wait(1)
        told = delivered(client, job["id"], "delivered")
        assert told == {"url": hook.url, "state": "delivered", "tries": 1, "error": None} | {
            "secret": job["webhook"]["secret"]
        }
        said = json.loads(body)
        shown = client.get(f"/v1/jobs/{job['id']}").json()
        assert said["type"] == "job.done"
        assert said["data"] == {name: shown[name] for name in said["data"]}
        assert "ferry" not in body.decode()
        assert headers["webhook-id"] == job["id"]
        other = client.post("/v1/jobs", json={"text": FERRY, "webhook": hook.url}).json()
        assert other["webhook"]["secret"] == job["webhook"]["secret"]
        hook.wait(2)
    check, secret = verified(), job["webhook"]["secret"]
    assert check(secret, headers, body)
    assert not check(secret, headers, body.replace(b"done", b"gone"))
    assert not check("whsec_" + "A" * 43 + "=", headers, body)
    assert not check(secret, headers | {"webhook-id": "0" * 32}, body)
    late = str(int(headers["webhook-timestamp"]) - 600)
    signed = webhooks.headers(secret, job["id"], int(late), body)
    assert not check(secret, {name.lower(): value for name, value in signed.items()}, body)


def test_it_is_sent_again_until_it_arrives(database: Database, hook: Receiver) -> None:
    hook.statuses += [500, 302, 429]
    with office(database, private_webhooks=True) as client:
        job = client.post("/v1/jobs", json={"text": FERRY, "webhook": hook.url}).json()
        assert len({headers["webhook-id"] for headers, _ in hook.wait(4)}) == 1
        assert delivered(client, job["id"], "delivered")["tries"] == 4
        hook.statuses.append(410)  # gone: this one wants nothing more
        job = client.post("/v1/jobs", json={"text": FERRY, "webhook": hook.url}).json()
        assert delivered(client, job["id"], "failed")["error"] == "the receiver answered 410"
    assert len(hook.came) == 5


def test_it_is_given_up_in_the_end(
    database: Database, hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "TRIES", 2)
    hook.statuses += [503, 503]
    with office(database, private_webhooks=True) as client:
        job = client.post("/v1/jobs", json={"text": FERRY, "webhook": hook.url}).json()
        told = delivered(client, job["id"], "failed")
    assert (told["tries"], told["error"]) == (2, "the receiver answered 503")


def test_a_try_that_no_sender_survived_counts(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "TRIES", 2)
    monkeypatch.setattr(desk, "LEASE", -1.0)  # each sender is killed at once
    jobs, hooks = Jobs(database), desk.Webhooks(database)
    job, _ = jobs.submit("ann", ["one"], webhook="https://example.org")
    assert hooks.claim() is None  # the job has not ended
    jobs.cancel(job.id, "ann")
    for tries in (1, 2):
        delivery = hooks.claim()
        assert delivery is not None
        assert delivery.tries == tries
    hooks.delivered(replace(delivery, tries=1))  # too late: the second has begun
    assert hooks.claim() is None
    found = jobs.find(job.id, "ann")
    assert found is not None
    assert found.webhook is not None
    assert (found.webhook.state, found.webhook.tries) == ("failed", 3)


def test_waits_grow_up_to_an_hour() -> None:
    waits = [min(10.0 * 2**number, desk.LONGEST) for number in range(desk.TRIES - 1)]
    assert waits[-1] == 3600
    assert 3 < sum(waits) / 3600 < 4  # what the guide says


def test_a_receiver_that_hangs_holds_nothing_up(
    database: Database, hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "TIMEOUT", 0.5)
    hook.statuses.append(0)
    with office(database, private_webhooks=True) as client:
        job = client.post("/v1/jobs", json={"text": FERRY, "webhook": hook.url}).json()
        assert delivered(client, job["id"], "delivered")["tries"] >= 2


def test_a_delivery_survives_the_server(database: Database) -> None:
    with receiver() as listening:
        port = int(listening.url.split(":")[2].split("/")[0])
    secret = ""
    with office(database, private_webhooks=True) as client:  # nobody listens
        job = client.post("/v1/jobs", json={"text": FERRY, "webhook": listening.url}).json()
        secret = client.headers["Authorization"].removeprefix("Bearer ")
        ended(client, job["id"])
        while not (told := client.get(f"/v1/jobs/{job['id']}").json()["webhook"])["error"]:
            time.sleep(0.02)
        assert "cannot be reached" in told["error"]
    with receiver(port) as listening, office(database, private_webhooks=True, secret=secret) as client:
        assert listening.wait(1)
        assert delivered(client, job["id"], "delivered")["tries"] > 1


def test_a_cancelled_job_is_told_too(database: Database, hook: Receiver) -> None:
    with office(database, private_webhooks=True) as client:
        documents = [{"text": f"{LONG} Number {at}."} for at in range(50)]  # none is known from another
        asked = {"documents": documents, "webhook": hook.url}
        job = client.post("/v1/jobs", json=asked).json()
        client.delete(f"/v1/jobs/{job['id']}")
        ((_, body),) = hook.wait(1)
        assert json.loads(body)["type"] == "job.cancelled"
        delivered(client, job["id"], "delivered")
    assert len(hook.came) == 1


def test_an_address_that_turned_private_is_not_called(database: Database, hook: Receiver) -> None:
    """Checked when the job is submitted, and again each time that something is sent."""
    with office(database, private_webhooks=True) as client:
        client.app.state.sender._allow_private = False  # type: ignore[attr-defined]  # as after a change of the name's address
        job = client.post("/v1/jobs", json={"text": FERRY, "webhook": hook.url}).json()
        while not (told := client.get(f"/v1/jobs/{job['id']}").json()["webhook"])["error"]:
            time.sleep(0.02)
    assert "private network" in told["error"]
    assert hook.came == []
