"""How far summaries move when documents are changed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from epitome.datasets.pair import Pair
from epitome.documents.table import BadRow, rows
from epitome.errors import UsageError
from epitome.evaluate.perturb import KINDS, perturb
from epitome.evaluate.result import Output
from epitome.evaluate.robustness import shifts
from epitome.evaluate.systems import open_system
from epitome.metrics.rouge import rouge
from epitome.types import Request

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.fixture(scope="module")
def pairs() -> list[Pair]:
    found = []
    for row in rows(EXAMPLES / "pairs.jsonl"):
        assert not isinstance(row, BadRow)
        golds = tuple(row.get("summaries") or [row["summary"]])
        found.append(Pair(row["document"], golds, row["id"], lang=row["lang"]))
    return found


def measured(pairs: Sequence[Pair], outputs: Sequence[Output]) -> dict[str, list[float | None]]:
    each = [
        rouge(output.text, pair.summaries, pair.lang)["rouge1"]
        for pair, output in zip(pairs, outputs, strict=True)
    ]
    return {"rouge1": list(each)}


def test_a_system_that_copies(pairs: list[Pair]) -> None:
    lead = open_system("lead")
    before = lead.outputs(pairs, Request())
    found = shifts(
        "lead", pairs, before, KINDS, generate=lambda some: lead.outputs(some, Request()), measure=measured
    )
    assert [(shift.system, shift.kind) for shift in found] == [("lead", kind) for kind in KINDS]
    by_kind = {shift.kind: shift for shift in found}
    english = sum(pair.lang == "en" for pair in pairs)
    assert by_kind["case"].documents == english
    assert by_kind["case"].moved.mean < 20  # ROUGE knows no case; where sentences end may depend on it
    assert by_kind["shuffle"].moved.mean > 50  # another sentence comes first
    assert by_kind["shuffle"].quality["rouge1"].mean < 0
    assert 0 < by_kind["typos"].moved.mean < 50
    for shift in found:
        assert shift.moved.low <= shift.moved.mean <= shift.moved.high
        assert shift.moved.n == shift.documents <= len(pairs)
        assert f"perturb:{shift.kind}/" in shift.moved.signature
        assert "seed:0" in shift.moved.signature


def test_only_changed_documents_are_summarised_again_and_as_changed() -> None:
    pairs = [Pair("Dogs bark. Cats purr.", ("a",), "one"), Pair("The pool will open.", ("b",), "two")]
    asked: list[Pair] = []

    def generate(some: Sequence[Pair]) -> list[Output]:
        asked.extend(some)
        return [Output(pair.id, pair.document) for pair in some]

    before = [Output(pair.id, pair.document) for pair in pairs]
    (shift,) = shifts("copy", pairs, before, ["negation"], generate=generate, measure=measured)
    assert [pair.id for pair in asked] == ["two"]
    assert asked[0].document == perturb("The pool will open.", "negation") == "The pool will not open."
    assert asked[0].summaries == ("b",)
    assert (shift.documents, shift.moved.n) == (1, 1)
    assert shift.moved.mean == pytest.approx(100 - 800 / 9)  # 4 of 4 words in 4 of 5


def test_failures_before_and_after() -> None:
    pairs = [Pair("It was sold.", ("a",), "one"), Pair("It was lost.", ("b",), "two")]
    before = [Output("one", "", "too long"), Output("two", "lost")]
    (shift,) = shifts(
        "frail",
        pairs,
        before,
        ["negation"],
        generate=lambda some: [Output(pair.id, "", "broken") for pair in some],
        measure=lambda some, outputs: {"length": [float(len(one.text)) or None for one in outputs]},
    )
    assert (shift.documents, shift.moved.n, shift.moved.mean) == (2, 1, 100)
    assert shift.quality["length"].n == 0  # nothing to compare where the metric is silent


def test_nothing_to_change() -> None:
    pair = Pair("今天很热。", ("热",), "one", lang="zh")
    (shift,) = shifts(
        "any", [pair], [Output("one", "热")], ["case"], generate=lambda some: [], measure=measured
    )
    assert (shift.documents, shift.moved.n, shift.quality) == (0, 0, {})


def test_an_unknown_kind() -> None:
    pair = Pair("It was sold.", ("a",), "one")
    with pytest.raises(UsageError, match="smudge"):
        shifts("any", [pair], [Output("one", "a")], ["smudge"], generate=lambda some: [], measure=measured)
