"""HTTP: the contract against llama.cpp's own server, the faults against small ones made here."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import httpx
import pytest
from tests.base.engines.servers import Answer, Served, error, models, says, serving
from tests.engine_contract import STORY, EngineContract, ask, one

from epitome.engines.base import answers
from epitome.engines.openai import DEFAULT_CONTEXT, OpenAi, estimate
from epitome.errors import ContextError, EngineError, OfflineError
from epitome.models.model import Model
from epitome.models.resolve import resolve

KEY = "a key nobody guesses"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """llama.cpp's server with the default model, on the loopback."""
    import xllamacpp

    from epitome.engines.llamacpp import quiet

    params = xllamacpp.CommonParams()
    params.model.path = str(resolve("default").path)
    params.model_alias = {"smollm2"}
    params.n_ctx, params.n_parallel, params.kv_unified = 1024, 2, True
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.api_keys, params.warmup, params.verbosity, params.endpoint_props = [KEY], False, -1, False
    with quiet():
        server = xllamacpp.Server(params)
    yield f"{server.listening_address}/v1"
    del server


def served(url: str, name: str = "m") -> Model:
    return Model(name, "openai", url=url)


@pytest.fixture(scope="module")
def engine(address: str) -> Iterator[OpenAi]:
    with httpx.Client(headers={"Authorization": f"Bearer {KEY}"}) as client:
        name = client.get(f"{address}/models").json()["data"][0]["id"]
    with OpenAi(served(address, name), key=KEY, parallel=2) as engine:
        yield engine


class TestOpenAi(EngineContract):
    plain_documents = False  # the server tokenises
    exact = False
    min_tokens = False

    def test_the_context_is_the_servers(self, engine: OpenAi) -> None:
        assert engine.context == 1024

    def test_a_wrong_key_is_refused_in_the_servers_words(self, address: str) -> None:
        with pytest.raises(EngineError, match=r"(?i)api key.*OPENAI_API_KEY"):
            OpenAi(served(address), key="wrong").close()

    def test_a_model_it_does_not_have_is_named_with_those_it_has(self, address: str, engine: OpenAi) -> None:
        with pytest.raises(EngineError, match=f"no model other.*{engine.model}"):
            OpenAi(served(address, "other"), key=KEY).close()


def script(*chat: Answer, context: int | None = None) -> AbstractContextManager[Served]:
    """A server with the model `m` that gives these answers to chats, the last one for ever."""

    def answer(method: str, path: str, before: int) -> Answer | None:
        if path == "/v1/models":
            return models("m", **({"max_model_len": context} if context else {}))
        if path == "/v1/chat/completions":
            return chat[min(before, len(chat) - 1)]
        return None

    return serving(answer)


@contextmanager
def refusing(*chat: Answer, kind: type[EngineError] = EngineError, match: str) -> Iterator[Served]:
    """A server with these answers, the first of which must end in that error."""
    with script(*chat) as server, OpenAi(served(server.url)) as engine:
        yield server
        with pytest.raises(kind, match=match):
            one(engine, ask(STORY))


def test_it_says_what_the_server_says() -> None:
    with script(says("It was cancelled.")) as server, OpenAi(served(server.url), key="k") as engine:
        answer = one(engine, ask(STORY, prefill="Because", stop=("\n",), temperature=0.5, seed=3))
        body = server.bodies("/v1/chat/completions")[0]
    assert (answer.text, answer.finish, answer.prompt_tokens, answer.generated_tokens) == (
        "It was cancelled. ", "stop", 100, 3,
    )  # fmt: skip
    assert body["messages"][-1] == {"role": "assistant", "content": "Because"}
    assert (body["seed"], body["temperature"], body["stop"], body["stream"]) == (3, 0.5, ["\n"], True)
    assert server.seen[0][2]["Authorization"] == "Bearer k"


def test_a_busy_server_is_asked_again_when_it_says() -> None:
    busy = error(429, "slow down", Retry_After="0.2")
    with script(busy, error(503, "loading", Retry_After="0"), says("Yes.")) as server:
        with OpenAi(served(server.url)) as engine:
            start = time.monotonic()
            assert one(engine, ask(STORY)).text == "Yes. "
            assert time.monotonic() - start >= 0.2
        assert len(server.bodies("/v1/chat/completions")) == 3


def test_a_server_that_stays_busy_is_an_error_with_its_message() -> None:
    with script(error(429, "quota used up", Retry_After="0")) as server, OpenAi(served(server.url)) as engine:
        with pytest.raises(EngineError, match="quota used up"):
            one(engine, ask(STORY))
        assert len(server.bodies("/v1/chat/completions")) == 5


def test_a_pause_of_hours_is_not_waited_for() -> None:
    with (
        script(error(429, "come back tomorrow", Retry_After="7200")) as server,
        OpenAi(served(server.url)) as engine,
    ):
        with pytest.raises(EngineError, match="tomorrow"):
            one(engine, ask(STORY))
        assert len(server.bodies("/v1/chat/completions")) == 1


def test_a_bad_request_is_not_repeated() -> None:
    with script(error(400, "seed must be positive")) as server, OpenAi(served(server.url)) as engine:
        with pytest.raises(EngineError, match="seed must be positive"):
            one(engine, ask(STORY))
        assert len(server.bodies("/v1/chat/completions")) == 1


@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 512 tokens. However, you requested 900 tokens",
        "the request exceeds the available context size, try increasing it",
    ],
)
def test_an_overlong_prompt_is_a_context_error_in_the_servers_words(message: str) -> None:
    with (
        script(error(400, message)) as server,
        OpenAi(served(server.url)) as engine,
        pytest.raises(ContextError, match=message[:20]),
    ):
        one(engine, ask(STORY))


def test_a_prompt_that_was_cut_silently_is_a_context_error() -> None:
    cut = script(says("A summary of the end.", prompt_tokens=64))
    with cut as server, OpenAi(served(server.url), context=10_000) as engine:
        assert one(engine, ask(STORY)).text
        with pytest.raises(ContextError, match=r"read 64 tokens .* cut the rest silently"):
            one(engine, ask(STORY * 10))


def test_a_stream_that_breaks_off_is_an_error_not_a_short_answer() -> None:
    with (
        script(says("It was", finish=None, done=False)) as server,
        OpenAi(served(server.url)) as engine,
        pytest.raises(EngineError, match="broke off"),
    ):
        one(engine, ask(STORY))


def test_an_error_in_the_middle_of_the_stream_is_raised() -> None:
    broken = (
        200,
        {},
        'data: {"choices":[{"delta":{"content":"It"}}]}\n\ndata: {"error":{"message":"out of memory"}}\n\n',
    )
    with (
        script(broken) as server,
        OpenAi(served(server.url)) as engine,
        pytest.raises(EngineError, match="out of memory"),
    ):
        one(engine, ask(STORY))


def test_garbage_is_an_error() -> None:
    with (
        script((200, {}, "data: <html>\n\n")) as server,
        OpenAi(served(server.url)) as engine,
        pytest.raises(EngineError, match="no JSON"),
    ):
        one(engine, ask(STORY))
    with (
        serving(lambda *_: (200, {}, "<html>")) as page,
        pytest.raises(EngineError, match="like an OpenAI server"),
    ):
        OpenAi(served(page.url))


def test_log_probabilities_a_server_lacks_are_an_error() -> None:
    with (
        script(says("Yes.")) as server,
        OpenAi(served(server.url)) as engine,
        pytest.raises(EngineError, match="no log-probabilities"),
    ):
        one(engine, ask(STORY, logprobs=True))


def test_no_server_is_one_clear_line() -> None:
    with serving(lambda *_: None) as gone:
        url = gone.url
    with pytest.raises(EngineError, match=r"cannot be reached.*running"):
        OpenAi(served(url))


def test_the_context_is_what_vllm_says_or_a_stated_default() -> None:
    with script(says("Yes."), context=512) as server, OpenAi(served(server.url)) as engine:
        assert engine.context == 512
        with pytest.raises(ContextError, match="512"):
            one(engine, ask(STORY * 20))
        assert server.bodies("/v1/chat/completions") == []
    with script(says("Yes.")) as server, OpenAi(served(server.url)) as engine:
        assert engine.context == DEFAULT_CONTEXT


def test_vllm_counts_the_messages_itself() -> None:
    def vllm(method: str, path: str, before: int) -> Answer | None:
        if path == "/tokenize":
            return 200, {}, '{"count": 321, "max_model_len": 4096, "tokens": []}'
        return models("m") if path == "/v1/models" else says("Yes.", prompt_tokens=321)

    with serving(vllm) as server, OpenAi(served(server.url)) as engine:
        assert engine.count(ask(STORY, prefill="The").prompt) == 321
        assert server.bodies("/tokenize")[-1]["continue_final_message"] is True


def test_no_more_requests_at_once_than_allowed() -> None:
    running = 0
    most = 0

    def slow(method: str, path: str, before: int) -> Answer | None:
        nonlocal running, most
        if path != "/v1/chat/completions":
            return models("m") if path == "/v1/models" else None
        running += 1
        most = max(most, running)
        time.sleep(0.05)
        running -= 1
        return says(f"Answer {before}.")

    with serving(slow) as server, OpenAi(served(server.url), parallel=3) as engine:
        assert all(answer.text for answer in answers(engine, [ask(f"{STORY} {n}") for n in range(9)]))
    assert most == 3


def test_offline_allows_the_loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EPITOME_OFFLINE", "1")
    with pytest.raises(OfflineError, match=r"models\.example"):
        OpenAi(served("https://models.example/v1"))
    with script(says("Yes.")) as server, OpenAi(served(server.url)) as engine:
        assert one(engine, ask(STORY)).text == "Yes. "


def test_the_key_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "from-the-environment")
    with script(says("Yes.")) as server, OpenAi(served(server.url)):
        assert server.seen[0][2]["Authorization"] == "Bearer from-the-environment"


def test_adapters_are_refused_not_ignored() -> None:
    with pytest.raises(EngineError, match="mine"):
        OpenAi(served("http://127.0.0.1:9/v1"), adapters={"mine": resolve("default").path})  # type: ignore[dict-item]


def test_the_estimate_is_above_what_a_vocabulary_needs() -> None:
    assert len(STORY.split()) < estimate(STORY) < len(STORY) // 2
    assert estimate("12345") >= 5
    assert estimate("夏天的风") >= 6
