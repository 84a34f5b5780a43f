"""Traps of llama.cpp's wheel that cost others days: what each would do, and that it does not."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copytree

import httpx
import numpy as np
import pytest
from gguf import GGUFWriter
from tests.engine_contract import STORY, ask, one

from epitome.engines.base import answers
from epitome.engines.llamacpp import LlamaCpp
from epitome.engines.machine import cores
from epitome.engines.open import open_engine
from epitome.errors import EngineError
from epitome.models.resolve import resolve


def lora(path: Path, width: int = 576) -> Path:
    """An adapter on the first layers of SmolLM2-135M that changes what it says."""
    writer = GGUFWriter(path, "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", 8.0)
    random = np.random.default_rng(1)
    for layer in range(4):
        for name in ("a", "b"):
            shape = (4, width) if name == "a" else (width, 4)
            weights = random.normal(size=shape, scale=1.0).astype(np.float32)
            writer.add_tensor(f"blk.{layer}.attn_q.weight.lora_{name}", weights)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_a_request_without_an_adapter_gets_the_bare_base(tmp_path: Path) -> None:
    model = resolve("default")
    with LlamaCpp(model, context=512) as bare:
        expected = one(bare, ask(STORY)).text
    with LlamaCpp(model, context=512, adapters={"mine": lora(tmp_path / "mine.gguf")}) as engine:
        first, adapted, again = answers(engine, [ask(STORY), ask(STORY, adapter="mine"), ask(STORY)])
    assert first.text == again.text == expected
    assert adapted.text != expected


def test_an_adapter_of_another_base_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="base"):
        LlamaCpp(
            resolve("default"), context=512, adapters={"other": lora(tmp_path / "other.gguf", width=768)}
        )


def test_nobody_else_can_use_the_listener() -> None:
    with LlamaCpp(resolve("default"), context=256) as engine:
        address = engine._server.listening_address
        for path, body in (
            ("/completion", {"prompt": "Hello", "n_predict": 1}),
            ("/v1/chat/completions", {"messages": [{"role": "user", "content": "Hello"}]}),
            ("/tokenize", {"content": "Hello"}),
            ("/lora-adapters", []),
        ):
            assert httpx.post(f"{address}{path}", json=body).status_code == 401
            guess = {"Authorization": "Bearer no-key"}
            assert httpx.post(f"{address}{path}", json=body, headers=guess).status_code == 401
        assert "127.0.0.1" in address


@contextmanager
def busy() -> Iterator[None]:
    """Other work on every core."""
    workers = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(cores())]
    try:
        time.sleep(0.2)
        yield
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()


def test_it_does_not_crawl_while_the_cores_are_busy() -> None:
    with busy(), open_engine(resolve("default")) as engine:  # type: ignore[attr-defined]
        one(engine, ask("Hello", max_tokens=1))
        start = time.monotonic()
        answer = one(engine, ask("Tell me a story.", max_tokens=16))
        # It fell to 0.5-1 token/s with threads that wait busily; a free core writes 40 to 90.
        assert answer.generated_tokens / (time.monotonic() - start) > 2.5


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([environment.pop("PATH_FIRST", ""), *sys.path]).strip(os.pathsep)
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60,
        env={**os.environ, "PYTHONPATH": path, **environment},
    )  # fmt: skip


OPEN = (
    "from epitome.engines.llamacpp import LlamaCpp\nfrom epitome.models.resolve import resolve\n"
    "from epitome.errors import EngineError\n"
    "try: LlamaCpp(resolve('default'), context=256)\n"
    "except EngineError as error: print(error.message, '|', error.hint)"
)


def test_a_system_without_libgomp_is_told_what_to_install(tmp_path: Path) -> None:
    import xllamacpp

    copy = tmp_path / "xllamacpp"
    copytree(Path(xllamacpp.__file__).parent, copy)
    library = next(copy.glob("*.so"))
    data = library.read_bytes()
    assert b"libgomp.so.1" in data
    library.write_bytes(data.replace(b"libgomp.so.1", b"libnone.so.1"))
    done = run(OPEN, PATH_FIRST=str(tmp_path))
    assert "cannot be loaded" in done.stdout, done.stderr
    assert "apt install libgomp1" in done.stdout


def test_an_engine_that_was_never_asked_anything_can_be_closed() -> None:
    code = OPEN.replace("context=256)", "context=256).close(); print('closed')")
    assert run(code).stdout == "closed\n"
    assert run(OPEN + "\nprint('at the end')").stdout == "at the end\n"


def test_the_spin_count_is_set_before_the_library_reads_it() -> None:
    code = (
        "import sys, os\nassert 'xllamacpp' not in sys.modules\n"
        "from epitome.engines.open import open_engine\nfrom epitome.models.resolve import resolve\n"
        "assert 'xllamacpp' not in sys.modules\n"
        "open_engine(resolve('default')).close()\nprint(os.environ['GOMP_SPINCOUNT'])"
    )
    assert run(code).stdout.strip() == "2000"
    assert run(code, GOMP_SPINCOUNT="7").stdout.strip() == "7"
