"""What the measurement of the service is made of: its texts, its reading of histograms."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def texts(bench: Path) -> ModuleType:
    return importlib.import_module("serving.texts")


@pytest.fixture(scope="module")
def histogram(bench: Path) -> ModuleType:
    return importlib.import_module("serving.histogram")


def test_no_two_reports_are_alike_and_each_is_the_same_again(texts: ModuleType) -> None:
    reports = [texts.article(number) for number in range(500)]
    assert len(set(reports)) == 500
    assert reports == [texts.article(number) for number in range(500)]
    assert all(180 < len(report.split()) < 280 for report in reports)
    assert all("{" not in report and report.isascii() for report in reports)


def test_a_histogram_is_read_and_compared(histogram: ModuleType) -> None:
    def text(*counts: int) -> str:
        rows = zip(("0.01", "0.05", "0.1", "+Inf"), counts, strict=True)
        return "# HELP x\n" + "".join(f'x_bucket{{le="{bound}"}} {count}.0\n' for bound, count in rows)

    before, after = (
        histogram.Histogram(text(*counts), "x") for counts in ((1, 2, 2, 2), (81, 101, 102, 102))
    )
    since = after.since(before)
    assert since.count == 100
    assert since.below(0.05) == pytest.approx(0.99)
    assert (since.quantile(0.5), since.quantile(0.99), since.quantile(1.0)) == (0.01, 0.05, 0.1)
