"""`epitome data inspect`, `clean` and `split`, as a person runs them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.base.cli.command import epitome, one_line
from tests.base.evaluate.corpus import PAIRS, written

from epitome.datasets.read import load


def spoilt(folder: Path) -> Path:
    """The corpus with a duplicate, a near-duplicate and a summary longer than its document."""
    twice = replace(PAIRS[0], id="twice")
    near = replace(
        PAIRS[0], id="near", document=PAIRS[0].document.replace("380,000", "390,000"), summaries=("Mill.",)
    )
    longer = replace(
        PAIRS[1], id="longer", document="It rained.", summaries=("It rained for a whole long day.",)
    )
    return written(folder, [*PAIRS, twice, near, longer])


def test_inspect_shows_figures_and_names_what_is_wrong(tmp_path: Path) -> None:
    run = epitome("data", "inspect", spoilt(tmp_path))
    assert run.returncode == 0, run.stderr
    for wanted in (
        "13 pairs",
        "compression",
        "novel2",
        "languages: en 13",
        "duplicate: 1 of 13",
        "twice: as tide",
        "█",
    ):
        assert wanted in run.stdout


def test_inspect_writes_json_and_a_page_and_finds_leaks(tmp_path: Path) -> None:
    (tmp_path / "test").mkdir()
    test = written(tmp_path / "test", PAIRS[:2])
    run = epitome(
        "data",
        "inspect",
        spoilt(tmp_path),
        test,
        "--json",
        tmp_path / "i.json",
        "--html",
        tmp_path / "i.html",
    )
    assert run.returncode == 0, run.stderr
    found = json.loads((tmp_path / "i.json").read_text())
    assert [row["id"] for row in found[0]["problems"]["leak"]] == ["tide", "well", "twice", "near"]
    assert (tmp_path / "i.html").read_text().startswith("<!doctype html>")


def test_clean_drops_what_is_no_loss_and_keeps_a_record(tmp_path: Path) -> None:
    out = tmp_path / "clean.jsonl"
    run = epitome("data", "clean", spoilt(tmp_path), "-o", out)
    assert run.returncode == 0, run.stderr
    assert [pair.id for pair in load(str(out))] == [*(pair.id for pair in PAIRS), "near"]
    dropped = [json.loads(line) for line in (tmp_path / "clean.jsonl.dropped.jsonl").read_text().splitlines()]
    assert [(row["id"], row["kind"]) for row in dropped] == [("twice", "duplicate"), ("longer", "longer")]


def test_clean_does_more_when_asked_and_nothing_in_a_dry_run(tmp_path: Path) -> None:
    data = spoilt(tmp_path)
    run = epitome("data", "clean", data, "--drop", "near-duplicate", "--keep", "longer", "--dry-run")
    assert "2 to drop, 11 kept" in run.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["pairs.jsonl"]


def test_split_makes_parts_that_add_up_and_leak_nothing(tmp_path: Path) -> None:
    run = epitome(
        "data", "split", spoilt(tmp_path), "-o", tmp_path / "parts", "--parts", "train=0.7,test=0.3"
    )
    assert run.returncode == 0, run.stderr
    train, test = (load(str(tmp_path / "parts" / f"{name}.jsonl")) for name in ("train", "test"))
    assert len(train) + len(test) == 13
    mills = {"tide", "twice", "near"}
    assert len([part for part in (train, test) if mills & {pair.id for pair in part}]) == 1
    again = epitome("data", "split", spoilt(tmp_path), "-o", tmp_path / "parts")
    assert "is there already" in one_line(again)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("clean", "DATA"), "where is the cleaned corpus"),
        (("clean", "DATA", "-o", "x.jsonl", "--drop", "ugly"), "'ugly'"),
        (("clean", "DATA", "-o", "x.jsonl", "--keep", "ugly"), "'ugly'"),
        (("clean", "DATA", "-o", "x.jsonl", "--drop", "leak"), "into which data"),
        (("clean", "DATA", "-o", "x.jsonl", "--against", "DATA", "--keep", "leak"), "contradicts --against"),
        (("split", "DATA", "-o", "x", "--parts", "train=2"), "no parts"),
        (("split", "DATA", "-o", "x", "--parts", "../up=0.5,b=0.5"), "no parts"),
        (("split", "DATA", "-o", "x", "--parts", "a=0.5,a=0.5"), "no parts"),
        (("split", "DATA", "-o", "x", "--by", "author"), "'author'"),
        (("inspect", "missing.jsonl"), "missing.jsonl"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    data = written(tmp_path)
    run = epitome("data", *(str(data) if one == "DATA" else one for one in arguments))
    assert run.returncode in (2, 3)
    assert says in one_line(run)
    assert not Path("x.jsonl").exists()
