"""Models from the hub: fetched whole, verified, resumed, and never twice."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.base.hub import Hub
from tests.base.models.files import write_gguf

from epitome.errors import ModelError, OfflineError, StoreError
from epitome.models import cache, catalogue, transfer
from epitome.models import hub as client
from epitome.models.catalogue import Entry, Source
from epitome.models.resolve import find, pull, resolve, uncache, verify

FETCH = "import sys; from epitome.models.resolve import resolve; print(resolve(sys.argv[1]).path)"


@pytest.fixture
def weights(hub: Hub, tmp_path: Path) -> bytes:
    """A repository with two quantisations of one model; returns the bytes of the Q4_K_M."""
    data = write_gguf(tmp_path / "a.gguf", rows=20_000, vocabulary=300).read_bytes()
    other = write_gguf(tmp_path / "b.gguf", rows=64).read_bytes()
    hub.repositories["org/tiny-GGUF"] = {
        "README.md": b"# Tiny",
        "tiny-Q4_K_M.gguf": data,
        "tiny-Q8_0.gguf": other,
    }
    return data


@pytest.fixture
def safetensors(hub: Hub) -> dict[str, bytes]:
    """A repository with a safetensors model in two shards, and things that must not be fetched."""
    files = {
        "README.md": b"# Model",
        "config.json": json.dumps({"model_type": "llama", "max_position_embeddings": 2048}).encode(),
        "tokenizer.json": b'{"version": "1.0"}',
        "tokenizer_config.json": b'{"chat_template": "{{ messages }}"}',
        "model-00001-of-00002.safetensors": os.urandom(150_000),
        "model-00002-of-00002.safetensors": os.urandom(50_000),
        "model.safetensors.index.json": b'{"weight_map": {}}',
        "pytorch_model.bin": os.urandom(9_000),
        "onnx/model.onnx": os.urandom(9_000),
    }
    hub.repositories["org/model"] = files
    return files


@pytest.mark.parametrize(
    "name",
    [
        "org/tiny-GGUF:Q4_K_M",
        "org/tiny-GGUF:q4_k_m",
        "org/tiny-GGUF/tiny-Q4_K_M.gguf",
        "org/tiny-GGUF:tiny-Q4_K_M.gguf",
    ],
)
def test_one_gguf_of_a_repository(hub: Hub, weights: bytes, name: str) -> None:
    seen: list[tuple[str, int, int]] = []
    model = resolve(name, on_progress=lambda *report: seen.append(report))
    assert model.path
    assert model.path.read_bytes() == weights
    assert (model.format, model.context, model.template) == ("gguf", 512, "embedded")
    assert model.sha256 == hashlib.sha256(weights).hexdigest()
    assert seen[0][1:] == (0, len(weights))
    assert seen[-1][1:] == (len(weights), len(weights))
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)


def test_what_is_cached_needs_no_network(hub: Hub, weights: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    first = resolve("org/tiny-GGUF:Q4_K_M")
    asked = len(hub.log)
    monkeypatch.setenv("EPITOME_OFFLINE", "1")
    assert resolve("org/tiny-GGUF:Q4_K_M") == first
    assert resolve("org/tiny-GGUF/tiny-Q4_K_M.gguf").path == first.path
    assert len(hub.log) == asked
    with pytest.raises(OfflineError) as caught:
        resolve("org/tiny-GGUF:Q8_0")
    assert "epitome models pull org/tiny-GGUF" in str(caught.value)
    assert len(hub.log) == asked


def test_an_interrupted_transfer_goes_on_where_it_broke_off(hub: Hub, weights: bytes) -> None:
    hub.break_after = [100_000, 0, 300_000]
    model = resolve("org/tiny-GGUF:Q4_K_M")
    assert model.path
    assert model.path.read_bytes() == weights
    ranges = [asked for method, path, asked, _ in hub.log if method == "GET" and path.startswith("/storage")]
    assert ranges == ["", "bytes=100000-", "bytes=100000-", "bytes=400000-"]


def test_a_hub_that_cannot_resume_is_asked_for_the_whole(hub: Hub, weights: bytes) -> None:
    hub.break_after, hub.ranges = [100_000], False
    model = resolve("org/tiny-GGUF:Q4_K_M")
    assert model.path
    assert model.path.read_bytes() == weights


def test_a_hub_that_never_delivers_is_given_up_with_what_came_kept(
    hub: Hub, weights: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "ATTEMPTS", 1)
    hub.break_after = [100_000, 0]
    with pytest.raises(ModelError, match="broke off"):
        resolve("org/tiny-GGUF:Q4_K_M")
    assert resolve("org/tiny-GGUF:Q4_K_M").path
    assert [asked for _, path, asked, _ in hub.log if path.startswith("/storage")][-1] == "bytes=100000-"


def test_a_kill_half_way_leaves_no_model_and_the_next_try_goes_on(
    hub: Hub, weights: bytes, home: Path
) -> None:
    hub.pause = 0.05
    process = subprocess.Popen([sys.executable, "-c", FETCH, "org/tiny-GGUF:Q4_K_M"])
    partials: list[Path] = []
    while not (partials and partials[0].stat().st_size > 200_000):
        assert process.poll() is None
        partials = list(home.rglob(".partial-*"))
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not list(home.rglob("*.gguf"))
    assert find("org/tiny-GGUF:Q4_K_M") is None
    hub.pause = 0
    model = resolve("org/tiny-GGUF:Q4_K_M")
    assert model.path
    assert model.path.read_bytes() == weights
    resumed = hub.log[-1][2]
    assert int(resumed.removeprefix("bytes=").rstrip("-")) > 200_000
    assert not list(home.rglob(".partial-*"))


def test_two_processes_at_once_fetch_it_once(hub: Hub, weights: bytes) -> None:
    hub.pause = 0.01
    command = [sys.executable, "-c", FETCH, "org/tiny-GGUF/tiny-Q4_K_M.gguf"]
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL) for _ in "ab"
    ]
    paths = {process.communicate()[0].strip() for process in both}
    assert [process.returncode for process in both] == [0, 0]
    assert len(paths) == 1
    assert Path(paths.pop()).read_bytes() == weights
    assert len(hub.fetched()) == 1


def test_bytes_that_are_not_the_announced_ones_are_thrown_away(hub: Hub, weights: bytes, home: Path) -> None:
    hub.spoil = True
    with pytest.raises(ModelError, match="checksum"):
        resolve("org/tiny-GGUF:Q4_K_M")
    assert not list(home.rglob("*.gguf"))
    assert not list(home.rglob(".partial-*"))


def test_small_files_are_verified_too(hub: Hub, safetensors: dict[str, bytes], home: Path) -> None:
    del safetensors["model-00001-of-00002.safetensors"]
    safetensors["model-00002-of-00002.safetensors"] = b"small"
    hub.spoil = True
    with pytest.raises(ModelError, match="checksum"):
        resolve("org/model")
    assert find("org/model") is None


def test_a_file_larger_than_the_disk_is_refused_before_a_byte_is_fetched(hub: Hub, weights: bytes) -> None:
    hub.announce = 10**18
    with pytest.raises(StoreError, match="MB of disk"):
        resolve("org/tiny-GGUF:Q4_K_M")
    assert hub.fetched() == []


def test_a_safetensors_model_is_fetched_without_what_it_does_not_need(
    hub: Hub, safetensors: dict[str, bytes]
) -> None:
    seen: list[tuple[str, int, int]] = []
    model = resolve("org/model", on_progress=lambda *report: seen.append(report))
    assert model.path
    assert (model.name, model.format, model.context, model.template) == (
        "org/model", "safetensors", 2048, "embedded",
    )  # fmt: skip
    here = {path.name for path in model.path.iterdir()} - {cache.RECORD}
    assert here == set(safetensors) - {"README.md", "pytorch_model.bin", "onnx/model.onnx"}
    assert seen[-1][1] == seen[-1][2] == sum(len(safetensors[name]) for name in here)
    asked = len(hub.log)
    assert resolve("org/model") == model
    assert len(hub.log) == asked


def test_a_repository_with_one_gguf_is_that_one(hub: Hub, weights: bytes) -> None:
    hub.repositories["org/only"] = {"only.gguf": weights}
    assert resolve("org/only").format == "gguf"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("org/none", "the hub has no org/none"),
        ("org/tiny-GGUF", "holds 2 GGUF files"),
        ("org/tiny-GGUF:Q2_K", "no GGUF file 'Q2_K'"),
        ("org/tiny-GGUF/none.gguf", "the hub has no org/tiny-GGUF/none.gguf"),
        ("org/empty", "neither safetensors nor GGUF"),
        ("org/tiny-GGUF:../x.gguf", "no hub id"),
        ("org/../x", "no hub id"),
    ],
)
def test_what_the_hub_does_not_have_is_a_clear_error(hub: Hub, weights: bytes, name: str, says: str) -> None:
    hub.repositories["org/empty"] = {"README.md": b"#"}
    with pytest.raises(ModelError, match=says) as caught:
        resolve(name)
    assert caught.value.hint


def test_a_gated_repository_says_what_opens_it(
    hub: Hub, weights: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.gated.add("org/tiny-GGUF")
    hub.token = "hf_secret"
    with pytest.raises(ModelError, match="401") as caught:
        resolve("org/tiny-GGUF/tiny-Q8_0.gguf")
    assert "HF_TOKEN" in str(caught.value)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert resolve("org/tiny-GGUF/tiny-Q8_0.gguf").path
    at_storage = [token for _, path, _, token in hub.log if path.startswith("/storage")]
    assert at_storage == [""], "the token goes to the hub, not to where it redirects"


def test_a_renamed_repository_is_followed(hub: Hub, weights: bytes) -> None:
    hub.moved["old/tiny"] = "org/tiny-GGUF"
    assert resolve("old/tiny/tiny-Q8_0.gguf").path


def test_an_unreachable_hub_is_a_clear_error(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ModelError, match="cannot be reached"):
        resolve("org/model")


def test_what_the_hubs_own_tools_fetched_is_not_fetched_again(
    hub: Hub, weights: bytes, safetensors: dict[str, bytes], tmp_path: Path
) -> None:
    def put(repository: str, files: dict[str, bytes]) -> Path:
        folder = tmp_path / "huggingface" / "hub" / f"models--{repository.replace('/', '--')}"
        snapshot = folder / "snapshots" / "abc"
        for place in (snapshot, folder / "refs", folder / "blobs"):
            place.mkdir(parents=True)
        (folder / "refs" / "main").write_text("abc")
        for name, data in files.items():
            blob = folder / "blobs" / hashlib.sha256(data).hexdigest()
            blob.write_bytes(data)
            (snapshot / name).symlink_to(blob)
        return snapshot

    whole = put("org/tiny-GGUF", {"tiny-Q4_K_M.gguf": weights})
    assert resolve("org/tiny-GGUF/tiny-Q4_K_M.gguf").path == whole / "tiny-Q4_K_M.gguf"
    wanted = {name: data for name, data in safetensors.items() if "/" not in name}
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}
    wanted["model.safetensors.index.json"] = json.dumps(index).encode()
    fetched = resolve("org/model").path
    folder = put("org/model", wanted)
    assert resolve("org/model").path == fetched != folder, "what Epitome fetched itself comes first"
    uncache("org/model")
    assert resolve("org/model").path == folder
    (folder / "model-00002-of-00002.safetensors").unlink()
    assert resolve("org/model").path != folder, "an incomplete one is not taken"


def test_a_damaged_cached_file_is_noticed_and_mended(hub: Hub, weights: bytes) -> None:
    name = "org/tiny-GGUF/tiny-Q4_K_M.gguf"
    model = resolve(name)
    assert model.path
    assert verify(model) == model.sha256
    with model.path.open("r+b") as file:
        file.truncate(1000)
    with pytest.raises(ModelError, match="damaged") as caught:
        resolve(name)
    assert "models pull org/tiny-GGUF --force" in str(caught.value)
    mended = pull(name, force=True)
    assert mended.path
    assert mended.path.read_bytes() == weights
    assert uncache(name) >= len(weights)
    assert find(name) is None


def test_a_catalogue_entry_from_the_hub(hub: Hub, weights: bytes) -> None:
    def entry(sha256: str) -> Entry:
        known = catalogue.find("qwen3-0.6b")
        assert known
        source = Source("hub", repository="org/tiny-GGUF")
        fields = {name: getattr(known, name) for name in Entry.__slots__}
        return Entry(
            **fields
            | {"file": "tiny-Q4_K_M.gguf", "size": len(weights), "sha256": sha256, "sources": (source,)}
        )

    good, bad = entry(hashlib.sha256(weights).hexdigest()), entry("0" * 64)
    with pytest.raises(ModelError, match="not the one the catalogue knows"):
        client.fetch_entry(bad, bad.sources[0], lambda *_: None)
    path = client.fetch_entry(good, good.sources[0], lambda *_: None)
    assert path.read_bytes() == weights
    assert path.parent.name == "qwen3-0.6b"
