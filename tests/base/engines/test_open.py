from __future__ import annotations

from pathlib import Path

import pytest
from tests.engine_contract import STORY, ask, one

from epitome.engines.open import choose, open_engine
from epitome.errors import EngineError, UsageError
from epitome.models.model import Model
from epitome.models.resolve import resolve

SERVED = Model("m", "openai", url="http://127.0.0.1:9/v1")
FOLDER = Model("f", "safetensors", Path("/nowhere"))


@pytest.mark.parametrize(
    ("model", "work", "engine"),
    [
        (SERVED, 1, "openai"),
        (SERVED, 1000, "openai"),
        (FOLDER, 1, "transformers"),
        (FOLDER, 1000, "transformers"),
    ],
)
def test_what_a_model_is_decides_first(model: Model, work: int, engine: str) -> None:
    assert choose(model, work=work)[0] == engine


def test_one_document_starts_at_once() -> None:
    assert choose(resolve("default"))[0] == "llamacpp"


def test_without_the_extra_many_documents_run_in_llama_cpp_and_the_note_says_what_would_be_faster() -> None:
    engine, why = choose(resolve("default"), work=1000)
    assert engine == "llamacpp"
    assert 'pip install "epitome[fast]"' in why


def test_an_adapter_is_never_lost_to_speed(tmp_path: Path) -> None:
    assert choose(resolve("default"), adapter="a.gguf", work=1000) == (
        "llamacpp",
        "it takes the adapter as it is",
    )


def test_it_opens_and_says_what_it_chose() -> None:
    notes: list[str] = []
    with open_engine(resolve("default"), on_note=notes.append) as engine:  # type: ignore[attr-defined]
        assert engine.name == "llamacpp"
        assert one(engine, ask(STORY, max_tokens=4)).generated_tokens == 4
    assert notes[0] == "engine llamacpp: it starts at once"


def test_an_unknown_engine_is_named_with_the_known() -> None:
    with pytest.raises(UsageError, match=r"'magic'.*auto, llamacpp, openvino"):
        open_engine(resolve("default"), engine="magic")


def test_an_extractive_baseline_needs_no_engine() -> None:
    with pytest.raises(EngineError, match="lexrank"):
        choose(Model("lexrank", "extractive"))


def test_an_adapter_that_is_not_there_or_of_another_kind(tmp_path: Path) -> None:
    model = resolve("default")
    with pytest.raises(EngineError, match="there is no such adapter"):
        open_engine(model, adapter=str(tmp_path / "none.gguf"))
    with pytest.raises(EngineError, match="GGUF file"):
        open_engine(model, adapter=str(tmp_path))
    with pytest.raises(EngineError, match="no PEFT folder"):
        open_engine(model, engine="transformers", adapter=str(tmp_path))


@pytest.mark.parametrize(("engine", "extra"), [("openvino", "fast"), ("transformers", "train")])
def test_an_engine_that_is_not_installed_says_how_to_get_it(engine: str, extra: str) -> None:
    with pytest.raises(EngineError) as caught:
        open_engine(resolve("default"), engine=engine)
    assert caught.value.hint == f'pip install "epitome[{extra}]"'
