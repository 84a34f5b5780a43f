"""The database goes away and comes back, is full, may only be read: told as 503, and nothing is lost."""

from __future__ import annotations

import time
from pathlib import Path

from fastapi.testclient import TestClient
from sqlalchemy import Connection, event, text
from tests.full.postgres import Postgres
from tests.full.serve.office import FERRY, LONG, ended, office

from epitome.desk.database import connect


def refused(client: TestClient, said: str) -> None:
    """Every request that needs the database is refused in the documented way, without its address."""
    for answer in (
        client.post("/v1/jobs", json={"text": FERRY}),
        client.post("/v1/feedback", json={"summary": "0" * 32, "rating": 1}),
    ):
        assert answer.status_code == 503
        error = answer.json()["error"]
        assert error["type"] == "storage_error"
        assert said in error["message"]
        assert "127.0.0.1" not in error["message"]
        assert answer.headers["retry-after"]


def test_the_database_goes_away_and_comes_back() -> None:
    server = Postgres()
    try:
        server.start()
        with office(server.database(), archive="summaries") as client:
            documents = [{"text": LONG + str(number)} for number in range(12)]
            job = client.post("/v1/jobs", json={"documents": documents}).json()
            while client.get(f"/v1/jobs/{job['id']}").json()["progress"]["done"] < 1:
                time.sleep(0.01)
            server.stop()
            refused(client, "the database does not answer")
            assert client.post("/v1/summaries", json={"text": FERRY}).status_code == 503
            assert client.get("/healthz").status_code == 200
            ready = client.get("/readyz")
            assert (ready.status_code, ready.text) == (503, "no database")
            server.start()
            done = ended(client, job["id"])
            assert done["progress"] == {"documents": 12, "done": 12, "failed": 0}
            assert len(client.get("/v1/archive").json()["summaries"]) == 12
            assert client.get("/readyz").status_code == 200
            assert client.post("/v1/summaries", json={"text": FERRY}).status_code == 200
    finally:
        server.remove()


def test_a_disk_that_is_full_and_has_room_again(tmp_path: Path) -> None:
    database = connect(tmp_path / "d.sqlite")
    limits = {"now": 0}

    @event.listens_for(database.engine, "begin")
    def limit(connection: Connection) -> None:  # SQLite's own full disk
        connection.exec_driver_sql(f"PRAGMA max_page_count={limits['now'] or 1_000_000}")

    with office(database) as client:
        with database.reading() as connection:
            limits["now"] = connection.execute(text("PRAGMA page_count")).scalar_one()
        long = client.post("/v1/jobs", json={"text": LONG * 20})
        assert long.status_code == 503
        assert "its disk is full" in long.json()["error"]["message"]
        assert client.get("/v1/jobs").json() == {"jobs": []}
        limits["now"] = 0
        job = client.post("/v1/jobs", json={"text": FERRY}).json()
        assert ended(client, job["id"])["state"] == "done"
    database.close()


def test_a_database_that_may_only_be_read(tmp_path: Path) -> None:
    database = connect(tmp_path / "d.sqlite")
    with office(database) as client:

        @event.listens_for(database.engine, "begin")
        def only(connection: Connection) -> None:
            connection.exec_driver_sql("PRAGMA query_only=ON")

        refused(client, "it is read-only")
        assert client.get("/v1/jobs").status_code == 200
    database.close()
