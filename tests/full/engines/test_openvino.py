"""OpenVINO: the contract, and the traps of its GGUF reader."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from gguf import GGUFWriter
from tests.base.connections import outside_connections
from tests.engine_contract import STORY, EngineContract, ask, one

from epitome import settings as epitome_settings
from epitome.engines.base import answers
from epitome.engines.llamacpp import LlamaCpp
from epitome.engines.open import choose, open_engine
from epitome.engines.openvino import OpenVino, converted
from epitome.errors import EngineError
from epitome.models import weights
from epitome.models.model import Model
from epitome.models.resolve import resolve


@pytest.fixture(scope="module")
def engine() -> Iterator[OpenVino]:
    with OpenVino(resolve("default"), exact=True) as engine:
        yield engine


def processor(engine: OpenVino) -> float:
    """Seconds of processor time that its process has taken."""
    fields = Path(f"/proc/{engine.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class TestOpenVino(EngineContract):
    def test_it_writes_what_llama_cpp_writes(self, engine: OpenVino) -> None:
        request = ask(f"Summarize in one sentence.\n\n{STORY}", max_tokens=16, logprobs=True)
        model = resolve("default")
        with LlamaCpp(model, weights=weights.prepared(model), context=1024) as other:
            theirs, ours = one(other, request), one(engine, request)
        assert ours.prompt_tokens == theirs.prompt_tokens
        assert ours.text == theirs.text
        # llama.cpp quantises activations to 8 bits on the way.
        assert ours.logprobs == pytest.approx(theirs.logprobs, abs=0.35)

    def test_a_prefix_that_was_read_before_is_not_read_again(self, engine: OpenVino) -> None:
        text = f"{STORY} {'And so on, day after day. ' * 60}"
        spent = []
        for end in ("First?", "Second?"):
            start = processor(engine)
            one(engine, ask(f"{text} {end}", max_tokens=1))
            spent.append(processor(engine) - start)
        assert spent[1] < spent[0] / 2

    def test_versions_of_one_prompt_read_it_once(self, engine: OpenVino) -> None:
        def spent(versions: int, end: str) -> float:
            text = f"{STORY} {'And so on, week after week. ' * 60} {end}"
            start = processor(engine)
            asked = [ask(text, max_tokens=1, temperature=1.0, seed=seed) for seed in range(versions)]
            assert len(answers(engine, asked)) == versions
            return processor(engine) - start

        spent(1, "To warm up.")
        assert spent(8, "Once.") < 4 * spent(1, "Again.") + 1

    def test_a_batch_of_different_decodings(self, engine: OpenVino) -> None:
        requests = [
            ask(STORY),
            ask(STORY, beams=2),
            ask(STORY, temperature=1.0, seed=5),
            ask(STORY, max_tokens=2),
        ]
        together = answers(engine, requests)
        assert [answer.text for answer in together] == [one(engine, request).text for request in requests]


def test_a_killed_process_is_told_and_the_next_request_starts_it_anew() -> None:
    with OpenVino(resolve("default")) as engine:
        request = ask(f"Tell me about the sea. {STORY}", max_tokens=200, min_tokens=200)
        chunks = engine.generate([request])
        next(chunks)
        before = engine.pid
        os.kill(before, signal.SIGKILL)
        with pytest.raises(EngineError, match="its process ended"):
            list(chunks)
        assert one(engine, ask(STORY, max_tokens=4)).generated_tokens == 4
        assert engine.pid != before
    with pytest.raises(EngineError, match="closed"):
        one(engine, request)


def test_requests_of_several_threads_share_their_steps(engine: OpenVino) -> None:
    def spent(threads: int, name: str) -> float:
        start = processor(engine)
        requests = [ask(f"{name} {number}. {STORY}", max_tokens=48, min_tokens=48) for number in range(6)]
        with ThreadPoolExecutor(threads) as pool:
            assert [answer.generated_tokens for answer in pool.map(partial(one, engine), requests)] == [
                48
            ] * 6
        return processor(engine) - start

    spent(1, "To warm up")
    assert spent(6, "Together") < 0.8 * spent(1, "Alone")


def test_four_bit_weights_never_reach_its_reader() -> None:
    model = resolve("default")
    with pytest.raises(EngineError, match="Q4_1"):
        OpenVino(model, weights=model.path)
    with pytest.raises(EngineError, match="Q4_1"):
        converted(model, model.path)


def test_the_conversion_is_made_once() -> None:
    first = converted(resolve("default"))
    made = (first / "openvino_model.bin").stat().st_mtime_ns
    assert converted(resolve("default")) == first
    assert (first / "openvino_model.bin").stat().st_mtime_ns == made
    assert not list(first.glob("*.gguf"))


def test_an_adapter_is_refused_never_ignored(tmp_path: Path) -> None:
    adapter = tmp_path / "adapter.gguf"
    adapter.write_bytes(b"GGUF")
    with pytest.raises(EngineError, match=r"ignores adapters.*adapter\.gguf"):
        open_engine(resolve("default"), engine="openvino", adapter=str(adapter))
    GGUFWriter.add_type(writer := GGUFWriter(adapter, "llama"), "adapter")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    with pytest.raises(EngineError, match="ignores adapters"):
        OpenVino(resolve("default"), adapters={"a": adapter})


def test_a_gemma_is_told_which_engine_runs_it(tmp_path: Path) -> None:
    path = tmp_path / "gemma.gguf"
    writer = GGUFWriter(path, "gemma3")
    writer.add_context_length(2048)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    gemma = Model("gemma", "gguf", path)
    with pytest.raises(EngineError, match="gemma3") as caught:
        OpenVino(gemma)
    assert "llamacpp" in str(caught.value.hint)
    assert choose(gemma, work=1000)[0] == "llamacpp"


def test_it_reports_to_nobody(tmp_path: Path) -> None:
    code = (
        "from epitome.engines.openvino import OpenVino\nfrom epitome.models.resolve import resolve\n"
        "OpenVino(resolve('default')).close()"
    )
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-e", "trace=%network", "-o", str(trace), sys.executable, "-c", code]
    home = tmp_path / "home"
    home.mkdir()
    places = {
        "HOME": str(home),
        "EPITOME_HOME": str(epitome_settings.home()),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | places)
    assert done.returncode == 0, done.stderr
    assert outside_connections(trace.read_text().splitlines()) == []
    assert not (home / "intel").exists()


def test_an_ngram_limit_that_it_would_ignore_is_an_error() -> None:
    with OpenVino(resolve("default")) as engine:
        with pytest.raises(EngineError, match="no_repeat_ngram"):
            one(engine, ask(STORY, no_repeat_ngram=3))
        loop = one(
            engine, ask("Repeat: a b a b a b", prefill="a b a b", beams=2, no_repeat_ngram=2, max_tokens=20)
        )
        assert loop.text


def test_many_documents_choose_it() -> None:
    assert choose(resolve("default"), work=10)[0] == "openvino"
    assert choose(resolve("default"), work=9)[0] == "llamacpp"
