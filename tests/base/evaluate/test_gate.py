"""Floors: read, written, raised and held, from Python."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.base.evaluate.corpus import PAIRS, written

from epitome.datasets.read import load
from epitome.errors import SourceError, UsageError
from epitome.evaluate import gatefile
from epitome.evaluate.gate import Check, added, checks, measured, pinned, raised
from epitome.evaluate.gatefile import Bar, Corpus, Pinned
from epitome.evaluate.result import Evaluation

EXAMPLES = Path(__file__).parents[3] / "examples"
METRICS = ["rouge1", "repetition"]


def measured_on(folder: Path, system: str = "lead", drop: float | None = None) -> tuple[Corpus, Evaluation]:
    asked = pinned(Corpus(str(written(folder)), "", 0), [system], METRICS, folder, drop)
    return asked, measured(asked, folder)


def with_bound(corpus: Corpus, metric: str, bound: float) -> Corpus:
    (system,) = corpus.systems
    bars = {**system.bars, metric: replace(system.bars[metric], bound=bound)}
    return replace(corpus, systems=(replace(system, bars=bars),))


def check_of(corpus: Corpus, found: Evaluation, metric: str) -> Check:
    return next(one for one in checks(corpus, found) if one.metric == metric)


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
numbers = st.floats(0, 100)
bars = st.builds(Bar, numbers, numbers, st.lists(st.none() | numbers, max_size=4).map(tuple))
systems = st.builds(
    Pinned, texts, texts, numbers, st.dictionaries(st.sampled_from(["rouge1", "repetition"]), bars)
)
corpora = st.builds(
    Corpus,
    data=texts,
    fingerprint=texts,
    documents=st.integers(0, 9),
    limit=st.none() | st.integers(1, 9),
    split=st.none() | texts,
    columns=st.dictionaries(
        st.sampled_from(["document", "summary"]), texts | st.lists(texts, min_size=1, max_size=2).map(tuple)
    ),
    request=st.dictionaries(st.sampled_from(["words", "style"]), texts),
    systems=st.lists(systems, min_size=1, max_size=2).map(tuple),
)


@given(gate=st.lists(corpora, min_size=1, max_size=2).map(tuple))
def test_what_is_written_is_read_again(gate: gatefile.Gate, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "gate.toml"
    gatefile.write(gate, path)
    assert gatefile.read(path) == gate


def test_floors_lie_as_far_under_what_was_measured_as_asked(tmp_path: Path) -> None:
    for drop, distance in ((None, 0.0), (1.5, 1.5)):
        corpus, found = measured_on(tmp_path, drop=drop)
        (system,) = raised(corpus, found).systems
        mean = found.system("lead").figures["rouge1"].mean
        assert system.bars["rouge1"].bound == pytest.approx(mean - distance, abs=1e-4)
        assert system.bars["repetition"].bound == pytest.approx(
            distance / 100, abs=1e-4
        )  # a ceiling, and a share
        assert system.bars["rouge1"].scores == tuple(
            round(score or 0, 2) for score in found.system("lead").scores["rouge1"]
        )


def test_a_floor_and_a_ceiling(tmp_path: Path) -> None:
    corpus, found = measured_on(tmp_path)
    corpus = raised(corpus, found)
    assert [one.passed for one in checks(corpus, found)] == [True, True]
    mean = found.system("lead").figures["rouge1"].mean
    broken = check_of(with_bound(corpus, "rouge1", round(mean, 4) + 0.01), found, "rouge1")
    assert (broken.passed, broken.by) == (False, pytest.approx(-0.01, abs=1e-3))
    over = check_of(with_bound(corpus, "repetition", -0.01), found, "repetition")
    assert (over.passed, over.by) == (False, -0.01)


def test_raising_keeps_floors_that_are_higher_and_refuses_broken_ones(tmp_path: Path) -> None:
    corpus, found = measured_on(tmp_path, drop=5)
    corpus = raised(corpus, found)
    bound = corpus.systems[0].bars["rouge1"].bound
    higher = with_bound(corpus, "rouge1", bound + 3)
    assert raised(higher, found).systems[0].bars["rouge1"].bound == bound + 3
    lower = with_bound(corpus, "rouge1", bound - 3)
    assert raised(lower, found).systems[0].bars["rouge1"].bound == bound
    broken = with_bound(corpus, "rouge1", bound + 6)
    with pytest.raises(UsageError, match=r"1 floors would fall, the first rouge1 of lead by 1\.00"):
        raised(broken, found)
    assert raised(broken, found, allow_regression=True) == corpus


def test_data_that_has_changed(tmp_path: Path) -> None:
    corpus, found = measured_on(tmp_path)
    corpus = raised(corpus, found)
    written(tmp_path, PAIRS[:-1])
    with pytest.raises(SourceError, match="not the data"):
        measured(corpus, tmp_path)
    other = raised(corpus, measured(corpus, tmp_path, other_data=True), allow_regression=True)
    assert (other.documents, other.fingerprint) == (
        len(PAIRS) - 1,
        load(str(tmp_path / "pairs.jsonl")).fingerprint,
    )


def test_a_metric_that_says_nothing_of_the_data(tmp_path: Path) -> None:
    data = written(tmp_path, [replace(pair, title="") for pair in PAIRS])
    asked = pinned(Corpus(str(data), "", 0), ["lead"], ["length_met"], tmp_path)
    with pytest.raises(SourceError, match="lead has no length_met"):
        measured(asked, tmp_path)
    asked = pinned(Corpus(str(data), "", 0, request={"sentences": "1"}), ["lead"], ["length_met"], tmp_path)
    assert measured(asked, tmp_path).system("lead").figures["length_met"].mean == 1


def test_adding_the_same_system_twice(tmp_path: Path) -> None:
    corpus, found = measured_on(tmp_path)
    gate = added((), raised(corpus, found))
    with pytest.raises(UsageError, match="lead has its floors"):
        added(gate, corpus)
    with pytest.raises(UsageError, match="not the data"):
        added(gate, replace(corpus, fingerprint="another"))
    other = pinned(Corpus(str(tmp_path / "pairs.jsonl"), "", 0, limit=2), ["lead"], METRICS, tmp_path)
    assert len(added(gate, other)) == 2


def test_documents_that_a_system_fails_on_are_told(tmp_path: Path) -> None:
    corpus, found = measured_on(tmp_path)
    outputs = found.system("lead").outputs
    outputs[1] = replace(outputs[1], error="too long")
    assert {one.note for one in checks(raised(corpus, found), found)} == {
        f"1 of {len(PAIRS)} failed, the first ({PAIRS[1].id}): too long"
    }


def test_our_own_gate_names_the_data_that_lies_beside_it() -> None:
    gate = gatefile.read(EXAMPLES / "gate.toml")
    assert [corpus.label for corpus in gate] == ["./pairs.jsonl", "./pairs.jsonl, first 18"]
    for corpus in gate:
        data = load(str(EXAMPLES / "pairs.jsonl"), limit=corpus.limit)
        assert (data.fingerprint, len(data)) == (corpus.fingerprint, corpus.documents)
    held = {system.spec: system.drop for corpus in gate for system in corpus.systems}
    assert held == {"lead": 0, "textrank": 0, "lexrank": 0, "default": 3}
