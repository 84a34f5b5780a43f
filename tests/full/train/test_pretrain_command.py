"""Whatever is wrong with what `epitome pretrain` is given: a clear line with a hint, an exit code, nothing left."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.full.engines import folders
from tests.full.train import networks
from tests.full.train.command import Run, runner
from tests.full.train.test_bad_input import full_beyond


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folders.llama(tmp_path_factory.mktemp("base") / "llama")


@pytest.fixture
def pretrain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], base: Path
) -> Run:
    """`epitome pretrain` in a folder with letters and plans in it: its exit code and what standard error says."""
    monkeypatch.chdir(tmp_path)
    networks.letters(tmp_path / "letters.jsonl")
    networks.blueprint(tmp_path / "bert.toml", "bert")

    command = runner(monkeypatch, capsys)

    def run(corpus: str, *options: str, sets: tuple[str, ...] = ()) -> tuple[int, str]:
        settings = [
            part for line in (*networks.QUICK, "train.max_steps=2", *sets) for part in ("--set", line)
        ]
        named = [str(base) if option == "BASE" else option for option in options]
        return command("pretrain", corpus, "-o", "run", *named, *settings)

    return run


def test_texts_become_a_base(pretrain: Run) -> None:
    code, said = pretrain("letters.jsonl", "--from-scratch", "bert.toml")
    assert code == 0
    assert "held out" in said
    assert "step 2: held-out loss" in said
    assert Path("run/epitome.json").is_file()


def test_fewer_words_than_asked_for_are_told(pretrain: Run) -> None:
    code, said = pretrain("letters.jsonl", "--from-scratch", "bert.toml", sets=("words.size=9000",))
    assert code == 0
    assert "fewer than words.size=9,000" in said
    code, said = pretrain(
        "letters.jsonl", "--base", "BASE", "--add-tokens", "900", "--method", "lora", "-o", "more"
    )
    assert code == 0
    assert "fewer than 900: no other word that it splits stands 5 times" in said
    assert "--method full lets them learn" in said


@pytest.mark.parametrize(
    ("content", "name", "code", "said"),
    [
        (b"", "empty.txt", 3, "empty.txt holds no text to learn from"),
        (b"\x00\xff\x80" * 500, "binary.txt", 3, "this is binary data"),
        (b'{"words": "a b c"}\n', "a.jsonl", 3, "no column has a usual name for texts: words"),
        (b"a,b\n1,2\n", "a.csv", 3, "no column has a usual name"),
        (b"not packed", "a.txt.gz", 3, "cannot be read on"),
        (b"Short.\n\nAs well.\n", "short.txt", 2, "gives a sequence"),
    ],
)
def test_bad_corpora_are_named(pretrain: Run, content: bytes, name: str, code: int, said: str) -> None:
    Path(name).write_bytes(content)
    ended, line = pretrain(name, "--from-scratch", "bert.toml", sets=("texts.held_out=0",))
    assert (ended, said in line) == (code, True), line
    assert " — " in line
    assert not Path("run").exists()


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ((), 2, "what is to be trained? — give --base MODEL or --from-scratch CONFIG"),
        (("--base", "BASE", "--from-scratch", "bert.toml"), 2, "one of them"),
        (("--base", "BASE", "--objective", "t5"), 2, "does not fit a decoder — a decoder learns causal, gsg"),
        (("--base", "BASE", "--method", "prefix"), 2, "leaves no weights"),
        (("--base", "lead"), 3, "has no weights"),
        (("--base", "nowhere/"), 3, "nowhere/"),
        (("--from-scratch", "none.toml"), 3, "none.toml: No such file"),
        (("--from-scratch", "letters.jsonl"), 3, "is no TOML file"),
        (("--base", "BASE", "--column", "body"), 2, "has no column 'body' — its columns: text"),
        (("--base", "BASE", "--set", "texts.speed=3"), 2, "there is no setting texts.speed"),
        (("--base", "BASE", "--add-tokens", "5"), 2, "no word that the tokenizer splits"),
    ],
)
def test_bad_options_are_named(pretrain: Run, options: tuple[str, ...], code: int, said: str) -> None:
    Path("few.jsonl").write_text(
        "".join(
            json.dumps({"text": text}) + "\n" for text in ("The boat came back late in the rain today.",) * 3
        )
    )
    corpus = "few.jsonl" if "--add-tokens" in options else "letters.jsonl"
    sets = ("texts.held_out=0",) if corpus == "few.jsonl" else ()
    ended, line = pretrain(corpus, *options, sets=sets)
    assert (ended, said in line) == (code, True), line
    assert not Path("run").exists()


def test_a_full_disk_loses_nothing(pretrain: Run) -> None:
    sets = ("train.max_steps=6", "eval.times=8")
    with full_beyond(40_000):  # tokenizer and log fit, the state does not
        code, line = pretrain("letters.jsonl", "--from-scratch", "bert.toml", sets=sets)
    assert (code, "cannot be written" in line) == (3, True), line
    code, line = pretrain("letters.jsonl", "--from-scratch", "bert.toml", sets=sets)
    assert code == 0, line
    log = [json.loads(line)["step"] for line in Path("run/log.jsonl").read_text().splitlines()]
    assert log == [1, 2, 3, 4, 5, 6]
