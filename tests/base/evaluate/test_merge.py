"""Earlier runs made one: what is the same is taken once, what is not comparable is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.base.evaluate.corpus import ENGLISH

from epitome.datasets.pair import Dataset
from epitome.errors import UsageError
from epitome.evaluate.merge import merge
from epitome.evaluate.result import Evaluation
from epitome.evaluate.run import Settings, evaluate


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EPITOME_HOME", str(tmp_path))


def run(*systems: str, data: Dataset = ENGLISH, golds: str = "best-r1") -> Evaluation:
    return evaluate(data, Settings(systems=systems, metrics=("rouge",), golds=golds))  # type: ignore[arg-type]


def test_a_baseline_in_both_runs_is_taken_once() -> None:
    merged = merge([("a", run("lead", "textrank")), ("b", run("lead", "title"))])
    assert [one.name for one in merged.systems] == ["a/lead", "textrank", "title"]


def test_two_systems_of_one_name_are_told_apart_and_compared() -> None:
    merged = merge([("a", run("it=lead")), ("b", run("it=textrank"))], against="it")
    assert [(one.a, one.b) for one in merged.comparisons if one.metric == "rouge1"] == [("b/it", "a/it")]


def test_the_difference_is_that_of_one_run_with_both() -> None:
    both = run("lead", "textrank").comparisons
    apart = merge([("a", run("lead")), ("b", run("textrank"))]).comparisons
    assert [one.difference for one in apart] == [one.difference for one in both]
    assert [one.p for one in apart] == [one.p for one in both]


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (lambda: run("title", data=Dataset(ENGLISH.pairs[:5])), "a and b differ in data"),
        (lambda: run("title", golds="max"), "differ in golds: best-r1 and max"),
        (
            lambda: replace(run("title"), signature=run("title").signature.replace("porter", "words")),
            "differ in tok",
        ),
    ],
)
def test_what_is_not_comparable_is_not_compared(other: object, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        merge([("a", run("lead")), ("b", other())])  # type: ignore[operator]


def test_an_unknown_reference_is_refused() -> None:
    with pytest.raises(UsageError, match="no system is called 'best'"):
        merge([("a", run("lead")), ("b", run("title"))], against="best")
