"""A service that hides personal data from its model."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from tests.base.cli.command import epitome, one_line
from tests.base.engines.servers import Served, serving, writing

from epitome import Summarizer
from epitome.desk.archive import Archive
from epitome.desk.database import connect
from epitome.desk.keys import Keys
from epitome.serve.app import application
from epitome.serve.service import Service
from epitome.trust.masking import Masker

TEXT = "Sarah Lee crossed to Kell with the first ferry. The county had paid for its engine. Write to lee@example.org."
WRITTEN = "PERSON_1 crossed to Kell with the first ferry, whose engine the county had paid for."


@pytest.fixture(params=[None, Masker()], ids=["where asked", "for all"])
def opened(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[TestClient, Served, bool]]:
    keys = Keys(connect(tmp_path_factory.mktemp("desk") / "d.sqlite"))
    _, secret = keys.make("tests")
    with serving(writing(WRITTEN)) as server:
        service = Service(Summarizer(server.url), parallel=2, waiting=2, masker=request.param)
        app = application(service, keys, archived=Archive(keys.database, "documents"))
        with TestClient(app, headers={"Authorization": f"Bearer {secret}"}) as client:
            yield client, server, request.param is not None


def test_the_model_and_the_log_see_no_name(
    opened: tuple[TestClient, Served, bool],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    client, server, forced = opened
    caplog.set_level(logging.DEBUG)
    body = {"text": TEXT, "style": "sentence"}
    hidden = client.post("/v1/summaries", json=body if forced else body | {"mask": True}).json()
    assert hidden["text"].startswith("<PERSON_1> crossed")
    assert hidden["masked"] == {"person": 1, "email": 1}
    asked = body | ({"restore": True} if forced else {"mask": True, "restore": True})
    shown = client.post("/v1/summaries", json=asked).json()
    assert shown["text"].startswith("Sarah Lee crossed")
    for span in shown["sentences"][0]["sources"]:
        assert span["text"] == TEXT[span["start"] : span["end"]]
    events = client.post("/v1/summaries", json=asked | {"stream": True}).text
    assert "Sarah Lee crossed" in events
    assert client.post("/v1/summaries", json={"text": "<PERSON_1>", "mask": "x"}).status_code == 400
    sent = json.dumps([seen for _, _, _, seen in server.seen])
    printed = capfd.readouterr()
    for name in ("Sarah", "lee@"):
        assert name not in sent
        assert name not in caplog.text + printed.out + printed.err


def test_the_archive_has_no_name(opened: tuple[TestClient, Served, bool]) -> None:
    client, _, forced = opened
    asked = {"text": TEXT, "style": "sentence", "focus": "Sarah Lee", "restore": True, "mask": True}
    given = client.post("/v1/summaries", json=asked).json()
    assert given["text"].startswith("Sarah Lee crossed")
    kept = client.get(f"/v1/archive/{given['archive_id']}").json()
    assert kept["summary"]["text"].startswith("<PERSON_1> crossed")
    assert kept["request"]["focus"] == "<PERSON_1>"
    assert kept["document"].startswith("<PERSON_1> crossed to Kell")
    assert not any(name in json.dumps(kept) for name in ("Sarah", "Lee", "lee@"))
    plain = client.post("/v1/summaries", json={"text": TEXT}).json()
    assert ("Sarah" in json.dumps(client.get(f"/v1/archive/{plain['archive_id']}").json())) is not forced


def test_jobs_are_masked_too(opened: tuple[TestClient, Served, bool]) -> None:
    client, server, _ = opened
    before = len(server.seen)
    asked = {"text": TEXT, "style": "sentence", "mask": True, "restore": True}
    job = client.post("/v1/jobs", json=asked).json()["id"]
    deadline = time.monotonic() + 60
    while (state := client.get(f"/v1/jobs/{job}").json())["state"] not in ("done", "failed"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    summary = state["result"]["summary"]
    assert summary["text"].startswith("Sarah Lee crossed")
    kept = client.get(f"/v1/archive/{summary['archive_id']}").json()
    assert kept["summary"]["text"].startswith("<PERSON_1> crossed")
    sent = json.dumps([seen for _, _, _, seen in server.seen[before:]])
    assert "Sarah" not in sent
    assert "PERSON_1" in sent


def test_a_model_for_masking_needs_masking() -> None:
    done = epitome("serve", "--mask-model", "spacy:en_none")
    assert done.returncode == 2
    assert "--mask-model goes with --mask" in one_line(done)


def test_chats_are_masked_where_all_are(opened: tuple[TestClient, Served, bool]) -> None:
    client, server, forced = opened
    asked = {"messages": [{"role": "user", "content": TEXT}]}
    if forced:
        said = client.post("/v1/chat/completions", json=asked).json()["choices"][0]["message"]["content"]
        assert said.startswith("<PERSON_1> crossed")
        assert "Sarah" not in json.dumps([seen for _, _, _, seen in server.seen])
        asked["restore"] = True
        said = client.post("/v1/chat/completions", json=asked).json()["choices"][0]["message"]["content"]
        assert said.startswith("Sarah Lee crossed")
    else:
        for wrong in ({**asked, "restore": True},):
            assert client.post("/v1/chat/completions", json=wrong).status_code == 400
        assert client.post("/v1/summaries", json={"text": TEXT, "restore": True}).status_code == 400
