"""Whatever is wrong with what `epitome train` is given: a clear line with a hint, the right exit code, nothing lost."""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.full.engines import folders
from tests.full.train import corpus
from tests.full.train.command import Run, runner

QUICK = ("train.threads=1", "train.max_steps=2", "data.max_tokens=200", "data.max_answer_tokens=24", "eval.generate=1",
         "track=[]")  # fmt: skip
ROW = {
    "document": "The ferry to Corvo was cancelled. People slept in the school.",
    "summary": "Ferry cancelled",
}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folders.llama(tmp_path_factory.mktemp("base") / "llama")


@pytest.fixture
def train(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """`epitome train` in an empty folder with good pairs in it: its exit code and what standard error says."""
    monkeypatch.chdir(tmp_path)
    corpus.write(tmp_path / "train.jsonl", 12)
    corpus.write(tmp_path / "dev.jsonl", 4, skip=12)

    command = runner(monkeypatch, capsys)

    def run(*sets: str, **options: str | None) -> tuple[int, str]:
        named = {"base": str(base), "dev": "dev.jsonl", "output": "run", **options}
        data = named.pop("data", "train.jsonl")
        given = [part for name, value in named.items() if value for part in (f"--{name}", value)]
        settings = [part for line in (*QUICK, *sets) for part in ("--set", line)]
        return command("train", str(data), *given, *settings)

    return run


@pytest.mark.parametrize(
    ("sets", "options", "code", "said"),
    [
        ((), {"column": "document=body"}, 2, "has no column 'body' — its columns: id, title"),
        ((), {"data": "nothing.jsonl"}, 3, "no such file"),
        ((), {"dev": "train.jsonl"}, 2, "nothing is left to learn from — give other pairs with --dev"),
        ((), {"method": "magic"}, 2, "method.name: Input should be 'full', 'lora'"),
        ((), {"base": "lead"}, 3, "lead has no weights here — name a GGUF file"),
        ((), {"output": "train.jsonl"}, 2, "train.jsonl is a file — give a new folder"),
        (("prompt.user=Sum up",), {}, 2, "no place for the document — write {document}"),
        (("data.max_answer_tokens=400",), {}, 2, "a prompt of 0 tokens leaves no room for the document p12 — raise"),
        (('data.mix={"news": 0}',), {}, 2, "leave no pair to learn from — raise"),
        (('data.weights={"news": 0}',), {}, 2, "leave no pair to learn from — raise"),
        (("optim.lr=Infinity",), {}, 2, "optim.lr: Input should be a finite number"),
        (("eval.metric=rouge1", "eval.generate=0"), {}, 2, "needs summaries — set eval.generate"),
        (("train.epochs=1e999",), {}, 2, "train.epochs: Input should be a finite number"),
        (("seed=99999999999999999999",), {}, 2, "seed: Input should be less than"),
        (("optim.lr=1e30", "optim.clip=0"), {}, 3, "dev is nan after step 1, and no earlier state helps — lower"),
        (("optim.lr=1e30", "optim.clip=0"), {"dev": None}, 3, "the loss is no number after step 2 — delete"),
    ],
)  # fmt: skip
def test_it_is_refused_in_a_line(
    train: Run, sets: tuple[str, ...], options: dict[str, str | None], code: int, said: str
) -> None:
    ended, line = train(*sets, **options)
    assert (ended, said in line) == (code, True), line
    assert not Path("run/epitome.json").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the table is empty"),
        (b'{"text": "a b c", "title": "x"}\n', "no column of bad.jsonl has a usual name for summaries"),
        (b'{"document": NaN, "summary": "x"}\n', "column 'document' holds NaN"),
        (b"\x00\xff\x80" * 500, "this is binary data"),
        (json.dumps({**ROW, "document": "ab" * 3000}).encode(), "cannot be cut to"),
    ],
)
def test_bad_files_are_named(train: Run, content: bytes, said: str) -> None:
    Path("bad.jsonl").write_bytes(content)
    code, line = train(data="bad.jsonl")
    assert code in (2, 3)
    assert said in line
    assert " — " in line
    assert not Path("run").exists()


def test_odd_files_train_and_what_was_left_out_is_said(train: Run) -> None:
    odd = "\n".join([
        json.dumps({**ROW, "document": "Die Fähre fuhr nicht. Der Wind war zu stark."}, ensure_ascii=False),
        json.dumps({**ROW, "summary": "It was so. " * 40}),
        '{"document": NaN, "summary": "x"}',
    ])  # fmt: skip
    Path("odd.jsonl").write_bytes(odd.encode("latin-1"))
    code, said = train('data.weights={"nws": 2}', data="odd.jsonl")
    assert code == 0
    for part in (
        "1 rows are no pairs and are passed over, the first: odd.jsonl:3",
        "1 summaries are cut off in training",
        "data.weights and data.mix name domains that no pair has: nws",
    ):
        assert part in said


def test_a_folder_with_something_in_it_stays_as_it_is(train: Run) -> None:
    Path("run").mkdir()
    Path("run/thesis.txt").write_text("mine")
    code, line = train()
    assert (code, "is not empty and holds no run — give a new folder" in line) == (2, True)
    assert [path.name for path in Path("run").iterdir()] == ["thesis.txt"]


def test_the_folder_of_another_run_stays_as_it_is(train: Run) -> None:
    Path("other.jsonl").write_text(json.dumps(ROW))
    assert train(output="done")[0] == 0
    before = {path.name: path.read_bytes() for path in Path("done").iterdir()}
    code, line = train(output="done", data="other.jsonl")
    assert (code, "holds another run: its data differ — give another folder" in line) == (2, True)
    assert {path.name: path.read_bytes() for path in Path("done").iterdir()} == before


@contextmanager
def full_beyond(limit: int) -> Iterator[None]:
    """No file may grow beyond so many bytes, which is what a full disk looks like."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_at_a_checkpoint_loses_nothing(train: Run) -> None:
    settings = ("train.max_steps=4", "train.batch=2", "eval.times=3")
    with full_beyond(40_000):  # a line of the log fits, the state does not
        code, line = train(*settings)
    assert (code, "cannot be written" in line, "free some space" in line) == (3, True, True)
    assert train(*settings)[0] == 0
    log = [json.loads(line)["step"] for line in Path("run/log.jsonl").read_text().splitlines()]
    assert log == [1, 2, 3, 4]


def test_a_full_disk_at_the_end_loses_nothing(train: Run) -> None:
    settings = ('method.freeze=["*proj*", "*embed*", "lm_head*"]', "optim.name=sgd")
    with full_beyond(60_000):  # the few weights that learn fit, the whole network does not
        code, line = train(*settings, method="full")
    assert (code, "cannot be written" in line, "free some space" in line) == (3, True, True)
    code, line = train(*settings, method="full")
    assert (code, "going on after step 2 of 2" in line) == (0, True)
    assert Path("run/epitome.json").is_file()
