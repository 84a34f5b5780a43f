"""What can be measured, and what is asked for by name."""

from __future__ import annotations

import pytest

from epitome.errors import UsageError
from epitome.evaluate.measures import GROUPS, MEASURES, groups
from epitome.evaluate.published import published


def test_nothing_that_needs_a_download_is_measured_unasked() -> None:
    assert "encoder" not in groups(())
    assert "rouge" in groups(())


def test_groups_and_single_measures_are_known_by_name() -> None:
    assert groups(("rouge", "bertscore")) == ("rouge", "encoder")
    assert groups(("all",)) == GROUPS


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"no metric or group 'meteor'.*rouge, overlap"):
        groups(("meteor",))


def test_every_measure_has_a_label_and_a_group() -> None:
    assert all(one.name == name and one.label and one.group in GROUPS for name, one in MEASURES.items())


def test_published_figures_come_with_split_and_source_and_only_beside_their_corpus() -> None:
    found = published("some/where/scitldr/dev.jsonl")
    assert {one.system for one in found} >= {"CATTS (BART-large)"}
    assert all(one.split and one.source and one.figures for one in found)
    assert next(one.system for one in published("xsum")).startswith("BertSumAbs")
    assert published("examples/pairs.jsonl") == []
