"""A summariser that runs elsewhere, from Python and from the command line."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.base.cli.command import epitome
from tests.full.serve.test_app import FERRY
from tests.full.serve.test_command import started

from epitome.documents import read
from epitome.errors import EngineError, SourceError, UsageError
from epitome.serve.client import Client
from epitome.types import Request


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of a service, and a key."""
    folder = tmp_path_factory.mktemp("served")
    process, address = started(folder / "data", folder / "log")
    yield address, (folder / "data" / "key.txt").read_text("utf-8").strip()
    process.send_signal(signal.SIGTERM)
    process.wait(30)


def test_it_is_used_like_a_summarizer(served: tuple[str, str], tmp_path: Path) -> None:
    page = tmp_path / "ferry.md"
    page.write_text(f"# The ferry\n\n{FERRY}\n\nIt will run twice a day from May.\n", "utf-8")
    document = read(page)
    with Client(*served) as service:
        summary = service(document, style="bullets", words="5-40")
        assert summary.source == document.source
        for sentence in summary.sentences:
            for span in sentence.sources:
                assert span.text == document.text[span.start : span.end]
                assert span.paragraph is not None  # of the document read here
        stream = service.stream(document, style="sentence")
        assert "".join(stream) == (stream.summary.text if stream.summary else "")
        empty, done = service.batch(["", FERRY], Request(style="sentence"))
        assert isinstance(empty, UsageError)
        assert not isinstance(done, Exception)
        assert done.text
        verdict = service.check("The ferry carried 300 people.", FERRY)
        assert [fact.text for fact in verdict.facts] == ["300"]
        with pytest.raises(UsageError, match="words"):
            service(FERRY, words="0")


def test_what_is_wrong_is_said_here(served: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EPITOME_KEY", raising=False)
    with pytest.raises(UsageError, match="key"):
        Client(served[0])
    with pytest.raises(UsageError, match="key"):
        Client(served[0], "ep_0_wrong")
    with pytest.raises(EngineError, match="reached"):
        Client("http://127.0.0.1:9", "ep_0_wrong")
    with pytest.raises(EngineError):
        Client("http://[", "ep_0_wrong")
    with Client(*served) as service, pytest.raises(SourceError):
        service("word " * 5_000_000)


def test_the_command_lets_a_service_write(served: tuple[str, str], tmp_path: Path) -> None:
    address, key = served
    known = os.environ | {"EPITOME_KEY": key}
    (tmp_path / "ferry.txt").write_text(FERRY, "utf-8")
    done = epitome("summarize", str(tmp_path / "ferry.txt"), "--server", address, "--json", env=known)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["source"].endswith("ferry.txt")
    table, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    table.write_text(json.dumps({"text": FERRY}) + "\n" + json.dumps({"text": ""}) + "\n", "utf-8")
    done = epitome("summarize", str(table), "--server", address, "-o", str(out), env=known)
    assert done.returncode == 1, done.stderr
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert rows[0]["summary"]
    assert rows[1]["summary"] is None
    done = epitome("summarize", "x.txt", "--server", address, "--model", "lead", env=known)
    assert done.returncode == 2
    assert "--model" in done.stderr
