"""Has what the service is asked, and how well it answers, moved from a reference?"""

from __future__ import annotations

import json
import logging
import math
import random
from pathlib import Path

import pytest
from tests.base.cli.command import epitome

from epitome.errors import StoreError, UsageError
from epitome.serve import drift
from epitome.serve.drift import Drift, psi
from epitome.types import Document, Length, Request, Sentence, Summary

from .conftest import served
from .test_metrics import FERRY, values


def count(found: Drift, *, many: int, characters: int, language: str = "en", support: float = 0.9) -> None:
    """Documents about as long as `characters`, and summaries of them, some of which are longer than asked for."""
    chance = random.Random(7)
    for at in range(many):
        document = Document("a" * int(characters * chance.lognormvariate(0, 1)), language=language)
        summary = Summary(
            "One two three.", sentences=[Sentence("One two three.", support - 0.1 * chance.random())]
        )
        found.add(document, Request(words=Length(1, 2 if at % 10 == 0 else 3)), summary)
    found.look()


@pytest.mark.parametrize(
    ("old", "new", "index"),
    [
        ({"a": 100, "b": 100}, {"a": 100, "b": 100}, 0.0),
        ({"a": 500, "b": 500}, {"a": 700, "b": 300}, 0.169),  # 0.2 ln(7/5) + 0.2 ln(5/3)
        ({"a": 1000}, {"b": 1000}, 15.2),  # an empty bin counts half a document
    ],
)
def test_the_index_is_the_sum_over_bins(old: dict[str, int], new: dict[str, int], index: float) -> None:
    assert psi(old, new) == pytest.approx(index, abs=0.002 if index < 1 else 0.1)
    assert psi(new, old) == pytest.approx(psi(old, new))


def test_chance_alone_moves_nothing() -> None:
    chance = random.Random(1)

    def drawn() -> dict[str, int]:
        bins = [str(min(9, int(chance.lognormvariate(1, 0.5)))) for _ in range(drift.LEAST)]
        return {name: bins.count(name) for name in set(bins)}

    assert max(psi(drawn(), drawn()) for _ in range(200)) < drift.MOVED


def test_a_change_is_logged_once_and_so_is_its_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, logger="epitome")
    found = Drift(tmp_path)
    count(found, many=1000, characters=3000)
    assert math.isnan(found.index("length"))  # there is no reference yet
    drift.set_reference(tmp_path)
    count(found, many=1000, characters=3000)
    assert max(found.index(signal) for signal in drift.SIGNALS) < 0.05
    assert caplog.messages == []
    for _ in range(2):
        count(found, many=1000, characters=30_000, language="zh", support=0.5)
    told = [message.split(" (")[0] for message in caplog.messages]
    assert told == [
        f"drift: {signal} has moved from the reference" for signal in ("length", "language", "support")
    ]
    count(found, many=1000, characters=3000)
    assert len(caplog.messages) == 6
    assert "as in the reference again" in caplog.messages[-1]


def test_the_window_outlives_the_process(tmp_path: Path) -> None:
    count(Drift(tmp_path), many=400, characters=3000)
    assert Drift(tmp_path).documents == 400
    again = Drift(tmp_path)
    count(again, many=900, characters=3000)
    assert again.documents == drift.WINDOW


def test_a_service_tells_it_to_prometheus_and_keeps_it_when_it_ends(tmp_path: Path) -> None:
    count(Drift(tmp_path), many=400, characters=3000)
    drift.set_reference(tmp_path)
    with served(tmp_path, drift=Drift(tmp_path)) as client:
        assert client.post("/v1/summaries", json={"text": FERRY, "words": "10-40"}).status_code == 200
        found = values(client.get("/metrics").text)
    assert found["epitome_drift_window_documents"] == 401
    assert 0 <= found['epitome_drift_index{signal="length"}'] < 0.01
    assert sum(drift.window(tmp_path)["length"].values()) == 401
    assert "ferry" not in (tmp_path / "drift-window.json").read_text("utf-8")


def test_the_command_sets_the_reference_and_compares(tmp_path: Path) -> None:
    count(Drift(tmp_path), many=100, characters=3000)
    with pytest.raises(UsageError, match="100 documents were counted"):
        drift.set_reference(tmp_path)
    count(Drift(tmp_path), many=300, characters=3000)
    assert "last 400 documents" in epitome("drift", "--data", tmp_path, "--set-reference").stderr
    count(Drift(tmp_path), many=1000, characters=30_000)
    shown = epitome("drift", "--data", tmp_path).stdout.splitlines()
    assert [line.split()[0] for line in shown] == list(drift.SIGNALS)
    assert shown[0].endswith("moved")
    assert shown[1].endswith("as in the reference")
    told = json.loads(epitome("drift", "--data", tmp_path, "--json").stdout)
    assert told["index"]["length"] > drift.MOVED > told["index"]["language"]


@pytest.mark.parametrize("name", ["drift-window.json", "drift-reference.json"])
@pytest.mark.parametrize("text", ["{", "7", '{"length": 3}', "[[1]]"])
def test_files_that_are_not_ours_are_told(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(StoreError, match="not what the service wrote there"):
        Drift(tmp_path)


def test_a_full_disk_stops_no_summary(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, logger="epitome")
    folder = tmp_path / "data"
    folder.mkdir()
    found = Drift(folder)
    folder.rmdir()
    count(found, many=3, characters=3000)
    assert "cannot be written" in caplog.text
    assert found.documents == 3
