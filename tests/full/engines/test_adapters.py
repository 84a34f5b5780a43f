"""One adapter, made with PEFT, in every engine on the real default model: the same answers, and other than without."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from tests.engine_contract import MARKUP, STORY, ask, one
from tests.full.engines import folders

from epitome.engines import export, unpack
from epitome.engines.base import Answer, GenerationRequest, answers
from epitome.engines.huggingface import Transformers
from epitome.engines.llamacpp import LlamaCpp
from epitome.engines.open import choose, open_engine
from epitome.engines.openvino import OpenVino
from epitome.engines.vocabulary import Vocabulary
from epitome.errors import EngineError, ModelError
from epitome.models import adapter, lora, weights
from epitome.models.local import from_folder
from epitome.models.model import Model
from epitome.models.resolve import resolve

DOCUMENTS = (
    STORY,
    "The council voted to close the swimming pool. Repairs would cost two million, said the mayor.",
    "Rain fell for nine days. The river rose and carried away the wooden bridge at the old mill.",
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Model]:
    """The default model; what is made of it goes to a folder that is deleted."""
    found = resolve("default")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EPITOME_HOME", str(tmp_path_factory.mktemp("home")))
        yield found


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two LoRAs on all linear layers, B not zero, as PEFT saves them; one in a folder with dots in its name."""
    folder = tmp_path_factory.mktemp("tuned")
    return {name: peft_lora(folder / name, seed) for seed, name in enumerate(("a", "b.v1.2"))}


def peft_lora(folder: Path, seed: int) -> Path:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    with torch.device("meta"):
        network = LlamaForCausalLM(
            LlamaConfig(
                vocab_size=8, hidden_size=576, intermediate_size=1536, num_hidden_layers=30, num_attention_heads=9,
                num_key_value_heads=3,
            )
        )  # fmt: skip
    layers = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PEFT asks whether the base is the one that it was
        network = get_peft_model(
            network.to_empty(device="cpu"),
            LoraConfig(r=4, lora_alpha=8, target_modules=layers, task_type="CAUSAL_LM"),
        )
        for name, values in network.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(values, std=0.06)
        network.save_pretrained(folder)
    return folder


def asked(adapter: str | None) -> list[GenerationRequest]:
    return [
        ask(f"Summarize in one sentence.\n\n{text}", max_tokens=8, logprobs=True, adapter=adapter)
        for text in DOCUMENTS
    ]


@pytest.fixture(scope="module")
def folder(model: Model) -> Path:
    """The default model as transformers reads it fastest."""
    return unpack.unpacked(model)


@pytest.fixture(scope="module")
def theirs(folder: Path, tuned: dict[str, Path]) -> dict[str | None, list[Answer]]:
    """What transformers and PEFT write in 32 bits; None is the bare base."""
    with Transformers(
        from_folder(folder), adapters=tuned, context=1024, threads=1, dtype="float32"
    ) as engine:
        return {name: answers(engine, asked(name)) for name in (None, *tuned)}


def the_same(ours: Sequence[Answer], theirs: Sequence[Answer]) -> bool:
    for mine, other in zip(ours, theirs, strict=True):
        assert (mine.text, mine.prompt_tokens) == (other.text, other.prompt_tokens)
        # 0.0002 where it was measured.
        assert mine.logprobs == pytest.approx(other.logprobs, abs=1e-2)
    return True


def test_an_adapter_changes_what_transformers_writes(theirs: dict[str | None, list[Answer]]) -> None:
    assert len({tuple(answer.text for answer in each) for each in theirs.values()}) == 3


def test_llama_cpp_writes_what_transformers_writes(
    model: Model, tuned: dict[str, Path], theirs: dict[str | None, list[Answer]]
) -> None:
    exact = weights.prepared(model, "f32")
    held = {name: lora.as_gguf(model, adapter.read(path, model)) for name, path in tuned.items()}
    with LlamaCpp(model, weights=exact, adapters=held, context=1024, threads=(1, 1), exact=True) as engine:
        # Each request has its own, whatever ran before it.
        names = (None, *tuned)
        found = answers(
            engine, [request for each in zip(*map(asked, names), strict=True) for request in each]
        )
    for at, name in enumerate(names):
        assert the_same(found[at :: len(names)], theirs[name])


def near(ours: Sequence[Answer], theirs: Sequence[Answer]) -> bool:
    """What weights and activations of 8 bits leave: the first tokens are the same, and nearly as likely."""
    return all(
        mine.tokens[:1] == other.tokens[:1] and mine.logprobs[0] == pytest.approx(other.logprobs[0], abs=0.35)
        for mine, other in zip(ours, theirs, strict=True)
    )


def test_openvino_gets_the_adapter_merged(
    model: Model, tuned: dict[str, Path], theirs: dict[str | None, list[Answer]]
) -> None:
    name, notes = str(tuned["a"]), []
    assert choose(model, adapters=[name], work=10)[0] == "openvino"
    with open_engine(model, adapter=name, work=10, on_note=notes.append) as engine:  # type: ignore[attr-defined]
        assert isinstance(engine, OpenVino)
        found = answers(engine, asked(name))
        with pytest.raises(EngineError, match="the bare base was asked for"):
            one(engine, asked(None)[0])
    assert notes[1] == "making smollm2-135m with a as Q8_0, once"
    assert near(found, theirs["a"])
    assert [answer.text for answer in found] != [answer.text for answer in theirs[None]]
    merged = weights.prepared(model, "q8_0", adapter.read(tuned["a"], model))
    with LlamaCpp(model, adapters={"a": merged}, context=1024, threads=(1, 1)) as other:
        assert near(answers(other, asked("a")), theirs["a"])
        with pytest.raises(EngineError, match="the bare base was asked for"):
            one(other, asked(None)[0])
    with pytest.raises(EngineError, match="one adapter at a time"):
        open_engine(model, engine="openvino", adapters=[str(path) for path in tuned.values()])


def test_a_merged_folder_is_the_model_with_its_adapter(
    folder: Path, tuned: dict[str, Path], theirs: dict[str | None, list[Answer]], tmp_path: Path
) -> None:
    merged = export.merge(tuned["a"], tmp_path / "merged", base=str(folder))
    with Transformers(from_folder(merged), context=1024, threads=1, dtype="float32") as engine:
        assert the_same(answers(engine, asked(None)), theirs["a"])


def test_a_folder_made_of_a_gguf_file_has_its_tokenizer(model: Model, folder: Path) -> None:
    from transformers import AutoTokenizer

    assert model.path
    words, read = Vocabulary.read(model.path), AutoTokenizer.from_pretrained(folder)
    for text in (STORY, MARKUP, "x = [1, 22]\n\tÄ 文字 \U0001f98a"):
        assert read(text, add_special_tokens=False).input_ids == words.encode_markup(text)
        assert read.decode(words.encode_markup(text)) == text
    assert read.apply_chat_template([{"role": "user", "content": "Hello"}], tokenize=False).endswith(
        "<|im_start|>user\nHello<|im_end|>\n"
    )
    assert (read.bos_token, read.eos_token) == ("<|im_start|>", "<|im_end|>")


def test_what_adds_tokens_runs_in_transformers_and_cannot_be_merged(model: Model, tmp_path: Path) -> None:
    import torch
    from peft import PrefixTuningConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    base = folders.llama(tmp_path / "base")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # between peft and transformers
        network = get_peft_model(
            AutoModelForCausalLM.from_pretrained(base),
            PrefixTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=4),
        )
    for values in network.parameters():
        if values.requires_grad:
            torch.nn.init.normal_(values, std=2.0)
    network.save_pretrained(tmp_path / "prefix")
    name = str(tmp_path / "prefix")
    with open_engine(from_folder(base), adapter=name) as engine:  # type: ignore[attr-defined]
        assert one(engine, ask("Hello", adapter=name)).text != one(engine, ask("Hello")).text
    with pytest.raises(ModelError, match="prefix tuning changes no weights"):
        export.merge(tmp_path / "prefix", tmp_path / "out", base=str(base))
    with pytest.raises(ModelError, match="prefix tuning runs in transformers only"):
        export.merge(tmp_path / "prefix", tmp_path / "out.gguf", base=str(model.path))
    assert not (tmp_path / "out").exists()
