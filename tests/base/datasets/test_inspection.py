"""What a corpus is like: figures that can be checked by hand."""

from __future__ import annotations

import json

import pytest
from tests.base.summarize.texts import CHINESE, OWL, WELL

from epitome.datasets.inspection import MEASURES, inspect, spread
from epitome.datasets.pair import Dataset, Pair
from epitome.documents.table import BadRow
from epitome.metrics.abstractiveness import abstractiveness

GOLDS = ("A barn owl was found.", "Owl found.")
DATA = Dataset(
    [
        Pair(OWL, GOLDS, id="owl", domain="nature"),
        Pair(WELL, ("Water came.",), id="well", domain="news"),
        Pair(CHINESE, ("石桥开放。",), id="bridge", lang="zh"),
    ],
    "mixed.jsonl",
    [BadRow(4, "mixed.jsonl:4: no gold")],
)


def test_lengths_golds_and_copying_are_those_of_the_rows() -> None:
    found = inspect(DATA)
    assert found.values["summary"] == [5, 2, 5]
    assert found.values["golds"] == [2, 1, 1]
    assert found.values["coverage"][0] == abstractiveness(GOLDS[0], OWL).coverage
    assert found.values["novel2"][1] == abstractiveness("Water came.", WELL).novel[1]
    assert set(found.values) == set(MEASURES)


def test_languages_domains_bad_rows_and_fingerprint_are_named() -> None:
    found = inspect(DATA)
    assert found.languages == {"en": 2, "zh": 1}
    assert found.domains == {"nature": 1, "news": 1}
    assert found.bad == [{"line": 4, "reason": "mixed.jsonl:4: no gold"}]
    assert found.fingerprint == DATA.fingerprint


def test_problems_name_their_rows_and_leaks_the_other_data() -> None:
    other = Dataset([Pair(OWL, ("Other.",), id="again")], "test.jsonl")
    found = inspect(DATA, [other])
    assert found.problems["leak"] == [{"id": "owl", "detail": "again in test.jsonl"}]
    assert [row["id"] for row in found.problems["copied"]] == ["owl"]


def test_it_can_be_written_as_json_without_the_single_values() -> None:
    plain = json.loads(json.dumps(inspect(DATA).as_dict()))
    assert plain["values"]["summary"]["mean"] == pytest.approx(4)
    assert plain["n"] == 3


def test_progress_counts_every_row() -> None:
    done: list[int] = []
    inspect(DATA, on_row=done.append)
    assert done == [1, 2, 3]


def test_spreads_have_their_percentiles() -> None:
    found = spread(list(range(101)))
    assert (found.low, found.median, found.high, found.least, found.most) == (5, 50, 95, 0, 100)
