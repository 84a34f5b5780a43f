"""Every way to name a model, and what is said when nothing is called so."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from tests.base.hub import Hub
from tests.base.models.files import write_gguf

from epitome.errors import ModelError, OfflineError, StoreError
from epitome.models import Model, cache, catalogue, terms
from epitome.models.resolve import find, pull, resolve, uncache, verify


@pytest.mark.parametrize("name", ["default", "smollm2-135m", "SmolLM2-135M-Instruct", "DEFAULT"])
def test_the_default_by_any_of_its_names(smollm: Model, name: str) -> None:
    model = resolve(name)
    assert model == smollm
    assert (model.name, model.template, model.context) == ("smollm2-135m", "chatml", 8192)
    assert (model.languages, model.licence) == (("en",), "Apache-2.0")


@pytest.mark.parametrize("name", ["lead", "textrank", "lexrank"])
def test_the_extractive_ones_need_no_weights(name: str) -> None:
    assert resolve(name) == Model(name, "extractive")


def test_a_gguf_file(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "mine.gguf")
    model = resolve(str(path))
    assert (model.name, model.format, model.path, model.context) == ("mine", "gguf", path, 512)
    assert (model.template, model.languages, model.licence) == ("embedded", ("en", "fr"), "apache-2.0")
    base = write_gguf(tmp_path / "base.gguf", template=None)
    assert resolve(str(base)).template == "completion"


def test_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"text_config": {"max_position_embeddings": 4096}}))
    (folder / "model.safetensors").write_bytes(b"weights")
    model = resolve(str(folder))
    assert (model.name, model.format, model.path) == ("model", "safetensors", folder)
    assert (model.context, model.template) == (4096, "completion")
    (folder / "chat_template.jinja").write_text("{{ messages }}")
    assert resolve(str(folder)).template == "embedded"


def test_a_folder_with_one_gguf_is_that_one(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "only.gguf")
    assert resolve(str(tmp_path)).path == path
    write_gguf(tmp_path / "second.gguf")
    with pytest.raises(ModelError, match="no model folder"):
        resolve(str(tmp_path))


def test_a_training_that_was_broken_off_says_so(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(ModelError) as caught:
        resolve(str(tmp_path))
    assert "its training has not come to its end" in str(caught.value.hint)


def test_a_server(home: Path) -> None:
    model = resolve("http://127.0.0.1:8000/v1/#org/served")
    assert model == Model("org/served", "openai", url="http://127.0.0.1:8000/v1")


def test_a_server_with_one_model_need_not_be_told_which(hub: Hub) -> None:
    hub.served = ["qwen"]
    assert resolve(f"{hub.url}/v1") == Model("qwen", "openai", url=f"{hub.url}/v1")
    hub.served = ["qwen", "gemma"]
    with pytest.raises(ModelError, match="2 models") as caught:
        resolve(f"{hub.url}/v1")
    assert "qwen, gemma" in str(caught.value)
    with pytest.raises(ModelError, match="does not say which models it has"):
        resolve(f"{hub.url}/api/models/none")


def test_a_server_elsewhere_is_refused_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EPITOME_OFFLINE", "1")
    assert resolve("http://localhost:8000/v1#m").url
    with pytest.raises(OfflineError):
        resolve("http://192.0.2.1:8000/v1#m")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("smolm2-135m", "did you mean smollm2-135m"),
        ("qwen3-0.6", "qwen3-0.6b"),
        ("lexrnk", "lexrank"),
        ("zzz", "epitome models list"),
        ("", "epitome models list"),
        ("./none.gguf", "no such file"),
        ("/none/at/all", "no such file"),
        ("http://", "no URL of a server"),
    ],
)
def test_a_name_that_means_nothing_says_what_would(home: Path, name: str, says: str) -> None:
    with pytest.raises(ModelError) as caught:
        resolve(name)
    assert says in str(caught.value)


def test_adapters_and_pickled_weights_are_not_models(tmp_path: Path) -> None:
    adapter = write_gguf(tmp_path / "lora.gguf", general__type="adapter")
    with pytest.raises(ModelError, match="adapter") as caught:
        resolve(str(adapter))
    assert "--adapter" in str(caught.value)
    peft = tmp_path / "peft"
    peft.mkdir()
    (peft / "adapter_config.json").write_text("{}")
    with pytest.raises(ModelError, match="adapter"):
        resolve(str(peft))
    pickled = tmp_path / "pickled"
    pickled.mkdir()
    (pickled / "config.json").write_text("{}")
    (pickled / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(ModelError, match="no safetensors weights"):
        resolve(str(pickled))
    (pickled / "model.safetensors").write_bytes(b"x")
    (pickled / "config.json").write_text("[]")
    with pytest.raises(ModelError, match=r"config\.json cannot be read"):
        resolve(str(pickled))


def test_terms_come_before_the_model(home: Path) -> None:
    with pytest.raises(ModelError, match="Gemma Terms of Use") as caught:
        resolve("gemma3-270m")
    assert "`epitome models pull gemma3-270m`" in str(caught.value)
    entry = catalogue.find("gemma3-1b")
    assert entry
    terms.accept(entry)
    sibling, other = catalogue.find("gemma3-270m"), catalogue.find("llama3.2-1b")
    assert sibling
    assert other
    assert terms.accepted(sibling), "the same terms hold for the same family"
    assert not terms.accepted(other)


def test_offline_without_the_model_names_the_command(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EPITOME_OFFLINE", "1")
    for name in ("default", "qwen3-0.6b"):
        with pytest.raises(OfflineError) as caught:
            resolve(name)
        assert "epitome models pull" in str(caught.value)
        assert find(name) is None


@pytest.fixture
def copied(home: Path, smollm: Model) -> Path:
    """The default model put into an empty cache by hand."""
    assert smollm.path
    folder = cache.folder("smollm2-135m")
    folder.mkdir(parents=True)
    return Path(shutil.copyfile(smollm.path, folder / smollm.path.name))


def test_a_file_put_into_the_cache_by_hand_is_taken_once_it_is_verified(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EPITOME_OFFLINE", "1")
    assert resolve("default").path == copied
    assert cache.records("smollm2-135m")[copied.name].sha256 == resolve("default").sha256
    assert verify(resolve("default")) == resolve("default").sha256


@pytest.mark.parametrize("damage", ["cut", "flip"])
def test_a_damaged_cached_model_is_one_clear_line_that_says_how_to_mend_it(copied: Path, damage: str) -> None:
    resolve("default")
    with copied.open("r+b") as file:
        if damage == "cut":
            file.truncate(50_000_000)
        else:
            file.seek(90_000_000)
            file.write(b"\xff" * 8)
    with pytest.raises(ModelError, match="smollm2-135m is damaged") as caught:
        resolve("default")
    assert "`epitome models pull smollm2-135m --force`" in str(caught.value)
    assert str(copied) in str(caught.value)


def test_damage_that_left_size_and_time_alone_is_found_by_verify(copied: Path) -> None:
    model = resolve("default")
    stat = copied.stat()
    with copied.open("r+b") as file:
        file.seek(90_000_000)
        file.write(b"\xff" * 8)
    os.utime(copied, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert resolve("default") == model
    with pytest.raises(ModelError, match="damaged"):
        verify(model)
    mended = pull("default", force=True)
    assert verify(mended) == mended.sha256


def test_removing_frees_the_disk(copied: Path) -> None:
    resolve("default")
    assert uncache("default") >= 98_362_432
    assert find("default") is None
    with pytest.raises(ModelError, match="not in the cache"):
        uncache("default")


def test_a_cache_that_cannot_be_written_is_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("EPITOME_HOME", str(tmp_path / "file"))
    with pytest.raises(StoreError, match="cannot be written") as caught:
        resolve("default")
    assert "EPITOME_HOME" in str(caught.value)


def test_the_catalogue_is_consistent() -> None:
    names: list[str] = []
    for entry in catalogue.entries():
        names += [entry.name, *entry.aliases]
        assert len(entry.sha256) == 64
        assert entry.size > 10**7
        assert entry.licence
        if entry.kind == "encoder":
            assert {"config.json", "vocab.txt"} <= {each.name for each in entry.beside}
            assert all(source.packages for source in entry.sources), "only wheels bring further files"
        else:
            assert entry.file.endswith(".gguf")
            assert entry.context >= 8192
        assert bool(entry.terms) == bool(entry.terms_url)
        assert entry.languages or entry.note
        assert all(len(source.packages) == len(source.members) for source in entry.sources)
        assert all(bool(source.packages) != bool(source.repository) for source in entry.sources)
    folded = [name.lower() for name in names]
    assert len(set(folded)) == len(folded)
    assert catalogue.entries()[0] == catalogue.find("default")
    assert next(entry.name for entry in catalogue.speaking("zh")) == "gemma3-270m"
    assert "smollm2-135m" not in {entry.name for entry in catalogue.speaking("de")}
    assert "minilm" not in {entry.name for entry in catalogue.speaking("en")}, "an encoder writes nothing"
