"""transformers: the contract with the real default model, the rest with small random ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.engine_contract import MARKUP, STORY, EngineContract, ask, one
from tests.full.engines import folders

from epitome.engines.base import Decoding, GenerationRequest, answers
from epitome.engines.huggingface import Transformers
from epitome.engines.llamacpp import LlamaCpp
from epitome.errors import ContextError, EngineError, ModelError
from epitome.models.local import from_folder
from epitome.models.model import Model
from epitome.models.resolve import resolve
from epitome.types import Message, Prompt


@pytest.fixture(scope="module")
def engine() -> Iterator[Transformers]:
    with Transformers(resolve("default"), context=1024, threads=1, dtype="float32") as engine:
        yield engine


class TestTransformers(EngineContract):
    def test_it_writes_what_llama_cpp_writes(self, engine: Transformers) -> None:
        request = ask(f"Summarize in one sentence.\n\n{STORY}", max_tokens=16, logprobs=True)
        with LlamaCpp(resolve("default"), context=1024) as other:
            theirs, ours = one(other, request), one(engine, request)
        assert ours.prompt_tokens == theirs.prompt_tokens
        assert ours.text == theirs.text
        # llama.cpp quantises activations to 8 bits on the way.
        assert ours.logprobs == pytest.approx(theirs.logprobs, abs=0.35)


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folders.llama(tmp_path_factory.mktemp("llama"))


@pytest.fixture(scope="module")
def small(llama: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Transformers]:
    adapters = {
        name: folders.adapter(llama, tmp_path_factory.mktemp(name), seed)
        for name, seed in (("a", 5), ("b", 6))
    }
    with Transformers(from_folder(llama), adapters=adapters, threads=1, dtype="float32") as engine:
        yield engine


def plain(text: str, prefill: str = "", **decoding: object) -> GenerationRequest:
    options = {"max_tokens": 8} | decoding
    return GenerationRequest(Prompt((Message("user", text),), prefill), Decoding(**options))  # type: ignore[arg-type]


def test_a_seed_gives_its_text_whatever_else_is_in_the_batch(small: Transformers) -> None:
    requests = [plain(f"The wind {'and the sea ' * n}", temperature=1.0, seed=3) for n in range(5)]
    together = answers(small, [*requests, plain("The ferry"), plain("x", temperature=2.0, seed=1)])
    assert [answer.text for answer in together[:5]] == [one(small, request).text for request in requests]
    assert together[5].text == one(small, plain("The ferry")).text


def test_sampling_follows_the_softmax(small: Transformers) -> None:
    import math

    first = one(small, plain("The", max_tokens=1, logprobs=True))
    drawn = answers(small, [plain("The", max_tokens=1, temperature=1.0, seed=seed) for seed in range(400)])
    share = sum(answer.text == first.text for answer in drawn) / 400
    expected = math.exp(first.logprobs[0])
    assert share == pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / 400))


def test_top_k_of_one_is_greedy(small: Transformers) -> None:
    greedy = one(small, plain(STORY)).text
    assert one(small, plain(STORY, temperature=3.0, top_k=1, seed=4)).text == greedy
    assert one(small, plain(STORY, temperature=3.0, top_p=1e-6, seed=4)).text == greedy


def test_alternatives_come_best_first_and_contain_the_greedy_choice(small: Transformers) -> None:
    answer = one(small, plain(STORY, alternatives=3, logprobs=True))
    assert len(answer.alternatives) == len(answer.tokens) == 8
    for token, logprob, others in zip(answer.tokens, answer.logprobs, answer.alternatives, strict=True):
        assert others[0] == (token, pytest.approx(logprob))
        assert [value for _, value in others] == sorted((value for _, value in others), reverse=True)


def test_no_ngram_of_the_answer_comes_twice(small: Transformers) -> None:
    answer = one(small, plain(STORY, max_tokens=60, no_repeat_ngram=2, logprobs=True))
    pairs = list(zip(answer.tokens, answer.tokens[1:], strict=False))
    assert len(pairs) == len(set(pairs))
    loop = one(small, plain(STORY, max_tokens=60, logprobs=True))
    assert len(set(zip(loop.tokens, loop.tokens[1:], strict=False))) < len(loop.tokens) - 1


def test_beams_are_those_of_generate_itself(small: Transformers, llama: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    network = AutoModelForCausalLM.from_pretrained(llama)
    requests = [plain("The", beams=4), plain(STORY, beams=4)]
    expected = []
    for request in requests:
        ids = torch.tensor([small._ids(request.prompt)])
        made = network.generate(ids, num_beams=4, max_new_tokens=8, attention_mask=torch.ones_like(ids))
        expected.append(small._words.decode(made[0, ids.shape[1] :].tolist()))
    assert [answer.text for answer in answers(small, requests)] == expected
    assert expected[0] != one(small, plain("The")).text


def test_contrast_moves_away_from_what_is_likely_without_the_document(
    small: Transformers, llama: Path
) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    def contrasted(document: str, contrast: float = 0.5) -> GenerationRequest:
        request = plain(f"Summarize: {document}", contrast=contrast, max_tokens=5)
        return replace(request, without=Prompt((Message("user", "Summarize: "),)))

    network = AutoModelForCausalLM.from_pretrained(llama, dtype=torch.float32).eval()
    requests = [contrasted("The ferry left at dawn."), contrasted(STORY), contrasted(STORY, 0.0)]
    found = [answer.text for answer in answers(small, requests)]
    for request, text in zip(requests, found, strict=True):
        assert text == one(small, request).text  # whatever else is in the batch
        alpha, made = request.decoding.contrast, list[int]()
        known, bare = (
            small._ids(prompt) for prompt in (request.prompt, request.without) if prompt is not None
        )
        with torch.inference_mode():
            for _ in range(5):
                scores = [
                    network(torch.tensor([ids + made])).logits[0, -1].log_softmax(-1) for ids in (known, bare)
                ]
                made.append(int(((1 + alpha) * scores[0] - alpha * scores[1]).argmax()))
        assert text == small._words.decode(made)
    assert found[1] != found[2]
    with pytest.raises(EngineError, match="contrast"):
        one(small, replace(requests[0], decoding=replace(requests[0].decoding, beams=2)))


def test_an_adapter_changes_the_answer_and_none_is_the_bare_base(small: Transformers, llama: Path) -> None:
    a, b, bare = answers(small, [plain(STORY, adapter="a"), plain(STORY, adapter="b"), plain(STORY)])
    assert len({a.text, b.text, bare.text}) == 3
    with Transformers(from_folder(llama), threads=1, dtype="float32") as without:
        assert one(without, plain(STORY)).text == bare.text


def test_an_adapter_of_another_base_is_refused(llama: Path, tmp_path: Path) -> None:
    wider = folders.llama(tmp_path / "wider", hidden=48)
    adapter = folders.adapter(wider, tmp_path / "adapter")
    with pytest.raises(EngineError, match="does not fit"):
        Transformers(from_folder(llama), adapters={"other": adapter}, threads=1)


def test_added_tokens_are_no_markup_in_a_document_either(small: Transformers) -> None:
    special = {0, 1, 2}
    for text in ("<|stop|>", "<|start|>system", "a<pad>b"):
        assert special.isdisjoint(small.encode(text))
    assert small._words.decode(small.encode("a <|stop|> b")) == "a <|stop|> b"
    assert small._ids(plain("<|stop|>").prompt).count(1) == 1


def test_t5_and_bart_read_and_write(tmp_path: Path) -> None:
    for make, around in ((folders.t5, 1), (folders.bart, 2)):
        folder = make(tmp_path / make.__name__)
        with Transformers(from_folder(folder), threads=1, dtype="float32") as engine:
            assert engine.count(plain(STORY).prompt) == len(engine.encode(STORY)) + around
            answer, other = answers(engine, [plain(STORY, max_tokens=6), plain("The wind.", max_tokens=5)])
            assert (answer.generated_tokens, other.generated_tokens) == (6, 5) or answer.finish == "stop"
            assert one(engine, plain("The wind.", max_tokens=5)).text == other.text
            assert one(engine, plain(STORY, beams=3)).finish in {"stop", "length"}
            with pytest.raises(ContextError):
                one(engine, plain(STORY * 20))


def test_an_encoder_decoder_goes_on_from_the_prefill(tmp_path: Path) -> None:
    import torch
    from transformers import BartForConditionalGeneration

    folder = folders.bart(tmp_path)
    with Transformers(from_folder(folder), threads=1, dtype="float32") as engine:
        begun, source = engine.encode("The ferry"), engine._ids(plain(STORY).prompt)
        requests = [plain(STORY, max_tokens=5), plain(STORY, prefill="The ferry", max_tokens=5)]
        whole, rest = answers(engine, requests)
        network = BartForConditionalGeneration.from_pretrained(folder)
        made = network.generate(
            torch.tensor([source]), decoder_input_ids=torch.tensor([[2, 0, *begun]]),
            max_new_tokens=6, num_beams=1, min_length=0, no_repeat_ngram_size=0,
        )  # fmt: skip
        expected = engine._words.decode(made[0, 2 + len(begun) :][:5].tolist())
    assert rest.text == expected
    assert rest.text != whole.text


def test_a_broken_folder_is_a_model_error(llama: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text((llama / "config.json").read_text())
    (tmp_path / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(ModelError, match=str(tmp_path)):
        Transformers(Model("broken", "safetensors", tmp_path))


def test_no_hub_is_asked_for_a_local_folder(llama: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("EPITOME_OFFLINE", "1")
    with Transformers(from_folder(llama), threads=1) as engine:
        assert one(engine, plain("The")).generated_tokens > 0
    assert len(engine.encode(MARKUP)) > 10
