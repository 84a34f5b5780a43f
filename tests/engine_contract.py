"""What every engine owes its callers. Each engine's tests subclass this with a fixture `engine`."""

from __future__ import annotations

import time
from threading import Event, Thread
from typing import Any

import pytest

from epitome.engines.base import Answer, Decoding, GenerationRequest, Generator, answers
from epitome.errors import ContextError, EngineError
from epitome.types import Message, Prompt

SYSTEM = "You are a helpful AI assistant."
STORY = (
    "The ferry to the island was cancelled on Tuesday because the wind tore a sail cloth off the harbour roof. "
    "About ninety people slept in the school, where the baker brought them bread in the morning."
)
MARKUP = "<|im_end|><|im_start|>system<|endoftext|></s>"


def ask(text: str, prefill: str = "", **decoding: Any) -> GenerationRequest:
    """A request of two turns, greedy and short unless said otherwise."""
    prompt = Prompt((Message("system", SYSTEM), Message("user", text)), prefill)
    return GenerationRequest(prompt, Decoding(**({"max_tokens": 12} | decoding)))


def one(engine: Generator, request: GenerationRequest) -> Answer:
    return answers(engine, [request])[0]


class EngineContract:
    """Subclass it, and give it a fixture `engine` that yields an open engine."""

    special_ids = frozenset({0, 1, 2})
    """What plain text must never become."""
    plain_documents = True
    """Whether the engine itself keeps special tokens out of documents."""
    min_tokens = True
    """Whether an answer can be made to go on for so many."""
    exact = True
    """Whether an answer is the same alone and in a batch."""

    def test_greedy_is_deterministic(self, engine: Generator) -> None:
        request = ask(f"Summarize in one sentence.\n\n{STORY}")
        first, second = one(engine, request), one(engine, request)
        assert first.text
        assert first.text == second.text

    def test_same_seed_same_text_and_another_seed_another(self, engine: Generator) -> None:
        texts = [
            one(engine, ask("Tell me a story.", temperature=1.5, seed=seed)).text for seed in (7, 7, 8, 9)
        ]
        assert texts[0] == texts[1]
        assert len(set(texts)) > 1

    def test_a_stop_string_ends_the_answer_before_it(self, engine: Generator) -> None:
        whole = one(engine, ask(STORY)).text
        stop = whole[5:9]
        answer = one(engine, ask(STORY, stop=(stop,)))
        assert answer.text == whole[: whole.index(stop)]
        assert answer.finish == "stop"

    def test_max_tokens_ends_it_with_length(self, engine: Generator) -> None:
        answer = one(engine, ask(f"Repeat this text.\n\n{STORY}", max_tokens=5))
        assert (answer.finish, answer.generated_tokens) == ("length", 5)

    def test_the_model_ends_its_turn_without_markup(self, engine: Generator) -> None:
        answer = one(engine, ask("Say only the word yes.", prefill="Yes", max_tokens=60))
        assert answer.finish == "stop"
        assert "<|" not in answer.text

    def test_an_answer_is_at_least_as_long_as_asked_or_that_is_refused(self, engine: Generator) -> None:
        request = ask("Say only the word yes.", prefill="Yes", max_tokens=16, min_tokens=12)
        if self.min_tokens:
            assert one(engine, request).generated_tokens >= 12
        else:
            with pytest.raises(EngineError, match="no min_tokens"):
                one(engine, request)

    def test_cancel_ends_all_answers_with_abort_soon(self, engine: Generator) -> None:
        cancel = Event()
        requests = [ask(f"Write a long poem.\n\n{STORY}", max_tokens=400) for _ in range(2)]
        chunks = engine.generate(requests, cancel)
        next(chunks)
        cancel.set()
        start = time.monotonic()
        ends = [chunk.finish for chunk in chunks if chunk.finish]
        assert ends == ["abort", "abort"]
        assert time.monotonic() - start < 5

    def test_a_closed_iterator_frees_the_engine(self, engine: Generator) -> None:
        chunks = engine.generate([ask(f"Write a long poem.\n\n{STORY}", max_tokens=400)])
        next(chunks)
        chunks.close()  # type: ignore[attr-defined]
        assert one(engine, ask(STORY, max_tokens=3)).generated_tokens == 3

    def test_the_pieces_joined_are_the_whole(self, engine: Generator) -> None:
        pieces = [chunk.text for chunk in engine.generate([ask(STORY)])]
        assert len(pieces) > 3
        assert "".join(pieces) == one(engine, ask(STORY)).text

    def test_answers_come_back_in_the_order_of_the_requests(self, engine: Generator) -> None:
        requests = [ask(f"{STORY}\n\n{'Why? ' * n}", max_tokens=4) for n in (9, 1, 5, 3)]
        together = answers(engine, requests)
        assert [answer.prompt_tokens for answer in together] == [
            engine.count(request.prompt) for request in requests
        ]
        if self.exact:
            assert [answer.text for answer in together] == [one(engine, each).text for each in requests]

    def test_nothing_is_generated_when_one_prompt_does_not_fit(self, engine: Generator) -> None:
        long = ask("word " * engine.context)
        with pytest.raises(ContextError, match=r"\d"):
            next(engine.generate([ask("Hello"), long]))

    def test_the_answer_counts_too(self, engine: Generator) -> None:
        with pytest.raises(ContextError):
            next(engine.generate([ask("Hello", max_tokens=engine.context)]))

    def test_markup_in_a_document_is_plain_text(self, engine: Generator) -> None:
        ids = engine.encode(MARKUP)
        assert not self.special_ids & set(ids)
        assert len(ids) > 15
        if not self.plain_documents:
            return
        more = engine.count(ask(f"Read this. {MARKUP} Done.").prompt) - engine.count(
            ask("Read this. Done.").prompt
        )
        assert more >= len(ids) - 2

    def test_a_character_of_several_tokens_comes_whole(self, engine: Generator) -> None:
        fox = "\N{FOX FACE}"
        chunks = list(engine.generate([ask(f"Repeat: {fox * 8}", prefill=fox * 8, max_tokens=15)]))
        assert all("\N{REPLACEMENT CHARACTER}" not in chunk.text for chunk in chunks)
        assert fox in "".join(chunk.text for chunk in chunks)

    def test_the_prompt_is_counted_as_it_is_read(self, engine: Generator) -> None:
        request = ask(f"Größe, 文字, \N{FOX FACE}\n\n{STORY}", prefill="The", max_tokens=1)
        assert one(engine, request).prompt_tokens == engine.count(request.prompt)

    def test_log_probabilities_one_a_token(self, engine: Generator) -> None:
        request = ask(STORY, logprobs=True, max_tokens=6)
        if "logprobs" not in engine.abilities:
            with pytest.raises(EngineError):
                one(engine, request)
            return
        answer = one(engine, request)
        assert len(answer.logprobs) == len(answer.tokens) == 6
        assert all(-20 < value <= 0 for value in answer.logprobs)
        assert "".join(answer.tokens).strip() == answer.text.strip()

    def test_beam_search_finds_what_is_likelier_or_is_refused(self, engine: Generator) -> None:
        request = ask(STORY, beams=3)
        if "beams" not in engine.abilities:
            with pytest.raises(EngineError, match="beam"):
                one(engine, request)
            return
        assert one(engine, request).finish in {"length", "stop"}

    def test_what_an_engine_cannot_do_is_an_error(self, engine: Generator) -> None:
        asked: dict[str, dict[str, Any]] = {
            "grammar": {"grammar": 'root ::= "yes"'},
            "alternatives": {"alternatives": 2},
        }
        for ability, decoding in asked.items():
            if ability not in engine.abilities:
                with pytest.raises(EngineError):
                    one(engine, ask(STORY, **decoding))

    def test_an_adapter_that_was_not_loaded_is_an_error(self, engine: Generator) -> None:
        with pytest.raises(EngineError, match="nowhere"):
            one(engine, ask(STORY, adapter="nowhere"))

    def test_two_threads_may_ask_at_once(self, engine: Generator) -> None:
        done: dict[int, list[Answer]] = {}

        def work(number: int) -> None:
            done[number] = answers(engine, [ask(f"{STORY} {number}", max_tokens=4)])

        threads = [Thread(target=work, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert [done[number][0].generated_tokens for number in range(2)] == [4, 4]
