"""The line beside a number: the same for the same measurement, another for any other."""

from __future__ import annotations

from dataclasses import replace

from epitome.datasets.pair import Dataset, Pair
from epitome.evaluate.measures import MEASURES
from epitome.evaluate.signature import common, line, tokeniser
from epitome.types import Length, Request

DATA = Dataset([Pair("A document.", ("A gold.",), lang="en"), Pair("文。", ("金。",), lang="zh")])


def signed(
    data: Dataset = DATA, golds: str = "best-r1", request: Request | None = None, metric: str = "rouge1"
) -> str:
    return line(common(data, golds, 2000, 0, request or Request()), metric, {"system": "lead"})


def test_it_names_everything_that_the_number_depends_on() -> None:
    parts = dict(part.partition(":")[::2] for part in signed().split("|")[1:])
    assert parts["data"] == DATA.fingerprint[:16]
    assert parts["n"] == "2"
    assert parts["golds"] == "best-r1"
    assert parts["tok"] == "en.porter+zh.char"
    assert parts["ci"] == "bootstrap.2000.0"
    assert parts["system"] == "lead"
    assert parts["request"] == "auto"
    assert signed().startswith("rouge1|")


def test_whatever_changes_the_number_changes_it() -> None:
    other = Dataset([replace(DATA.pairs[0], summaries=("Another gold.",)), DATA.pairs[1]])
    lines = {
        signed(),
        signed(other),
        signed(golds="max"),
        signed(request=Request(words=Length(10, 20))),
        signed(metric="rouge2"),
        signed(request=Request(seed=4)),
    }
    assert len(lines) == 6


def test_ids_and_titles_do_not_change_the_datas_hash() -> None:
    renamed = Dataset([replace(pair, id="other", title="A title") for pair in DATA])
    assert renamed.fingerprint == DATA.fingerprint
    assert Dataset(DATA.pairs[::-1]).fingerprint != DATA.fingerprint


def test_rougelsum_and_the_librarys_metrics_say_what_is_theirs() -> None:
    assert "lsum:sentences" in signed(metric="rougeLsum")
    assert "sacrebleu:" in signed(metric="bleu")
    assert tokeniser(["de"]) == "de.words"


def test_every_measure_can_be_signed() -> None:
    assert all(signed(metric=name).startswith(f"{name}|") for name in MEASURES)
