"""`epitome merge` and `epitome export`, as a person types them; nothing here needs torch."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.base.cli.command import epitome, one_line
from tests.base.models.adapters import modules, write_base, write_lora

from epitome.models import adapter, gguf, weights
from epitome.models.folder import Form, Trained, read
from epitome.models.local import from_folder, from_gguf


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EPITOME_HOME", str(tmp_path / "home"))
    return write_base(tmp_path / "tiny.gguf")


def test_an_adapter_merged_into_its_base(base: Path, tmp_path: Path) -> None:
    tuned = write_lora(tmp_path / "tuned", modules())
    ran = epitome("merge", tuned, "-o", tmp_path / "merged", "--base", base)
    assert (ran.returncode, ran.stdout) == (
        0,
        f"{tmp_path}/merged is ready: epitome summarize FILE --model {tmp_path}/merged\n",
    )
    assert "making tiny with tuned as Q8_0" in ran.stderr
    made = from_folder(tmp_path / "merged").path
    model = from_gguf(base)
    wanted = weights.prepared(model, "q8_0", adapter.read(tuned, model))
    assert made
    assert made.read_bytes() == wanted.read_bytes()


def test_what_was_trained_here_knows_its_base_and_keeps_its_prompt(base: Path, tmp_path: Path) -> None:
    tuned = write_lora(tmp_path / "tuned", modules())
    Trained(base=str(base), method="lora", form=Form("", "TL;DR {document}"), languages=("en",)).write(tuned)
    assert epitome("merge", tuned, "-o", tmp_path / "merged").returncode == 0
    kept = read(tmp_path / "merged")
    assert kept
    assert (kept.form.user, kept.whole) == ("TL;DR {document}", True)
    assert epitome("merge", tuned, "-o", tmp_path / "one.gguf").returncode == 0
    assert gguf.read(tmp_path / "one.gguf").kind == "model"


@pytest.mark.parametrize(("kind", "number"), [("q8_0", 7), ("f16", 1), ("f32", 0)])
def test_a_model_in_another_number_format(base: Path, tmp_path: Path, kind: str, number: int) -> None:
    out = tmp_path / "deep" / "out.gguf"
    ran = epitome("export", base, "-o", out, "--kind", kind)
    assert (ran.returncode, ran.stdout) == (0, f"{out} is ready\n")
    head = gguf.read(out)
    assert head.values["general.file_type"] == number
    assert head.parameters == gguf.read(base).parameters
    assert not list(out.parent.glob(".*"))


def test_what_makes_no_sense_is_said_in_one_line(base: Path, tmp_path: Path) -> None:
    tuned = write_lora(tmp_path / "tuned", modules())
    out = tmp_path / "out.gguf"
    for code, message, *arguments in (
        (2, "does not say what it was trained on", "merge", tuned, "-o", out),
        (2, "is an adapter", "export", tuned, "-o", out),
        (2, "--kind q4_0 is none of q8_0, f16, f32", "export", base, "-o", out, "--kind", "q4_0"),
        (2, "--format onnx is none of gguf, safetensors", "export", base, "-o", out, "--format", "onnx"),
        (2, "would be a GGUF file", "export", base, "-o", out, "--format", "safetensors"),
        (2, "exists already", "export", base, "-o", base),
        (3, "no such adapter", "merge", tmp_path / "nowhere", "-o", out, "--base", base),
        (3, "no PEFT folder", "merge", base, "-o", out, "--base", base),
    ):
        ran = epitome(*arguments)  # type: ignore[arg-type]
        assert (ran.returncode, ran.stdout) == (code, ""), ran.stderr
        assert message in one_line(ran)
    assert not out.exists()


def test_another_base_leaves_nothing_behind(base: Path, tmp_path: Path) -> None:
    tuned = write_lora(tmp_path / "tuned", {"layers.0.mlp.up_proj": (96, 128)})
    ran = epitome("merge", tuned, "-o", tmp_path / "merged", "--base", base)
    assert ran.returncode == 3
    assert "another base than tiny" in one_line(ran)
    assert not (tmp_path / "merged").exists()


def test_a_full_disk_leaves_no_half_of_a_model(base: Path, tmp_path: Path) -> None:
    ran = epitome("export", base, "-o", tmp_path / "out.gguf", "--kind", "f32", limit=100_000)
    assert ran.returncode == 3
    assert "cannot be written" in ran.stderr
    assert not (tmp_path / "out.gguf").exists()
    assert not list(tmp_path.glob(".out*"))


def test_a_folder_that_nobody_trained_here_becomes_no_gguf(base: Path, tmp_path: Path) -> None:
    folder = tmp_path / "hub"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"max_position_embeddings": 512}))
    (folder / "model.safetensors").write_bytes(b"")
    ran = epitome("export", folder, "-o", tmp_path / "out.gguf")
    assert ran.returncode == 3
    assert "was not trained from a GGUF file" in one_line(ran)
