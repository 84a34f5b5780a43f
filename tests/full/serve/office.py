"""The service in this process, with a model that copies sentences and what jobs need."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from epitome import Summarizer
from epitome.desk.archive import Archive, Keeps
from epitome.desk.database import Database, connect
from epitome.desk.keys import Keys
from epitome.desk.reviews import Reviews
from epitome.serve.app import application
from epitome.serve.service import Service

FERRY = (
    "The ferry to Kell left the old harbour at dawn with 212 people and eleven lorries on board. The county had paid "
    "for a new engine after two winters without any crossing."
)
LONG = " ".join(
    f"Boat {number} carried {number * 7} crates of herring to the {number}th pier." for number in range(150)
)


@contextmanager
def office(
    place: Database | str | Path,
    *,
    archive: Keeps | None = None,
    review_below: float | None = None,
    private_webhooks: bool = False,
    secret: str | None = None,
) -> Iterator[TestClient]:
    """A client that has a key, of a service over this database; a given one stays open.

    Everything gets into review with `review_below` 2: what the model copies is fully supported.
    """
    database = place if isinstance(place, Database) else connect(place)
    keys = Keys(database)
    service = Service(Summarizer("lexrank"), parallel=2, waiting=2)
    kept = {"archived": Archive(database, archive), "reviewed": _reviewed(database, review_below)}
    app = application(service, keys, private_webhooks=private_webhooks, **kept)
    headers = {"Authorization": f"Bearer {secret or keys.make('tests')[1]}"}
    with TestClient(app, headers=headers) as client:
        yield client
    if database is not place:
        database.close()


def _reviewed(database: Database, below: float | None) -> Reviews:
    return Reviews(database) if below is None else Reviews(database, opens=True, below=below)


def ended(client: TestClient, identity: str) -> dict[str, Any]:
    """The job, once it has ended."""
    deadline = time.monotonic() + 60
    while True:
        job: dict[str, Any] = client.get(f"/v1/jobs/{identity}").json()
        if job["finished"] is not None:
            return job
        assert time.monotonic() < deadline, job
        time.sleep(0.02)
