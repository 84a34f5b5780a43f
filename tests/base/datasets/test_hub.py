"""Datasets of the hub: the files of one split, fetched once and verified."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.base.hub import Hub

from epitome.datasets.read import load, splits
from epitome.errors import ModelError, OfflineError, UsageError

WIND = [f"Turbine {at} stood still for a day because of ice on its blades." for at in range(40)]


def parquet(documents: list[str], name: str = "article") -> bytes:
    out = io.BytesIO()
    pq.write_table(
        pa.table({name: documents, "highlights": ["Ice stopped a turbine."] * len(documents)}), out
    )
    return out.getvalue()


@pytest.fixture
def wind(hub: Hub) -> Hub:
    """A dataset with two configs, converted to Parquet, the train split in two files."""
    hub.repositories["datasets/org/wind"] = {"README.md": b"# Wind", "wind.py": b"raise SystemExit"}
    hub.repositories["datasets/org/wind@refs/convert/parquet"] = {
        "default/train/0000.parquet": parquet(WIND[:20]),
        "default/train/0001.parquet": parquet(WIND[20:]),
        "default/validation/0000.parquet": parquet(WIND[:3]),
        "sea/partial-train/0000.parquet": parquet(WIND[:5]),
    }
    return hub


def test_the_split_of_a_dataset(wind: Hub) -> None:
    seen: list[tuple[str, int, int]] = []
    data = load("org/wind", split="train", on_progress=lambda *report: seen.append(report))
    assert [pair.document for pair in data] == WIND
    total = sum(len(parquet(part)) for part in (WIND[:20], WIND[20:]))
    assert seen[0] == ("org/wind", 0, total)
    assert seen[-1] == ("org/wind", total, total)
    assert len(load("org/wind", split="dev")) == 3


def test_what_was_fetched_needs_no_network(wind: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    load("org/wind", split="dev")
    asked = len(wind.log)
    monkeypatch.setenv("EPITOME_OFFLINE", "1")
    assert len(load("org/wind", split="dev")) == 3
    assert len(wind.log) == asked
    with pytest.raises(OfflineError, match="the dataset org/wind is not on this machine") as error:
        load("org/wind", split="train")
    assert "epitome data convert org/wind" in str(error.value.hint)


def test_what_must_be_named_is_listed(wind: Hub) -> None:
    assert splits("org/wind") == ["train", "validation"]
    with pytest.raises(UsageError, match="several splits") as error:
        load("org/wind")
    assert "train, validation" in str(error.value.hint)
    with pytest.raises(UsageError, match="no config 'land'") as error:
        load("org/wind:land")
    assert "default, sea" in str(error.value.hint)
    # The hub converts only a beginning of the largest datasets: that is not the train split.
    with pytest.raises(UsageError, match="no split 'train'"):
        load("org/wind:sea", split="train")
    assert len(load("org/wind:sea", split="partial-train")) == 5


def test_a_dataset_that_is_not_converted_is_read_from_its_own_tables(hub: Hub) -> None:
    line = b'{"document": "The ferry runs again.", "summary": "Ferry back."}\n'
    hub.repositories["datasets/org/ferry"] = {
        "data/train.jsonl": line * 30,
        "data/dev.jsonl": line,
        "notes.txt": b"x",
    }
    (pair,) = load("org/ferry", split="dev")
    assert pair.document == "The ferry runs again."
    assert len(load("org/ferry", split="train", limit=7)) == 7


def test_what_the_hub_does_not_have_is_a_clear_error(hub: Hub) -> None:
    with pytest.raises(ModelError, match="there is no file org/none, and the hub has no datasets/org/none"):
        load("org/none")
    hub.repositories["datasets/org/empty"] = {"README.md": b"# Nothing"}
    with pytest.raises(ModelError, match="org/empty has no tables"):
        load("org/empty")
    hub.gated.add("datasets/org/empty")
    with pytest.raises(ModelError, match="does not give datasets/org/empty to us") as error:
        load("org/empty")
    assert "HF_TOKEN" in str(error.value.hint)


def test_an_interrupted_transfer_goes_on_and_damage_is_noticed(wind: Hub, home: Path) -> None:
    wind.break_after = [500]
    assert len(load("org/wind", split="train")) == 40
    assert any(asked == "bytes=500-" for _, _, asked, _ in wind.log)
    wind.spoil = True
    with pytest.raises(ModelError, match="arrived damaged"):
        load("org/wind", split="dev")
    assert not list(home.rglob("default/validation/*"))


def test_an_unreachable_hub_is_a_clear_error(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ModelError, match="cannot be reached for the dataset org/wind"):
        load("org/wind")
