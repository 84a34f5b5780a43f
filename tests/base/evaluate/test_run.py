"""One evaluation from end to end: systems of every kind, figures that can be checked by hand, errors before work."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from tests.base.evaluate.corpus import CHINESE_PAIR, ENGLISH, PAIRS, written

from epitome.datasets.pair import Dataset, Pair
from epitome.errors import EpitomeError, ModelError, SourceError, UsageError
from epitome.evaluate.result import Output
from epitome.evaluate.run import Settings, Watch, evaluate, generate
from epitome.metrics.rouge import rouge
from epitome.store.generations import Generations
from epitome.types import Length, Request


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EPITOME_HOME", str(tmp_path / "home"))


def outputs_file(folder: Path, texts: list[str | None]) -> Path:
    path = folder / "theirs.jsonl"
    rows = [{"id": pair.id, "summary": text} for pair, text in zip(PAIRS, texts, strict=True)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_baselines_titles_the_oracle_and_a_file_are_scored_in_one_run(tmp_path: Path) -> None:
    golds = outputs_file(tmp_path, [pair.summaries[0] for pair in PAIRS])
    run = evaluate(ENGLISH, Settings(systems=("lead", "textrank", "title", "oracle", f"gold={golds}")))
    rouge1 = {one.name: one.figures["rouge1"].mean for one in run.systems}
    assert rouge1["gold"] == pytest.approx(100)
    assert rouge1["oracle"] >= max(rouge1["lead"], rouge1["textrank"])
    titles = [rouge(pair.title, pair.summaries)["rouge1"] for pair in PAIRS]
    assert rouge1["title"] == pytest.approx(sum(titles) / len(titles))
    assert [one.kind for one in run.systems] == ["baseline", "baseline", "title", "oracle", "file"]


def test_every_figure_has_an_interval_and_a_signature() -> None:
    run = evaluate(ENGLISH, Settings(systems=("lead",)))
    for name, figure in run.system("lead").figures.items():
        assert figure.low <= figure.mean + 1e-9
        assert figure.mean <= figure.high + 1e-9
        assert figure.signature.startswith(
            f"{name}|data:{ENGLISH.fingerprint[:16]}|n:{len(PAIRS)}|golds:best-r1|"
        )
        assert "system:lead" in figure.signature


def test_the_gold_protocol_is_what_was_asked_for() -> None:
    means = {
        golds: evaluate(ENGLISH, Settings(systems=("lead",), metrics=("rouge",), golds=golds))
        .system("lead")
        .figures["rouge1"]
        .mean
        for golds in ("best-r1", "max", "mean")
    }
    assert means["best-r1"] == pytest.approx(means["max"])
    assert means["mean"] < means["max"]


def test_an_empty_output_counts_as_zero_and_is_named(tmp_path: Path) -> None:
    texts = [pair.summaries[0] for pair in PAIRS]
    path = outputs_file(tmp_path, [None, *texts[1:]])
    run = evaluate(ENGLISH, Settings(systems=(str(path), "lead")))
    theirs = run.system("theirs")
    assert theirs.scores["rouge1"][0] == 0
    assert theirs.figures["rouge1"].n == len(PAIRS)
    assert theirs.figures["rouge1"].mean == pytest.approx(100 * (len(PAIRS) - 1) / len(PAIRS))
    assert theirs.outputs[0].error == "the file has no text for it"
    assert theirs.scores["support"][0] is None


def test_a_system_that_fails_on_everything_has_no_figures_and_spoils_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("EPITOME_HOME")  # where the model lies
    chinese = Dataset([CHINESE_PAIR], "zh.jsonl")
    run = evaluate(chinese, Settings(systems=("default", "title"), cache=False))
    assert run.system("default").figures == {}
    assert "knows en only" in run.system("default").outputs[0].error
    assert run.system("title").figures["rouge1"].mean > 30


def test_chinese_is_scored_by_character() -> None:
    run = evaluate(Dataset([CHINESE_PAIR], "zh.jsonl"), Settings(systems=("title",)))
    assert run.system("title").figures["rouge1"].mean == pytest.approx(
        rouge(CHINESE_PAIR.title, CHINESE_PAIR.summaries, "zh")["rouge1"]
    )
    assert "tok:zh.char" in run.signature


def test_chinese_can_be_scored_by_word_and_the_signature_says_so() -> None:
    run = evaluate(Dataset([CHINESE_PAIR], "zh.jsonl"), Settings(systems=("title",), chinese="words"))
    # 老 石桥 重新 开放 against 三百二十年 的 老 石桥 修复 后 重新 开放: all four of the title's words are in the gold.
    found = run.system("title").figures["rouge1"].mean
    assert found == pytest.approx(rouge(CHINESE_PAIR.title, CHINESE_PAIR.summaries, "zh-x-words")["rouge1"])
    assert found != pytest.approx(rouge(CHINESE_PAIR.title, CHINESE_PAIR.summaries, "zh")["rouge1"])
    assert "tok:zh.jieba-" in run.signature


def test_length_is_asked_of_all_systems_and_its_keeping_measured() -> None:
    request = Request(words=Length(15, 25))
    run = evaluate(ENGLISH, Settings(systems=("lead", "title"), metrics=("length",), request=request))
    assert run.system("lead").figures["length_met"].mean > run.system("title").figures["length_met"].mean == 0


def test_comparisons_are_with_the_system_named() -> None:
    run = evaluate(ENGLISH, Settings(systems=("lead", "textrank", "oracle"), against="lead"))
    assert {one.b for one in run.comparisons} == {"lead"}
    assert {one.a for one in run.comparisons} == {"textrank", "oracle"}


def test_examples_show_the_best_the_worst_and_what_differs_most() -> None:
    run = evaluate(ENGLISH, Settings(systems=("lead", "textrank"), against="textrank"))
    best = next(one for one in run.examples if one.why.startswith("best"))
    worst = next(one for one in run.examples if one.why.startswith("worst"))
    assert best.scores["textrank"] == max(value for value in run.system("textrank").scores["rouge1"] if value)
    assert best.scores["textrank"] > worst.scores["textrank"]
    assert best.outputs.keys() == {"lead", "textrank"}


def test_several_processes_give_the_same_figures() -> None:
    many = Dataset([*PAIRS] * 25, "many.jsonl")
    alone, together = (
        evaluate(many, Settings(systems=("lead",), processes=count)).system("lead").figures
        for count in (1, 2)
    )
    assert alone == together


def test_perturbed_documents_are_reported() -> None:
    run = evaluate(ENGLISH, Settings(systems=("lead", "title"), perturb=("shuffle", "case")))
    assert [(one.system, one.kind) for one in run.perturbations] == [("lead", "shuffle"), ("lead", "case")]
    shuffled, cased = run.perturbations
    assert 100 > shuffled.moved.mean > cased.moved.mean > 0
    assert "rouge1" in shuffled.quality


@pytest.mark.parametrize(
    ("settings", "error", "says"),
    [
        (Settings(systems=("lead", "lead")), UsageError, "two systems are called 'lead'"),
        (Settings(systems=("lead",), against="default"), UsageError, "no system is called 'default'"),
        (Settings(systems=("lead",), metrics=("meteor",)), UsageError, "no metric or group 'meteor'"),
        (Settings(systems=("lead",), golds="best"), UsageError, "no gold protocol 'best'"),  # type: ignore[arg-type]
        (Settings(systems=("lead",), focus="question"), UsageError, "no column 'question'"),
        (Settings(systems=("lead",), perturb=("rain",)), UsageError, "no perturbation 'rain'"),
        (Settings(systems=("lead", "./no-such-model")), ModelError, "no such file or folder"),
        (Settings(systems=("lead", "default+./no-adapter")), ModelError, "no such adapter"),
    ],
)
def test_what_makes_no_sense_is_refused_before_any_work(
    settings: Settings, error: type[EpitomeError], says: str
) -> None:
    done: list[str] = []
    with pytest.raises(error, match=says):
        evaluate(ENGLISH, settings, Watch(stage=lambda stage, *_: done.append(stage)))
    assert done == []


class Echo:
    """A system whose summary is the focus that it was asked for."""

    name, identity, prompt, seconds = "echo", "echo", "", 0.0

    def __init__(self, kind: str = "model") -> None:
        self.kind = kind

    def outputs(
        self,
        pairs: Sequence[Pair],
        request: Request,
        *,
        cache: Generations | None = None,
        on_row: Callable[[int], None] | None = None,
    ) -> list[Output]:
        return [Output(pair.id, request.focus) for pair in pairs]

    def close(self) -> None: ...


def test_each_document_can_have_its_own_focus_and_keeps_its_place() -> None:
    settings = Settings(focus="title")
    assert [one.text for one in generate(Echo(), PAIRS, settings)] == [pair.title for pair in PAIRS]
    assert [one.id for one in generate(Echo(), PAIRS, settings)] == [pair.id for pair in PAIRS]
    assert {one.text for one in generate(Echo("baseline"), PAIRS, settings)} == {""}


def test_data_without_a_pair_is_refused() -> None:
    with pytest.raises(SourceError, match=r"empty\.jsonl: no row"):
        evaluate(Dataset([], "empty.jsonl"), Settings(systems=("lead",)))


def test_changed_documents_cannot_find_their_own_summaries_among_the_examples(tmp_path: Path) -> None:
    settings = Settings(systems=("lead",), perturb=("typos",), examples=str(written(tmp_path)))
    with pytest.raises(UsageError, match="would find their own summaries"):
        evaluate(ENGLISH, settings)
