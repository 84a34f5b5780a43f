"""Whatever is wrong with the input: one clear line, the right exit code, no traceback, nothing lost."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from gguf import GGUFWriter
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas
from tests.base.cli.command import COMMAND, epitome, one_line
from tests.base.summarize.texts import FRENCH, OWL, TIDE

from epitome import settings
from epitome.models.resolve import resolve


@pytest.fixture
def owl(tmp_path: Path) -> Path:
    path = tmp_path / "owl.txt"
    path.write_text(OWL)
    return path


def refused(*arguments: str | Path, code: int = 3) -> str:
    """The line that a refused call prints; nothing reaches standard output."""
    run = epitome("summarize", *arguments)
    assert run.returncode == code, run.stderr
    assert run.stdout == ""
    return one_line(run)


# -- documents


def test_a_missing_file(tmp_path: Path, owl: Path) -> None:
    line = refused(tmp_path / "owls.txt")
    assert "owls.txt: no such file" in line
    assert f"did you mean {owl}?" in line


@pytest.mark.parametrize("content", [b"", b" \n\t\n"])
def test_an_empty_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "empty.txt"
    path.write_bytes(content)
    assert "empty.txt: the file is empty" in refused(path)


def test_empty_standard_input() -> None:
    run = epitome("summarize", "-", input="")
    assert (run.returncode, run.stdout) == (3, "")
    assert "standard input is empty" in one_line(run)


def test_a_binary_file(tmp_path: Path) -> None:
    path = tmp_path / "picture.txt"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40)
    assert "picture.txt" in refused(path)


def test_an_encrypted_pdf(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "secret.pdf"), encrypt=StandardEncryption("word"))
    canvas.drawString(72, 700, "Nobody may read this.")
    canvas.save()
    assert "secret.pdf: the PDF is encrypted" in refused(tmp_path / "secret.pdf")


def test_a_broken_pdf(tmp_path: Path) -> None:
    path = tmp_path / "broken.pdf"
    path.write_bytes(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Cat")
    assert "broken.pdf" in refused(path)


def test_a_page_without_content(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(
        "<html><head><title>Home</title></head><body><nav><a href='/'>Home</a></nav></body></html>"
    )
    assert "page.html" in refused(path)


def test_a_dead_url() -> None:
    assert "http://127.0.0.1:9/news" in refused("http://127.0.0.1:9/news", "--allow-private")


def test_a_url_into_the_private_network() -> None:
    assert "--allow-private" in refused("http://127.0.0.1:9/news")


def test_an_unknown_encoding(tmp_path: Path) -> None:
    path = tmp_path / "odd.txt"
    path.write_bytes(bytes([0x81, 0x8D, 0x8F, 0x90, 0x9D, 0xFF, 0xFE, 0xC0, 0x41]) * 50)
    assert "odd.txt" in refused(path)


def test_a_folder_without_documents(tmp_path: Path) -> None:
    assert "no readable file" in refused(tmp_path)


def test_a_line_of_a_hundred_megabytes_is_refused_at_once_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "line.txt"
    with path.open("w") as file:
        for _ in range(100):
            file.write("the river rose and the mill stood in the water " * (1_000_000 // 48))
    started = time.monotonic()
    assert "line.txt" in refused(path)
    assert time.monotonic() - started < 60
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 1_500_000, "kilobytes"


def test_a_language_the_model_does_not_know(tmp_path: Path) -> None:
    path = tmp_path / "moulin.txt"
    path.write_text(FRENCH)
    line = refused(path)
    assert all(
        word in line for word in ("moulin.txt", "en only", "'fr'", "--model gemma3-270m", "--model lexrank")
    )


def test_some_fail_and_the_others_are_summarised(tmp_path: Path, owl: Path) -> None:
    (tmp_path / "empty.txt").touch()
    (tmp_path / "moulin.txt").write_text(FRENCH)
    (tmp_path / "nothing").mkdir()
    sources = [
        tmp_path / "empty.txt",
        owl,
        tmp_path / "moulin.txt",
        tmp_path / "nothing",
        tmp_path / "gone.txt",
    ]
    run = epitome("summarize", *sources, "--json", "--quiet")
    assert run.returncode == 1
    assert [json.loads(line)["source"] for line in run.stdout.splitlines()] == [str(owl)]
    assert len(run.stderr.splitlines()) == 4
    assert all(line.startswith("epitome: ") for line in run.stderr.splitlines())
    assert {name for name in ("empty", "moulin", "nothing", "gone") if name in run.stderr} == {
        "empty", "moulin", "nothing", "gone",
    }  # fmt: skip


def test_with_debug_the_traceback_is_shown(tmp_path: Path) -> None:
    for arguments in (
        ["summarize", tmp_path / "gone.txt", "--debug"],
        ["--debug", "models", "path", "no/such"],
    ):
        run = epitome(*arguments)
        assert run.returncode == 3
        assert "Traceback" in run.stderr
        assert run.stderr.splitlines()[-1].startswith("epitome: ")


# -- options


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--style", "haiku"], "headline"),
        (["--words", "many"], "50 or 40-60"),
        (["--words", "60-40"], "50 or 40-60"),
        (["--words", "0"], "words 0"),
        (["--sentences", "x"], "sentences x"),
        (["--words", "5", "--sentences", "8"], "8 sentences"),
        (["--column", "text"], "--column needs one table"),
        (["--limit", "3"], "--limit"),
        (["--model", "lexrank", "--focus", "owls"], "--focus"),
        (["--model", "lead", "--adapter", "a.gguf"], "no adapter"),
        (["--engine", "steam"], "steam"),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(owl: Path, arguments: list[str], says: str) -> None:
    assert says in refused(owl, *arguments, code=2)


@pytest.mark.parametrize(
    "arguments", [["--candidates", "0"], ["--candidates", "x"], ["--nonsense"], ["--seed", "x"]]
)
def test_what_the_parser_refuses_is_wrong_usage_too(owl: Path, arguments: list[str]) -> None:
    run = epitome("summarize", owl, *arguments)
    assert (run.returncode, run.stdout) == (2, "")
    assert arguments[0] in run.stderr
    assert "Traceback" not in run.stderr


def test_no_source_at_all() -> None:
    assert epitome("summarize").returncode == 2


def test_a_glossary_that_is_not_there(owl: Path, tmp_path: Path) -> None:
    assert "terms.txt: no such file" in refused(owl, "--glossary", tmp_path / "terms.txt")


def test_an_output_over_the_source_is_refused(owl: Path) -> None:
    assert "itself to be summarised" in refused(owl, "-o", owl, "--model", "lead", code=2)
    assert owl.read_text() == OWL


# -- models


def test_an_unknown_model(owl: Path) -> None:
    assert "did you mean lexrank" in refused(owl, "--model", "lexrnk")


def test_a_cached_model_that_is_damaged(owl: Path, tmp_path: Path) -> None:
    resolve("default")
    home = tmp_path / "home"
    shutil.copytree(settings.home() / "models" / "smollm2-135m", home / "models" / "smollm2-135m")
    (weights,) = (home / "models" / "smollm2-135m").glob("*.gguf")
    os.truncate(weights, weights.stat().st_size // 2)
    run = epitome("summarize", owl, env={"EPITOME_HOME": str(home), "EPITOME_OFFLINE": "1"})
    assert (run.returncode, run.stdout) == (3, "")
    assert "damaged" in one_line(run)
    assert "--force" in one_line(run)


def test_a_model_file_that_is_none(owl: Path, tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_text("This is a letter to a friend.")
    assert "model.gguf" in refused(owl, "--model", tmp_path / "model.gguf")


def lora(path: Path, width: int) -> Path:
    """A GGUF adapter for the first query projection of a llama that is `width` wide."""
    writer = GGUFWriter(path, "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", 8.0)
    writer.add_tensor("blk.0.attn_q.weight.lora_a", np.zeros((4, width), np.float32))
    writer.add_tensor("blk.0.attn_q.weight.lora_b", np.zeros((width, 4), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_an_adapter_of_another_base(owl: Path, tmp_path: Path) -> None:
    line = refused(owl, "--adapter", lora(tmp_path / "other.gguf", 64))
    assert "other.gguf" in line
    assert "base it was trained on" in line


def test_an_adapter_that_fits_is_named_in_the_summary(owl: Path, tmp_path: Path) -> None:
    """Its weights are zero: the text is the base's own."""
    path = lora(tmp_path / "mine.gguf", 576)
    run = epitome("summarize", owl, "--adapter", path, "--json", "--quiet")
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["adapter"] == str(path)


@pytest.mark.parametrize("name", ["letter.gguf", "letter.txt", "folder", "nothing.gguf"])
def test_an_adapter_that_is_none(owl: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "letter.gguf").write_text("Dear friend")
    (tmp_path / "letter.txt").write_text("Dear friend")
    (tmp_path / "folder").mkdir()
    assert name in refused(owl, "--adapter", tmp_path / name)


# -- the machine


def test_a_full_disk_on_the_output(owl: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.txt"
    out.write_text("what was there before")
    run = epitome("summarize", owl, "--model", "lead", "--quiet", "-o", out, limit=10)
    assert run.returncode == 3
    assert "out.txt: cannot be written" in one_line(run)
    assert out.read_text() == "what was there before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.txt", "owl.txt"]
    run = epitome("summarize", owl, "--model", "lead", "--quiet", "-o", "/dev/full")
    assert run.returncode == 3
    assert "/dev/full: cannot be written" in one_line(run)


def test_a_full_disk_behind_standard_output(owl: Path) -> None:
    with Path("/dev/full").open("w") as full:
        run = subprocess.run(
            [COMMAND, "summarize", owl, "--model", "lead", "--quiet"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert run.returncode == 3
    assert run.stderr.splitlines() == ["epitome: standard output cannot be written (No space left on device)"]


def test_a_reader_that_went_away_is_no_traceback(owl: Path) -> None:
    with subprocess.Popen(
        [COMMAND, "summarize", owl, owl, "--model", "lead", "--quiet"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


def test_ctrl_c_ends_it_with_130_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    source = tmp_path / "long.txt"
    source.write_text("\n\n".join(f"Chapter {at} begins here. {TIDE}" for at in range(60)))
    out = tmp_path / "out.txt"
    with subprocess.Popen(
        [COMMAND, "summarize", source, "-o", out], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("engine ")
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        started = time.monotonic()
        said = process.stderr.read()
        process.wait(30)
    assert time.monotonic() - started < 10
    assert process.returncode == 130
    assert said.splitlines() == ["epitome: interrupted; what was finished is kept"]
    assert list(tmp_path.iterdir()) == [source]
