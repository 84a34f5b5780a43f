from __future__ import annotations

from pathlib import Path

import pytest
from tests.base.models.adapters import write_lora
from tests.engine_contract import STORY, ask, one

from epitome.engines.base import answers
from epitome.engines.open import choose, open_engine
from epitome.errors import EngineError, ModelError, UsageError
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
    held = write_lora(tmp_path / "tuned", {"layers.0.self_attn.q_proj": (576, 576)})
    file = tmp_path / "a.gguf"
    file.write_bytes(b"GGUF")
    model = resolve("default")
    assert choose(model, adapters=[str(file)], work=1000) == ("llamacpp", "it takes the adapter as it is")
    assert choose(model, adapters=[str(held), "b"], work=1000) == ("llamacpp", "it holds several adapters")


def test_a_method_that_one_engine_runs_chooses_it(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text('{"peft_type": "PREFIX_TUNING"}')
    for work in (1, 1000):
        chosen = choose(resolve("default"), adapters=[str(tmp_path)], work=work)
        assert chosen == ("transformers", "prefix tuning runs in no other")
    with pytest.raises(ModelError, match="prefix tuning runs in transformers only") as caught:
        open_engine(resolve("default"), engine="llamacpp", adapter=str(tmp_path))
    assert caught.value.hint == "--engine transformers"


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
    with pytest.raises(ModelError, match="no PEFT folder"):
        open_engine(model, adapter=str(tmp_path))
    with pytest.raises(EngineError, match="no PEFT folder"):
        open_engine(model, engine="transformers", adapter=str(tmp_path))


def test_adapters_side_by_side_in_llama_cpp_are_chosen_per_request(tmp_path: Path) -> None:
    shape = {f"layers.{at}.self_attn.{name}": (576, 576) for at in range(30) for name in ("q_proj", "o_proj")}
    a, b = (
        str(write_lora(tmp_path / name, shape, seed=seed, std=0.2)) for name, seed in (("a", 1), ("b", 2))
    )
    with open_engine(resolve("default"), adapters=[a, b]) as engine:  # type: ignore[attr-defined]
        requests = [ask(STORY, adapter=adapter) for adapter in (a, None, b, a)]
        texts = [answer.text for answer in answers(engine, requests)]
        assert len(set(texts)) == 3
        assert texts[0] == texts[3]
        with pytest.raises(EngineError, match="without the adapter c"):
            one(engine, ask(STORY, adapter="c"))
    with open_engine(resolve("default")) as engine:  # type: ignore[attr-defined]
        assert one(engine, ask(STORY)).text == texts[1]


@pytest.mark.parametrize(("engine", "extra"), [("openvino", "fast"), ("transformers", "train")])
def test_an_engine_that_is_not_installed_says_how_to_get_it(engine: str, extra: str) -> None:
    with pytest.raises(EngineError) as caught:
        open_engine(resolve("default"), engine=engine)
    assert caught.value.hint == f'pip install "epitome[{extra}]"'
