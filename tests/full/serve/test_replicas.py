"""Servers in processes of their own: killed in the middle of a batch, and several on one database."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.full.postgres import Postgres
from tests.full.serve.test_command import started

DOCUMENTS = [
    {"text": " ".join(f"Boat {at} carried {at * each} crates to pier {at + each}." for at in range(200))}
    for each in range(12)
]


class Servers:
    """Servers with a model that copies sentences, killed at the end."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder, self.options = folder, ("--model", "lexrank", "--archive", "summaries", *options)
        self.processes: list[Any] = []
        self.clients: list[httpx.Client] = []

    def start(self) -> httpx.Client:
        """One more; a client of it."""
        number = len(self.processes)
        process, address = started(self.folder, self.folder / f"{number}.log", *self.options)
        self.processes.append(process)
        secret = (self.folder / "key.txt").read_text("utf-8").strip()
        client = httpx.Client(base_url=address, headers={"Authorization": f"Bearer {secret}"}, timeout=60)
        self.clients.append(client)
        return client

    def end(self, number: int, how: signal.Signals) -> int:
        """Its exit code."""
        self.processes[number].send_signal(how)
        code: int = self.processes[number].wait(60)
        return code

    def remove(self) -> None:
        """All of them."""
        for client in self.clients:
            client.close()
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture
def servers(place: str, tmp_path: Path) -> Iterator[Servers]:
    running = Servers(tmp_path, "--database", place)
    yield running
    running.remove()


def job(client: httpx.Client, identity: str, *, done: int) -> dict[str, Any]:
    """The job, once so many of its documents are done."""
    deadline = time.monotonic() + 200
    while (found := client.get(f"/v1/jobs/{identity}").json())["progress"]["done"] < done:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    whole: dict[str, Any] = found
    return whole


def archived(client: httpx.Client) -> set[str]:
    return {row["id"] for row in client.get("/v1/archive").json()["summaries"]}


def once_each(client: httpx.Client, identity: str) -> None:
    """Every document has its own summary, and nothing was summarised besides."""
    found = job(client, identity, done=len(DOCUMENTS))
    assert found["state"] == "done"
    summaries = [result["summary"] for result in found["results"]]
    assert archived(client) == {summary["archive_id"] for summary in summaries}
    for each, summary in enumerate(summaries):
        (boat, crates, pier) = map(int, re.findall(r"\d+", summary["sentences"][0]["text"])[:3])
        assert (crates, pier) == (boat * each, boat + each)


def test_a_server_that_is_killed_in_a_batch_finishes_it_when_it_is_started_again(servers: Servers) -> None:
    client = servers.start()
    identity = client.post("/v1/jobs", json={"documents": DOCUMENTS}).json()["id"]
    job(client, identity, done=2)
    servers.end(0, signal.SIGKILL)
    client = servers.start()
    before = archived(client)
    assert 2 <= len(before) < len(DOCUMENTS)
    once_each(client, identity)
    assert before <= archived(client)


def test_a_server_that_is_asked_to_end_finishes_its_documents_and_leaves_the_others(servers: Servers) -> None:
    client = servers.start()
    identity = client.post("/v1/jobs", json={"documents": DOCUMENTS}).json()["id"]
    job(client, identity, done=1)
    assert servers.end(0, signal.SIGTERM) in (0, -signal.SIGTERM)
    client = servers.start()
    once_each(client, identity)


def test_two_servers_share_the_queue_and_one_takes_over_from_the_other(
    postgres: Postgres, tmp_path: Path
) -> None:
    servers = Servers(tmp_path, "--database", postgres.database())
    one, two = servers.start(), servers.start()
    try:
        identity = one.post("/v1/jobs", json={"documents": DOCUMENTS}).json()["id"]
        once_each(two, identity)
        counts = [
            re.search(r"epitome_sentence_support_count (\d+)", client.get("/metrics").text)
            for client in (one, two)
        ]
        sentences = [int(float(count[1])) for count in counts if count is not None]
        assert min(sentences) > 0
        results = two.get(f"/v1/jobs/{identity}").json()["results"]
        assert sum(sentences) == sum(len(result["summary"]["sentences"]) for result in results)
        for row in archived(two):
            two.delete(f"/v1/archive/{row}")
        identity = one.post("/v1/jobs", json={"documents": DOCUMENTS}).json()["id"]
        job(two, identity, done=1)
        servers.end(0, signal.SIGKILL)
        once_each(two, identity)
    finally:
        servers.remove()
